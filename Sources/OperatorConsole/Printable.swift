/// What may go to a terminal: services, and whoever they quote, must not steer it.
package enum Printable {
    /// Control characters (C0, DEL, C1) as `\xNN`, and characters that turn or hide text as `\u{NNNN}`.
    ///
    /// - Parameter keepsLines: line feeds and tabs stay what they are.
    package static func text(_ text: String, keepsLines: Bool = false) -> String {
        if !text.unicodeScalars.contains(where: { isControl($0) || turns($0) }) { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if keepsLines, scalar == "\n" || scalar == "\t" {
                result.unicodeScalars.append(scalar)
            } else if isControl(scalar) {
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + (digits.count < 2 ? "0" : "") + digits
            } else if turns(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Columns that a text without control characters takes.
    package static func width(_ text: some StringProtocol) -> Int { text.reduce(0) { $0 + width($1) } }

    /// The beginning of a text that fits, with `…` in place of the rest.
    package static func cut(_ text: String, to columns: Int) -> String {
        guard width(text) > columns else { return text }
        guard columns > 0 else { return "" }
        var result = ""
        var left = columns - 1
        for character in text {
            let wide = width(character)
            guard wide <= left else { break }
            left -= wide
            result.append(character)
        }
        return result + "…"
    }

    /// Filled with spaces.
    package static func pad(_ text: String, to columns: Int, right: Bool = false) -> String {
        let spaces = String(repeating: " ", count: max(0, columns - width(text)))
        return right ? spaces + text : text + spaces
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }

    /// Directional formatting (Unicode TR 9), line and paragraph separators.
    private static func turns(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// East Asian wide characters and emoji take two (Unicode TR 11).
    private static func width(_ character: Character) -> Int {
        guard let value = character.unicodeScalars.first?.value else { return 0 }
        switch value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
