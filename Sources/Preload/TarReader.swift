/// Reads a tar archive as it comes, strictly: POSIX ustar, GNU's long names, and of pax headers the path and the size.
///
/// Files and folders only: links, devices and whatever else an archive may hold end it, as does a path that a model's file
/// cannot have. The topmost folder, under which vendors pack everything, is taken off. Pure: bytes in, parts of files out.
package struct TarReader {
    package enum Event {
        /// A file begins: its path below the topmost folder, and its size in bytes.
        case file(path: String, size: Int64)
        /// Bytes of that file, in order.
        case bytes(UnsafeRawBufferPointer)
        /// All its bytes have come.
        case end
    }

    package struct Malformed: Error, Equatable, CustomStringConvertible {
        package var description: String
    }

    /// Most entries, and most bytes of all files together.
    package struct Limits: Sendable {
        package var entries = 10_000
        package var bytes: Int64 = 64 << 30

        package init() {}
    }

    private enum State {
        case header
        case content(left: Int64, padding: Int64)
        /// A long name or a pax header: kept until it is whole.
        case extension_(kind: UInt8, left: Int64, padding: Int64)
        case skip(left: Int64)
        /// After the first of the two empty blocks that end an archive: whatever follows is not looked at.
        case over
    }

    private static let block = 512
    /// A path is far shorter, and a pax header holds a few of them.
    private static let maximumExtension: Int64 = 64 << 10

    private let limits: Limits
    private let problem: (String) -> String?
    private var state = State.header
    private var held: [UInt8] = []
    private var longName: String?
    private var paxPath: String?
    private var paxSize: Int64?
    private var entries = 0
    private var bytes: Int64 = 0
    private var top: String?

    /// - Parameter problem: why a path cannot be used; nil when it can.
    package init(limits: Limits = Limits(), problem: @escaping (String) -> String?) {
        self.limits = limits
        self.problem = problem
    }

    /// The archive's end was read.
    package var isOver: Bool {
        if case .over = state { return true }
        return false
    }

    /// To be called when no more bytes come.
    package func finish() throws(Malformed) {
        guard isOver else { throw Malformed(description: "the archive ends in the middle") }
    }

    /// - Parameter sink: called in order; what it throws ends the reading.
    package mutating func read(
        _ input: UnsafeRawBufferPointer, _ sink: (Event) throws -> Void
    ) throws {
        var rest = input[...]
        while !rest.isEmpty {
            switch state {
            case .over: return
            case .header:
                let count = min(Self.block - held.count, rest.count)
                held += rest.prefix(count)
                rest = rest.dropFirst(count)
                guard held.count == Self.block else { return }
                let header = held
                held = []
                try begin(header, sink)
            case .content(let left, let padding):
                let count = Int(min(left, Int64(rest.count)))
                if count > 0 { try sink(.bytes(UnsafeRawBufferPointer(rebasing: rest.prefix(count)))) }
                rest = rest.dropFirst(count)
                if left == Int64(count) {
                    try sink(.end)
                    state = padding == 0 ? .header : .skip(left: padding)
                } else {
                    state = .content(left: left - Int64(count), padding: padding)
                }
            case .extension_(let kind, let left, let padding):
                let count = Int(min(left, Int64(rest.count)))
                held += rest.prefix(count)
                rest = rest.dropFirst(count)
                if left == Int64(count) {
                    let text = held
                    held = []
                    try take(kind, text)
                    state = padding == 0 ? .header : .skip(left: padding)
                } else {
                    state = .extension_(kind: kind, left: left - Int64(count), padding: padding)
                }
            case .skip(let left):
                let count = Int(min(left, Int64(rest.count)))
                rest = rest.dropFirst(count)
                state = left == Int64(count) ? .header : .skip(left: left - Int64(count))
            }
        }
    }

    private mutating func begin(_ header: [UInt8], _ sink: (Event) throws -> Void) throws {
        if header.allSatisfy({ $0 == 0 }) {
            state = .over
            return
        }
        try check(header)
        entries += 1
        guard entries <= limits.entries else {
            throw Malformed(description: "the archive has more than \(limits.entries) entries")
        }
        let kind = header[156]
        let size = try paxSize ?? Self.number(header[124..<136])
        let padding = (512 - size % 512) % 512
        switch kind {
        case UInt8(ascii: "0"), 0, UInt8(ascii: "7"):
            let name = try stripped(name(header))
            (longName, paxPath, paxSize) = (nil, nil, nil)
            guard let name else { throw Malformed(description: "the archive has a file outside of its one folder") }
            if let why = problem(name) {
                throw Malformed(description: "the archive has a path that cannot be used: \(why)")
            }
            bytes += size
            guard bytes <= limits.bytes else {
                throw Malformed(description: "the archive holds more than \(limits.bytes) bytes")
            }
            try sink(.file(path: name, size: size))
            if size == 0 {
                try sink(.end)
            } else {
                state = .content(left: size, padding: padding)
            }
        case UInt8(ascii: "5"):
            // Folders come into being with their files; of theirs only the topmost one's name matters.
            _ = try stripped(name(header))
            (longName, paxPath, paxSize) = (nil, nil, nil)
            if size > 0 { state = .skip(left: size + padding) }
        case UInt8(ascii: "L"), UInt8(ascii: "x"), UInt8(ascii: "g"):
            guard size > 0, size <= Self.maximumExtension, paxSize == nil else {
                throw Malformed(description: "the archive has a header of \(size) bytes")
            }
            state = .extension_(kind: kind, left: size, padding: padding)
        case UInt8(ascii: "1"), UInt8(ascii: "2"):
            throw Malformed(description: "the archive holds a link, which no model needs")
        default:
            throw Malformed(
                description: "the archive holds something that is neither a file nor a folder (type \(kind))")
        }
    }

    /// The sum of a header's bytes, its own field read as spaces; some old programs added them as signed.
    private func check(_ header: [UInt8]) throws(Malformed) {
        let expected = try Self.number(header[148..<156])
        var (plain, signed): (Int64, Int64) = (0, 0)
        for (index, byte) in header.enumerated() {
            let byte = (148..<156).contains(index) ? 32 : byte
            plain += Int64(byte)
            signed += Int64(Int8(bitPattern: byte))
        }
        guard expected == plain || expected == signed else {
            throw Malformed(description: "this is no tar archive, or a damaged one: a header's sum is wrong")
        }
    }

    private mutating func take(_ kind: UInt8, _ text: [UInt8]) throws(Malformed) {
        switch kind {
        case UInt8(ascii: "L"):
            longName = String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
        case UInt8(ascii: "x"):
            for (key, value) in try Self.records(text) {
                switch key {
                case "path": paxPath = value
                case "size":
                    guard let size = Int64(value), size >= 0, size <= limits.bytes else {
                        throw Malformed(description: "the archive has a file whose size is no number that could be")
                    }
                    paxSize = size
                default: break
                }
            }
        default: break
        }
    }

    /// `LENGTH KEY=VALUE\n`, where the length counts all of it.
    private static func records(_ text: [UInt8]) throws(Malformed) -> [(String, String)] {
        let mistake = Malformed(description: "the archive has a pax header that cannot be read")
        var records: [(String, String)] = []
        var rest = text[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0 != 0x20 }
            guard digits.count <= 6, let length = Int(String(decoding: digits, as: UTF8.self)),
                length > digits.count + 1,
                length <= rest.count
            else { throw mistake }
            let record = rest.prefix(length).dropFirst(digits.count + 1)
            guard record.last == 0x0A, let equals = record.firstIndex(of: UInt8(ascii: "=")) else { throw mistake }
            let value = record[record.index(after: equals)...].dropLast()
            records.append((String(decoding: record[..<equals], as: UTF8.self), String(decoding: value, as: UTF8.self)))
            rest = rest.dropFirst(length)
        }
        return records
    }

    private func name(_ header: [UInt8]) -> String {
        if let name = paxPath ?? longName { return name }
        func text(_ range: Range<Int>) -> String { String(decoding: header[range].prefix { $0 != 0 }, as: UTF8.self) }
        // Only POSIX's own form has a prefix there; GNU's keeps times in its place.
        let isPosix = Array(header[257..<263]) == Array("ustar\0".utf8)
        let prefix = isPosix ? text(345..<500) : ""
        return prefix.isEmpty ? text(0..<100) : "\(prefix)/\(text(0..<100))"
    }

    /// A path without the topmost folder; nil for that folder itself.
    private mutating func stripped(_ name: String) throws(Malformed) -> String? {
        var parts = name.split(separator: "/", omittingEmptySubsequences: false)[...]
        while parts.first == "." { parts.removeFirst() }
        while parts.last == "" { parts.removeLast() }
        guard let first = parts.first else { return nil }
        guard !first.isEmpty else { throw Malformed(description: "the archive has an absolute path") }
        if let top, top != first {
            throw Malformed(description: "the archive has more than one topmost folder")
        }
        top = String(first)
        return parts.count > 1 ? parts.dropFirst().joined(separator: "/") : nil
    }

    /// Octal digits, or, with the first bit set, a number of bytes with the highest first (GNU).
    private static func number(_ field: ArraySlice<UInt8>) throws(Malformed) -> Int64 {
        let mistake = Malformed(description: "the archive has a header with a number that is none")
        guard let first = field.first else { throw mistake }
        if first & 0x80 != 0 {
            guard first == 0x80 else { throw mistake }
            var value: Int64 = 0
            for byte in field.dropFirst() {
                guard value < 1 << 54 else { throw mistake }
                value = value << 8 | Int64(byte)
            }
            return value
        }
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0x20 && $0 != 0 }
        guard digits.allSatisfy({ (0x30...0x37).contains($0) }) else { throw mistake }
        // Twelve octal digits at most.
        return digits.reduce(0) { $0 << 3 | Int64($1 & 7) }
    }
}
