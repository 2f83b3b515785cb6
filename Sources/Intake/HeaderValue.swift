/// A header field's value with parameters: `form-data; name="file"; filename*=UTF-8''%D0%B0.pdf`.
package struct HeaderValue: Sendable, Equatable {
    /// What stands before the first semicolon, in lower case and without white space around it.
    package var main: String
    /// The parameters in order; names in lower case, values unquoted. Extended values (RFC 5987) are left as sent.
    package var parameters: [(name: String, value: String)]

    package static func == (left: HeaderValue, right: HeaderValue) -> Bool {
        left.main == right.main
            && left.parameters.map { [$0.name, $0.value] } == right.parameters.map { [$0.name, $0.value] }
    }

    /// The first parameter of that name, which is given in lower case.
    package func parameter(_ name: String) -> String? {
        parameters.first { $0.name == name }?.value
    }

    /// - Returns: nil when the text is not of that form: an unclosed quote, a parameter without `=`.
    package init?(_ text: some StringProtocol) {
        // Scalars, not characters: a combining mark after a quote must not hide the quote.
        var rest = Substring(text).unicodeScalars
        main = String(rest.prefix { $0 != ";" }).trimmed.lowercased()
        rest = rest.drop { $0 != ";" }
        parameters = []
        while rest.first == ";" {
            rest = rest.dropFirst().drop { $0 == " " || $0 == "\t" || $0 == ";" }
            if rest.isEmpty { return }
            guard let equals = rest.firstIndex(of: "="), let value = Self.takeValue(&rest, after: equals) else {
                return nil
            }
            parameters.append(value)
        }
        if !rest.isEmpty { return nil }
    }

    /// Takes `name=value` or `name="value"` off the front, up to the next semicolon.
    private static func takeValue(
        _ rest: inout Substring.UnicodeScalarView, after equals: Substring.Index
    ) -> (name: String, value: String)? {
        let name = String(rest[..<equals]).trimmed.lowercased()
        guard !name.isEmpty, !name.contains(";"), !name.contains("\"") else { return nil }
        rest = rest[equals...].dropFirst().drop { $0 == " " || $0 == "\t" }
        guard rest.first == "\"" else {
            let value = String(rest.prefix { $0 != ";" }).trimmed
            rest = rest.drop { $0 != ";" }
            return (name, value)
        }
        rest = rest.dropFirst()
        var value = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"":
                rest = rest.drop { $0 == " " || $0 == "\t" }
                return rest.isEmpty || rest.first == ";" ? (name, String(value)) : nil
            case "\\" where rest.first == "\"" || rest.first == "\\":
                // Only these two are escapes: old browsers send C:\folder\name.pdf with bare backslashes.
                if let escaped = rest.popFirst() { value.append(escaped) }
            default:
                value.append(scalar)
            }
        }
        return nil
    }
}

extension HeaderValue {
    /// Decodes an extended value of RFC 5987, `charset'language'percent-encoded`, as `filename*` carries it.
    ///
    /// - Returns: nil for a charset other than UTF-8 and ISO-8859-1, a bad percent sequence, or bytes that are not
    ///   of that charset.
    package static func decodeExtended(_ text: String) -> String? {
        let parts = text.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        var bytes: [UInt8] = []
        var rest = parts[2].utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        switch parts[0].lowercased() {
        case "utf-8": return String(validating: bytes, as: UTF8.self)
        case "iso-8859-1": return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        default: return nil
        }
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension String {
    /// Without spaces and tabs at both ends.
    var trimmed: String {
        let start = drop { $0 == " " || $0 == "\t" }
        let end = start.lastIndex { $0 != " " && $0 != "\t" }
        return end.map { String(start[...$0]) } ?? ""
    }
}
