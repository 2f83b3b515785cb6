/// One line of JSON that is an object (RFC 8259), read strictly: whatever is not exactly one is text.
///
/// Numbers and booleans stay what they are. A value with structure of its own is kept as the text that it is.
struct JSONObject {
    enum Value {
        case text(String)
        case integer(Int)
        case number(Double)
        case flag(Bool)
        case null
        /// An array or an object, as written.
        case structure(String)
    }

    private(set) var members: [(name: String, value: Value)] = []

    private static let mostMembers = 64
    private static let deepest = 16

    /// - Returns: nil when the line is no object, or one beyond the limits.
    init?(_ line: Span<UInt8>) {
        var position = Self.space(line, 0)
        guard line.byte(position) == UInt8(ascii: "{") else { return nil }
        position = Self.space(line, position + 1)
        if line.byte(position) == UInt8(ascii: "}") {
            position += 1
        } else {
            members.reserveCapacity(8)
            while true {
                guard let (name, nameEnd) = Self.string(line, position) else { return nil }
                position = Self.space(line, nameEnd)
                guard line.byte(position) == UInt8(ascii: ":") else { return nil }
                guard let (value, valueEnd) = Self.value(line, Self.space(line, position + 1)) else { return nil }
                guard members.count < Self.mostMembers else { return nil }
                members.append((name, value))
                position = Self.space(line, valueEnd)
                guard let mark = line.byte(position) else { return nil }
                position += 1
                if mark == UInt8(ascii: "}") { break }
                guard mark == UInt8(ascii: ",") else { return nil }
                position = Self.space(line, position)
            }
        }
        guard Self.space(line, position) == line.count else { return nil }
    }

    private static func value(_ line: Span<UInt8>, _ start: Int) -> (Value, Int)? {
        switch line.byte(start) {
        case UInt8(ascii: "\""): return string(line, start).map { (.text($0.0), $0.1) }
        case UInt8(ascii: "t"): return line.has("true", at: start) ? (.flag(true), start + 4) : nil
        case UInt8(ascii: "f"): return line.has("false", at: start) ? (.flag(false), start + 5) : nil
        case UInt8(ascii: "n"): return line.has("null", at: start) ? (.null, start + 4) : nil
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard let end = skipStructure(line, start, depth: 0) else { return nil }
            return (.structure(line.text(start..<end)), end)
        default: return number(line, start)
        }
    }

    private static func space(_ line: Span<UInt8>, _ start: Int) -> Int {
        line.skip(from: start) { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
    }

    // MARK: Numbers

    private static func number(_ line: Span<UInt8>, _ start: Int) -> (Value, Int)? {
        var position = line.byte(start) == UInt8(ascii: "-") ? start + 1 : start
        let digits = position
        position = line.skip(from: position) { $0.isDigit }
        guard position > digits, position == digits + 1 || line[digits] != UInt8(ascii: "0") else { return nil }
        let wholeEnd = position
        if line.byte(position) == UInt8(ascii: ".") {
            position = line.skip(from: position + 1) { $0.isDigit }
            guard position > wholeEnd + 1 else { return nil }
        }
        if let mark = line.byte(position), mark | 0x20 == UInt8(ascii: "e") {
            let sign = line.byte(position + 1)
            let exponent = sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") ? position + 2 : position + 1
            position = line.skip(from: exponent) { $0.isDigit }
            guard position > exponent else { return nil }
        }
        if position == wholeEnd, let number = line.number(from: digits), number.end == position {
            // A negative zero is a number, and no integer.
            if digits == start { return (.integer(number.value), position) }
            if number.value > 0 { return (.integer(-number.value), position) }
        }
        let text = line.text(start..<position)
        if position == wholeEnd, text != "-0", let integer = Int(text) { return (.integer(integer), position) }
        guard let number = Double(text), number.isFinite else { return (.text(text), position) }
        return (.number(number), position)
    }

    // MARK: Strings

    /// - Returns: the text, and where it ends behind its quote.
    private static func string(_ line: Span<UInt8>, _ start: Int) -> (String, Int)? {
        guard line.byte(start) == UInt8(ascii: "\""), let quote = line.first(UInt8(ascii: "\""), from: start + 1) else {
            return nil
        }
        if line.first(UInt8(ascii: "\\"), from: start + 1).map({ $0 > quote }) ?? true {
            for position in (start + 1)..<quote where line[position] < 0x20 { return nil }
            return (line.text((start + 1)..<quote), quote + 1)
        }
        var bytes: [UInt8] = []
        var position = start + 1
        while let byte = line.byte(position) {
            switch byte {
            case UInt8(ascii: "\""):
                // What an escape stood for may be anything.
                return (VisibleText.make(bytes.span, keepingLines: true), position + 1)
            case UInt8(ascii: "\\"):
                guard let end = escape(line, position + 1, &bytes) else { return nil }
                position = end
            case ..<0x20: return nil
            default:
                bytes.append(byte)
                position += 1
            }
        }
        return nil
    }

    /// - Parameter start: behind the backslash.
    private static func escape(_ line: Span<UInt8>, _ start: Int, _ bytes: inout [UInt8]) -> Int? {
        switch line.byte(start) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(line[start])
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "u"):
            guard let unit = hex(line, start + 1) else { return nil }
            var scalar = Unicode.Scalar(unit)
            var end = start + 5
            if (0xD800..<0xDC00).contains(unit), line.has("\\u", at: end), let low = hex(line, end + 2),
                (0xDC00..<0xE000).contains(low)
            {
                scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
                end += 6
            }
            // Half of a pair is no character.
            bytes += Array(String(scalar ?? "\u{FFFD}").utf8)
            return end
        default: return nil
        }
        return start + 1
    }

    private static func hex(_ line: Span<UInt8>, _ start: Int) -> UInt32? {
        var value: UInt32 = 0
        for position in start..<(start + 4) {
            guard let byte = line.byte(position) else { return nil }
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return value
    }

    // MARK: Structures

    private static func skipStructure(_ line: Span<UInt8>, _ start: Int, depth: Int) -> Int? {
        guard depth < deepest, let open = line.byte(start) else { return nil }
        let isObject = open == UInt8(ascii: "{")
        let close = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
        var position = space(line, start + 1)
        if line.byte(position) == close { return position + 1 }
        while true {
            if isObject {
                guard let (_, end) = string(line, position) else { return nil }
                position = space(line, end)
                guard line.byte(position) == UInt8(ascii: ":") else { return nil }
                position = space(line, position + 1)
            }
            guard let mark = line.byte(position) else { return nil }
            if mark == UInt8(ascii: "{") || mark == UInt8(ascii: "[") {
                guard let end = skipStructure(line, position, depth: depth + 1) else { return nil }
                position = end
            } else {
                guard let (_, end) = value(line, position) else { return nil }
                position = end
            }
            position = space(line, position)
            guard let mark = line.byte(position) else { return nil }
            position = space(line, position + 1)
            if mark == close { return position }
            guard mark == UInt8(ascii: ",") else { return nil }
        }
    }
}
