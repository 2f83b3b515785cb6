/// How one secret may appear in a log: as it is, and as programs encode it.
enum SecretForms {
    private static let shortest = 6

    /// - Returns: forms of at least six bytes.
    static func all(_ secret: String) -> [String] {
        var forms: [String] = []
        // A value of several lines appears line by line.
        let lines = secret.split { $0.isNewline }.map(String.init)
        for text in Set(lines.count > 1 ? [secret] + lines : [secret]) where text.utf8.count >= shortest {
            let bytes = Array(text.utf8)
            forms += [text, percent(bytes, upper: true), percent(bytes, upper: false)]
            forms.append(
                percent(bytes, upper: true).split(separator: "%20", omittingEmptySubsequences: false).joined(
                    separator: "+"))
            forms += [json(text, escapingSlashes: false), json(text, escapingSlashes: true), ascii(text)]
            forms += base64(bytes)
        }
        return forms.filter { $0.utf8.count >= shortest }
    }

    /// RFC 3986 §2.1: all but the unreserved characters.
    private static func percent(_ bytes: [UInt8], upper: Bool) -> String {
        bytes.map { byte in
            if byte.isIdentifier || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "~")].contains(byte) {
                return String(Unicode.Scalar(byte))
            }
            let digits = String(byte, radix: 16, uppercase: upper)
            return "%" + (digits.count < 2 ? "0" : "") + digits
        }.joined()
    }

    /// RFC 8259 §7, without the quotes. Python's `repr` writes backslashes so too.
    private static func json(_ text: String, escapingSlashes: Bool) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "/": escapingSlashes ? "\\/" : "/"
            case "\n": "\\n"
            case "\t": "\\t"
            default: String(scalar)
            }
        }.joined()
    }

    /// As ``json(_:escapingSlashes:)``, with everything beyond ASCII escaped, as Python does.
    private static func ascii(_ text: String) -> String {
        json(text, escapingSlashes: false).utf16.map { unit in
            guard unit > 0x7E else { return String(Unicode.Scalar(UInt8(unit))) }
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }

    /// In both alphabets, also where it stands in the midst of what was encoded (`user:secret`): then its first and last
    /// letters mix with its neighbours', and those between are the same always.
    private static func base64(_ bytes: [UInt8]) -> [String] {
        var forms: [String] = []
        for offset in 0..<3 {
            let padded = Array(repeating: 0, count: offset) + bytes
            let letters = Array(encoded(padded))
            // Letters that no byte before has a part in, and none behind.
            let first = (offset * 8 + 5) / 6
            let last = padded.count * 8 / 6
            guard last - first >= 8 else { continue }
            let standard = String(letters[first..<last])
            forms += [standard, String(standard.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })]
        }
        return forms
    }

    private static func encoded(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        var bits = 0
        var count = 0
        for byte in bytes {
            bits = bits << 8 | Int(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[bits >> count & 63])
            }
            bits &= (1 << count) - 1
        }
        if count > 0 { text.append(alphabet[bits << (6 - count) & 63]) }
        return text
    }
}
