/// The four kinds of strings.
extension TOMLParser {
    mutating func basicString() throws(Problem) -> String {
        let begin = at
        at += 1
        var text: [UInt8] = []
        while let byte = peek, byte != 0x0A, !isReturnBeforeNewline {
            switch byte {
            case UInt8(ascii: "\""):
                at += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(&text)
            default:
                try refuseControl(byte)
                text.append(byte)
                at += 1
            }
        }
        throw endless(begin, "\"")
    }

    mutating func literalString() throws(Problem) -> String {
        let begin = at
        at += 1
        while let byte = peek, byte != 0x0A, !isReturnBeforeNewline {
            if byte == UInt8(ascii: "'") {
                at += 1
                return String(decoding: bytes[(begin + 1)..<(at - 1)], as: UTF8.self)
            }
            try refuseControl(byte)
            at += 1
        }
        throw endless(begin, "'")
    }

    mutating func longBasicString() throws(Problem) -> String {
        let begin = at
        at += 3
        skipFirstNewline()
        var text: [UInt8] = []
        while let byte = peek {
            if byte == UInt8(ascii: "\""), let quotes = closingQuotes(UInt8(ascii: "\"")) {
                text += Array(repeating: byte, count: quotes - 3)
                return String(decoding: text, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") {
                if !foldLine() { try escape(&text) }
                continue
            }
            try takeLongStringByte(byte, &text)
        }
        throw endless(begin, "\"\"\"")
    }

    mutating func longLiteralString() throws(Problem) -> String {
        let begin = at
        at += 3
        skipFirstNewline()
        var text: [UInt8] = []
        while let byte = peek {
            if byte == UInt8(ascii: "'"), let quotes = closingQuotes(UInt8(ascii: "'")) {
                text += Array(repeating: byte, count: quotes - 3)
                return String(decoding: text, as: UTF8.self)
            }
            try takeLongStringByte(byte, &text)
        }
        throw endless(begin, "'''")
    }

    // MARK: Parts

    private var isReturnBeforeNewline: Bool {
        bytes[at] == 0x0D && at + 1 < bytes.count && bytes[at + 1] == 0x0A
    }

    private func endless(_ begin: Int, _ quote: String) -> Problem {
        Problem(
            place: begin..<(begin + quote.utf8.count),
            message: "this text has no end: its \(quote) is missing"
                + (quote.utf8.count == 1 ? " (one of several lines stands between \(quote)\(quote)\(quote))" : ""))
    }

    private mutating func skipFirstNewline() {
        if peek == 0x0A { at += 1 } else if peek == 0x0D, isReturnBeforeNewline { at += 2 }
    }

    private mutating func takeLongStringByte(_ byte: UInt8, _ text: inout [UInt8]) throws(Problem) {
        if byte == 0x0D, isReturnBeforeNewline {
            text.append(0x0A)
            at += 2
            return
        }
        if byte != 0x0A { try refuseControl(byte) }
        text.append(byte)
        at += 1
    }

    /// At three quotes or more: takes them in. Two more than three may be the end of the text itself.
    private mutating func closingQuotes(_ quote: UInt8) -> Int? {
        let count = bytes[at...].prefix(5).prefix { $0 == quote }.count
        guard count >= 3 else { return nil }
        at += count
        return count
    }

    /// A backslash at the end of a line: that end and all blanks after it are no part of the text.
    private mutating func foldLine() -> Bool {
        var end = at + 1
        while end < bytes.count, bytes[end] == 0x20 || bytes[end] == 0x09 { end += 1 }
        if end < bytes.count, bytes[end] == 0x0D { end += 1 }
        guard end < bytes.count, bytes[end] == 0x0A else { return false }
        while end < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[end]) { end += 1 }
        at = end
        return true
    }

    private mutating func escape(_ text: inout [UInt8]) throws(Problem) {
        let begin = at
        at += 1
        guard let letter = peek else { return }
        at += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let length = letter == UInt8(ascii: "u") ? 4 : 8
            let digits = bytes[at...].prefix(length).prefix(while: Self.isHexDigit)
            guard digits.count == length,
                let scalar = UInt32(String(decoding: digits, as: UTF8.self), radix: 16).flatMap(Unicode.Scalar.init)
            else {
                throw Problem(
                    place: begin..<(at + digits.count),
                    message: "no character has this number: \\uXXXX or \\UXXXXXXXX, in hexadecimal digits")
            }
            at += length
            text += Array(Character(scalar).utf8)
        default:
            at -= 1
            throw Problem(
                place: begin..<(at + width(at)),
                message: "the escape \\\(letter < 0x20 ? "" : String(character(at).dropFirst().dropLast())) is none: "
                    + "a backslash is written \\\\, or the text stands between single quotes")
        }
    }
}
