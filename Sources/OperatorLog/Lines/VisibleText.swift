/// Makes text safe to show: whatever it holds, a terminal and a reader see one line of printable characters.
///
/// Terminal sequences (colours, titles, links; ECMA-48 and xterm) are dropped. Control characters, and characters that
/// change how others are shown (bidirectional overrides, zero-width ones, line separators), are written as `\x1b` or
/// `\u202e`. A byte that is no UTF-8 is written as `\xff`. A sequence that is broken hides nothing: its escape character is
/// shown, and so is what follows.
enum VisibleText {
    /// Longest terminal sequence that is dropped, in bytes: colours are short, links are not.
    private static let longestSequence = 64
    private static let longestString = 2048

    /// - Parameter lines: keeps line feeds, as the parts of a value that has several lines.
    static func make(_ bytes: Span<UInt8>, keepingLines lines: Bool = false) -> String {
        isPlain(bytes) ? bytes.text(0..<bytes.count) : slow(bytes, lines)
    }

    static func make(_ text: String, keepingLines lines: Bool = false) -> String {
        isPlain(text.utf8.span) ? text : slow(text.utf8.span, lines)
    }

    /// Whether all is printable ASCII, as nearly always. Without a way out of the loop, so that it is vectorised.
    static func isPlain(_ bytes: Span<UInt8>) -> Bool {
        bytes.withUnsafeBufferPointer { buffer in
            var other: UInt8 = 0
            for byte in buffer { other |= byte &- 0x20 < 0x5F || byte == 0x09 ? 0 : 1 }
            return other == 0
        }
    }

    private static func slow(_ bytes: Span<UInt8>, _ lines: Bool) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + 64)
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            if byte == 0x1B {
                if let end = sequenceEnd(bytes, position) {
                    position = end
                } else {
                    append(&output, byte: byte)
                    position += 1
                }
            } else if byte < 0x80 {
                if byte &- 0x20 < 0x5F || byte == 0x09 || (lines && byte == 0x0A) {
                    output.append(byte)
                } else {
                    append(&output, byte: byte)
                }
                position += 1
            } else if let (scalar, length) = scalar(bytes, position) {
                if isHarmful(scalar) {
                    append(&output, scalar: scalar)
                } else {
                    bytes.append(position..<(position + length), to: &output)
                }
                position += length
            } else {
                append(&output, byte: byte)
                position += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// C1 controls, and what is invisible or changes what is visible. Beyond ASCII.
    static func isHarmful(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x80...0x9F, 0xAD, 0x61C, 0x180E, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
            0xFFF9...0xFFFB,
            0xFFFE...0xFFFF, 0xE0000...0xE007F:
            true
        default: false
        }
    }

    /// Where the terminal sequence that begins there ends; nil when it is none, broken, or longer than one may be.
    private static func sequenceEnd(_ bytes: Span<UInt8>, _ start: Int) -> Int? {
        guard let kind = bytes.byte(start + 1) else { return nil }
        switch kind {
        case UInt8(ascii: "["):
            // CSI: parameters, intermediates, one final byte (ECMA-48 §5.4).
            let limit = min(bytes.count, start + longestSequence)
            var position = start + 2
            while position < limit, (0x30...0x3F).contains(bytes[position]) { position += 1 }
            while position < limit, (0x20...0x2F).contains(bytes[position]) { position += 1 }
            guard position < limit, (0x40...0x7E).contains(bytes[position]) else { return nil }
            return position + 1
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
            // OSC, DCS, SOS, PM, APC: a string up to BEL or ST.
            let limit = min(bytes.count, start + longestString)
            var position = start + 2
            while position < limit {
                if bytes[position] == 0x07 { return position + 1 }
                if bytes[position] == 0x1B {
                    return bytes.byte(position + 1) == UInt8(ascii: "\\") ? position + 2 : nil
                }
                if bytes[position] == 0xC2, bytes.byte(position + 1) == 0x9C { return position + 2 }
                position += 1
            }
            return nil
        case 0x20...0x2F:
            // Character sets: intermediates and one final byte.
            var position = start + 2
            while position < min(bytes.count, start + 4), (0x20...0x2F).contains(bytes[position]) { position += 1 }
            guard let final = bytes.byte(position), (0x30...0x7E).contains(final) else { return nil }
            return position + 1
        case 0x30...0x7E: return start + 2
        default: return nil
        }
    }

    /// The scalar that begins there and its length in bytes; nil where the bytes are no UTF-8 (Unicode table 3-7).
    static func scalar(_ bytes: Span<UInt8>, _ start: Int) -> (UInt32, Int)? {
        let first = bytes[start]
        func tail(_ offset: Int, _ allowed: ClosedRange<UInt8> = 0x80...0xBF) -> UInt32? {
            guard let byte = bytes.byte(start + offset), allowed.contains(byte) else { return nil }
            return UInt32(byte & 0x3F)
        }
        switch first {
        case 0xC2...0xDF:
            guard let second = tail(1) else { return nil }
            return (UInt32(first & 0x1F) << 6 | second, 2)
        case 0xE0...0xEF:
            let allowed: ClosedRange<UInt8> = first == 0xE0 ? 0xA0...0xBF : first == 0xED ? 0x80...0x9F : 0x80...0xBF
            guard let second = tail(1, allowed), let third = tail(2) else { return nil }
            return (UInt32(first & 0x0F) << 12 | second << 6 | third, 3)
        case 0xF0...0xF4:
            let allowed: ClosedRange<UInt8> = first == 0xF0 ? 0x90...0xBF : first == 0xF4 ? 0x80...0x8F : 0x80...0xBF
            guard let second = tail(1, allowed), let third = tail(2), let fourth = tail(3) else { return nil }
            return (UInt32(first & 0x07) << 18 | second << 12 | third << 6 | fourth, 4)
        default: return nil
        }
    }

    private static func append(_ output: inout [UInt8], byte: UInt8) {
        output += [UInt8(ascii: "\\"), UInt8(ascii: "x"), digit(UInt32(byte >> 4)), digit(UInt32(byte & 15))]
    }

    private static func append(_ output: inout [UInt8], scalar: UInt32) {
        output += [UInt8(ascii: "\\"), UInt8(ascii: "u")]
        if scalar > 0xFFFF { output.append(UInt8(ascii: "{")) }
        for shift in stride(from: scalar > 0xFFFF ? 16 : 12, through: 0, by: -4) {
            output.append(digit(scalar >> UInt32(shift) & 15))
        }
        if scalar > 0xFFFF { output.append(UInt8(ascii: "}")) }
    }

    static func digit(_ value: UInt32) -> UInt8 {
        UInt8(value < 10 ? UInt32(UInt8(ascii: "0")) + value : UInt32(UInt8(ascii: "a")) + value - 10)
    }
}
