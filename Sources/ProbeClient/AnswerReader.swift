/// Takes an HTTP/1.1 answer apart as it comes in (RFC 9112): status, and the bytes of its body, which may have no end yet.
package struct AnswerReader: Sendable {
    /// nil until the head is complete.
    package private(set) var status: Int?
    /// Names in small letters.
    package private(set) var headers: [String: String] = [:]
    /// The whole body has come.
    package private(set) var isComplete = false

    private var input: [UInt8] = []
    private var body = Body.none

    private enum Body {
        case none
        case chunked(left: Int)
        case counted(left: Int)
        case untilTheEnd
    }

    package struct Malformed: Error {}

    /// Longest head, in bytes.
    static let longestHead = 64 << 10

    package init() {}

    /// - Returns: what of the body is new.
    package mutating func feed(_ bytes: some Sequence<UInt8>) throws(Malformed) -> [UInt8] {
        input += bytes
        if status == nil {
            guard let end = Self.endOfHead(input) else {
                guard input.count < Self.longestHead, Self.mayBeHead(input) else { throw Malformed() }
                return []
            }
            try readHead(input[..<end])
            input.removeFirst(end)
        }
        return try readBody()
    }

    /// The connection ended.
    ///
    /// - Returns: whether the answer is whole.
    package mutating func finish() -> Bool {
        if case .untilTheEnd = body { isComplete = true }
        return isComplete
    }

    private static let start = Array("HTTP/1.".utf8)

    private static func mayBeHead(_ bytes: [UInt8]) -> Bool { zip(bytes, start).allSatisfy { $0 == $1 } }

    /// The first byte after the empty line.
    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        for index in 3..<bytes.count
        where bytes[index] == 10 && bytes[index - 1] == 13 && bytes[index - 2] == 10 && bytes[index - 3] == 13 {
            return index + 1
        }
        return nil
    }

    private mutating func readHead(_ bytes: ArraySlice<UInt8>) throws(Malformed) {
        let lines = bytes.split(separator: 10).map { line in
            String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
        }
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count > 1, words[0].hasPrefix("HTTP/1."), let number = Int(words[1]), (100...999).contains(number)
        else { throw Malformed() }
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers[line[..<colon].lowercased()] = String(value)
        }
        if headers["transfer-encoding"]?.lowercased() == "chunked" {
            body = .chunked(left: 0)
        } else if let text = headers["content-length"] {
            guard let length = Int(text), length >= 0 else { throw Malformed() }
            body = .counted(left: length)
        } else {
            body = number == 204 || number == 304 ? .counted(left: 0) : .untilTheEnd
        }
        status = number
    }

    private mutating func readBody() throws(Malformed) -> [UInt8] {
        switch body {
        case .none: return []
        case .untilTheEnd:
            defer { input = [] }
            return input
        case .counted(let left):
            let new = Array(input.prefix(left))
            body = .counted(left: left - new.count)
            isComplete = left == new.count
            input = []
            return new
        case .chunked(let left):
            return try readChunks(left)
        }
    }

    /// - Parameter left: what is left of the present chunk, with the line end behind it; 0 between chunks.
    private mutating func readChunks(_ left: Int) throws(Malformed) -> [UInt8] {
        var left = left
        var new: [UInt8] = []
        var rest = input[...]
        while !isComplete {
            if left == 0 {
                guard let end = rest.firstIndex(of: 10) else {
                    guard rest.count < 100 else { throw Malformed() }
                    break
                }
                let digits = rest[..<end].prefix { $0 != 13 && $0 != UInt8(ascii: ";") }
                guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), (0..<1 << 40).contains(size)
                else { throw Malformed() }
                rest = rest[(end + 1)...]
                // Trailers are none of ours.
                if size == 0 { isComplete = true } else { left = size + 2 }
            } else {
                guard !rest.isEmpty else { break }
                let piece = rest.prefix(left)
                // The last two are the line end.
                new += piece.prefix(max(0, left - 2))
                left -= piece.count
                rest = rest.dropFirst(piece.count)
            }
        }
        input = Array(rest)
        body = .chunked(left: left)
        return new
    }
}
