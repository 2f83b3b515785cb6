/// Whether bytes are one JSON value from the first to the last: a text that was cut off is none.
///
/// As lenient as Python's reader, with which these files were written: NaN and infinities, a byte order mark. Not a reader:
/// numbers and texts are passed over.
struct JSONSyntax {
    private let bytes: [UInt8]
    private var at = 0
    private static let deepest = 256

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    static func isWhole(_ bytes: [UInt8]) -> Bool {
        var syntax = JSONSyntax(bytes)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { syntax.at = 3 }
        guard syntax.value(0) else { return false }
        syntax.blanks()
        return syntax.at == bytes.count
    }

    private mutating func value(_ depth: Int) -> Bool {
        blanks()
        guard at < bytes.count, depth < Self.deepest else { return false }
        switch bytes[at] {
        case UInt8(ascii: "{"): return items(until: UInt8(ascii: "}"), depth, named: true)
        case UInt8(ascii: "["): return items(until: UInt8(ascii: "]"), depth, named: false)
        case UInt8(ascii: "\""): return text()
        default: return word()
        }
    }

    private mutating func items(until end: UInt8, _ depth: Int, named: Bool) -> Bool {
        at += 1
        blanks()
        if take(end) { return true }
        while true {
            if named {
                blanks()
                guard at < bytes.count, bytes[at] == UInt8(ascii: "\""), text() else { return false }
                blanks()
                guard take(UInt8(ascii: ":")) else { return false }
            }
            guard value(depth + 1) else { return false }
            blanks()
            if take(end) { return true }
            guard take(UInt8(ascii: ",")) else { return false }
        }
    }

    private mutating func text() -> Bool {
        at += 1
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "\""):
                at += 1
                return true
            case UInt8(ascii: "\\"): at += 2
            // What a disk full or a hole leaves.
            case 0: return false
            default: at += 1
            }
        }
        return false
    }

    private mutating func word() -> Bool {
        let begin = at
        while at < bytes.count, Self.isWord(bytes[at]) { at += 1 }
        let word = bytes[begin..<at]
        guard let first = word.first else { return false }
        let isNumber =
            (0x30...0x39).contains(first)
            || first == UInt8(ascii: "-") && word.dropFirst().first.map { (0x30...0x39).contains($0) } == true
        return isNumber
            || ["true", "false", "null", "NaN", "Infinity", "-Infinity"].contains { word.elementsEqual($0.utf8) }
    }

    private mutating func blanks() {
        while at < bytes.count, bytes[at] == 0x20 || (0x09...0x0D).contains(bytes[at]) { at += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard at < bytes.count, bytes[at] == byte else { return false }
        at += 1
        return true
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
