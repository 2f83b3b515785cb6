import Glibc
package import NIOCore

/// Incremental reader of one multipart/form-data body (RFC 7578, framing of RFC 2046 §5.1.1).
///
/// Fed with chunks as they come, it answers with events; it performs no I/O and holds at most one part's header or one
/// boundary's beginning. Text before the first boundary and after the last is skipped, as RFC 2046 asks for.
package struct MultipartParser: Sendable {
    package enum Event: Sendable, Equatable {
        case partBegan(MultipartPart)
        /// Content of the part that began last; shares the fed chunk's storage.
        case data(ByteBuffer)
        case partEnded
    }

    /// Bounds on what a client may make this parser hold.
    package struct Limits: Sendable {
        /// Bytes of one part's header.
        package var headerBytes = 8192
        /// Lines of one part's header.
        package var headerFields = 16
        package var parts = 64

        package init() {}
    }

    private enum State {
        case preamble, afterBoundary, header, content, epilogue
    }

    private var state = State.preamble
    /// `CRLF--boundary`.
    private let delimiter: [UInt8]
    private let limits: Limits
    /// Bytes that cannot be judged before more arrive.
    private var held: ByteBuffer
    /// Bytes at the front of what is read that the client never sent: a line break is put in front of the body and
    /// of each content, since a boundary may be the very first thing there.
    private var phantom = 2
    private var parts = 0

    /// White space that may stand between a boundary and its line break (RFC 2046, transport-padding).
    private static let maximumPadding = 64

    /// - Parameter contentType: the request's `Content-Type`.
    package init(contentType: String, limits: Limits = Limits()) throws(MultipartError) {
        guard let value = HeaderValue(contentType), value.main == "multipart/form-data" else { throw .notMultipart }
        guard let boundary = value.parameter("boundary") else { throw .badBoundary }
        try self.init(boundary: boundary, limits: limits)
    }

    package init(boundary: String, limits: Limits = Limits()) throws(MultipartError) {
        guard (1...70).contains(boundary.utf8.count), boundary.last != " ", boundary.utf8.allSatisfy(Self.mayBound)
        else { throw .badBoundary }
        delimiter = Array("\r\n--\(boundary)".utf8)
        self.limits = limits
        held = ByteBuffer(string: "\r\n")
    }

    /// True once the closing boundary has been read; whatever follows is skipped.
    package var isComplete: Bool { state == .epilogue }

    /// Reads the next chunk of the body.
    package mutating func feed(_ chunk: ByteBuffer) throws(MultipartError) -> [Event] {
        var input = chunk
        if held.readableBytes > 0 {
            input = held
            input.writeImmutableBuffer(chunk)
            held = ByteBuffer()
        }
        var events: [Event] = []
        while try step(&input, &events) {}
        return events
    }

    /// Says that the body is over.
    package func finish() throws(MultipartError) {
        guard state == .epilogue else { throw .endedEarly }
    }

    /// Takes one piece off the input. Returns false when the rest has to wait for more.
    private mutating func step(_ input: inout ByteBuffer, _ events: inout [Event]) throws(MultipartError) -> Bool {
        switch state {
        case .preamble, .content:
            let (end, isWhole) = Self.find(delimiter, in: input)
            pass(input.readSlice(length: end), &events)
            guard isWhole else { return hold(&input) }
            input.moveReaderIndex(forwardBy: delimiter.count)
            phantom = 0
            if state == .content { events.append(.partEnded) }
            state = .afterBoundary
            return true
        case .afterBoundary:
            return try readBoundaryTail(&input)
        case .header:
            guard let part = try readHeader(&input) else { return hold(&input) }
            events.append(.partBegan(part))
            state = .content
            phantom = 2
            var shifted = ByteBuffer(string: "\r\n")
            shifted.writeBuffer(&input)
            input = shifted
            return true
        case .epilogue:
            return false
        }
    }

    private mutating func hold(_ input: inout ByteBuffer) -> Bool {
        // A copy, so that a few bytes do not keep a whole chunk in memory.
        held = ByteBuffer(bytes: input.readableBytesView)
        return false
    }

    private mutating func pass(_ slice: ByteBuffer?, _ events: inout [Event]) {
        guard var slice else { return }
        let skipped = min(phantom, slice.readableBytes)
        slice.moveReaderIndex(forwardBy: skipped)
        phantom -= skipped
        if state == .content, slice.readableBytes > 0 { events.append(.data(slice)) }
    }

    /// What follows a boundary: `--` closes the body, a line break begins a part.
    private mutating func readBoundaryTail(_ input: inout ByteBuffer) throws(MultipartError) -> Bool {
        let view = input.readableBytesView
        if view.first == UInt8(ascii: "-") {
            guard view.count >= 2 else { return hold(&input) }
            guard view.dropFirst().first == UInt8(ascii: "-") else {
                throw .malformed("a boundary is followed by neither a line break nor \"--\"")
            }
            state = .epilogue
            return true
        }
        let rest = view.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        let padding = view.count - rest.count
        guard padding <= Self.maximumPadding else { throw .malformed("a boundary is followed by too much white space") }
        if let first = rest.first, first != UInt8(ascii: "\r") {
            throw .malformed("a boundary is followed by neither a line break nor \"--\"")
        }
        guard rest.count >= 2 else { return hold(&input) }
        guard rest.dropFirst().first == UInt8(ascii: "\n") else {
            throw .malformed("a boundary's line does not end in CR LF")
        }
        parts += 1
        if parts > limits.parts { throw .tooManyParts(limit: limits.parts) }
        input.moveReaderIndex(forwardBy: padding + 2)
        state = .header
        return true
    }

    /// - Returns: nil when the header is not complete yet.
    private func readHeader(_ input: inout ByteBuffer) throws(MultipartError) -> MultipartPart? {
        let (end, isWhole) = Self.find([13, 10, 13, 10], in: input)
        guard end <= limits.headerBytes else { throw .headersTooLong(limit: limits.headerBytes) }
        guard isWhole else {
            // An empty header: the blank line comes at once. Such a part has no name.
            if input.readableBytesView.starts(with: [13, 10]) {
                throw .malformed("a part has no `Content-Disposition: form-data; name=…`")
            }
            return nil
        }
        guard let block = input.readSlice(length: end) else { return nil }
        input.moveReaderIndex(forwardBy: 4)
        return try MultipartPart(headerBlock: block.readableBytesView, maximumFields: limits.headerFields)
    }

    /// Finds `pattern`, which begins with CR and holds no second CR LF before its end that could begin it anew.
    ///
    /// - Returns: how many bytes stand before it, and whether all of it is there; when only its beginning stands at
    ///   the very end, the bytes before that beginning; when there is nothing of it, all bytes.
    private static func find(_ pattern: [UInt8], in buffer: ByteBuffer) -> (before: Int, isWhole: Bool) {
        buffer.withUnsafeReadableBytes { bytes in
            guard let base = bytes.baseAddress else { return (0, false) }
            var offset = 0
            while let hit = memchr(base + offset, Int32(UInt8(ascii: "\r")), bytes.count - offset) {
                let start = UnsafeRawPointer(hit) - base
                let length = min(pattern.count, bytes.count - start)
                if memcmp(base + start, pattern, length) == 0 { return (start, length == pattern.count) }
                offset = start + 1
            }
            return (bytes.count, false)
        }
    }

    /// The characters that RFC 2046 allows in a boundary.
    private static func mayBound(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: "'()+_,-./:=? ".utf8.contains(byte)
        }
    }
}
