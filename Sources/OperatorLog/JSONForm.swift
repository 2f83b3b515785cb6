/// A record as one JSON object (RFC 8259) on a line: `time` (RFC 3339, UTC), `level`, `service`, `pid`, `message`, then the
/// fields. Numbers and booleans are JSON's own; a number that JSON cannot write (infinity) is text.
///
/// No name stands twice: a field whose name is taken, by one of these five or by a field before it, is written with a number
/// behind it, `service_2`.
enum JSONForm {
    private static let reserved = ["time", "level", "service", "pid", "message"]

    static func append(_ record: Record, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"{"time":""#.utf8)
        Timestamp.append(record.time, to: &bytes)
        bytes.append(contentsOf: #"","level":""#.utf8)
        bytes.append(contentsOf: record.level.rawValue.utf8)
        bytes.append(contentsOf: #"","service":"#.utf8)
        append(text: record.service, to: &bytes)
        if let pid = record.pid {
            bytes.append(contentsOf: #","pid":"#.utf8)
            bytes.append(contentsOf: String(pid).utf8)
        }
        bytes.append(contentsOf: #","message":"#.utf8)
        append(text: record.message, to: &bytes)
        for (index, field) in record.fields.enumerated() {
            bytes.append(UInt8(ascii: ","))
            append(
                text: isTaken(field.name, record.fields, index) ? free(record.fields, index) : field.name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            append(field.value, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
        bytes.append(0x0A)
    }

    // MARK: Names

    private static func isTaken(_ name: String, _ fields: [Record.Field], _ index: Int) -> Bool {
        for other in reserved where other == name { return true }
        for other in 0..<index where fields[other].name == name { return true }
        return false
    }

    /// The first of `name_2`, `name_3`, … that no other field has, as itself or in this way.
    private static func free(_ fields: [Record.Field], _ index: Int) -> String {
        var taken = Set(reserved + fields.map(\.name))
        var chosen = ""
        for current in 0...index where isTaken(fields[current].name, fields, current) {
            var number = 2
            while taken.contains("\(fields[current].name)_\(number)") { number += 1 }
            chosen = "\(fields[current].name)_\(number)"
            taken.insert(chosen)
        }
        return chosen
    }

    // MARK: Values

    private static func append(_ value: Record.Value, to bytes: inout [UInt8]) {
        switch value {
        case .text(let text): append(text: text, to: &bytes)
        case .integer(let integer): bytes.append(contentsOf: String(integer).utf8)
        case .number(let number) where number.isFinite: bytes.append(contentsOf: "\(number)".utf8)
        case .number(let number): append(text: "\(number)", to: &bytes)
        case .flag(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        }
    }

    private static func append(text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        let span = text.utf8.span
        if isPlain(span) {
            bytes.append(contentsOf: text.utf8)
        } else {
            appendEscaped(span, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Whether nothing needs an escape. Without a way out of the loop, so that it is vectorised.
    private static func isPlain(_ text: Span<UInt8>) -> Bool {
        text.withUnsafeBufferPointer { buffer in
            var other: UInt8 = 0
            for byte in buffer {
                other |= byte &- 0x20 < 0x5F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") ? 0 : 1
            }
            return other == 0
        }
    }

    private static func appendEscaped(_ text: Span<UInt8>, to bytes: inout [UInt8]) {
        var position = 0
        // What needs no escape is copied at once.
        var start = 0
        while position < text.count {
            let byte = text[position]
            var length = 1
            var escape: UInt8?
            var hexadecimal: UInt32?
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): escape = byte
            case 0x0A: escape = UInt8(ascii: "n")
            case 0x0D: escape = UInt8(ascii: "r")
            case 0x09: escape = UInt8(ascii: "t")
            case ..<0x20, 0x7F: hexadecimal = UInt32(byte)
            case ..<0x80: break
            default:
                guard let (scalar, size) = VisibleText.scalar(text, position) else { break }
                length = size
                if VisibleText.isHarmful(scalar) { hexadecimal = scalar }
            }
            if escape != nil || hexadecimal != nil {
                text.append(start..<position, to: &bytes)
                start = position + length
                if let escape { bytes += [UInt8(ascii: "\\"), escape] }
                if let hexadecimal { append(escape: hexadecimal, to: &bytes) }
            }
            position += length
        }
        text.append(start..<position, to: &bytes)
    }

    /// In UTF-16, as JSON has it.
    private static func append(escape value: UInt32, to bytes: inout [UInt8]) {
        guard let scalar = Unicode.Scalar(value) else { return }
        for unit in String(scalar).utf16 {
            bytes += [UInt8(ascii: "\\"), UInt8(ascii: "u")]
            for shift in stride(from: 12, through: 0, by: -4) {
                bytes.append(VisibleText.digit(UInt32(unit >> shift) & 15))
            }
        }
    }
}
