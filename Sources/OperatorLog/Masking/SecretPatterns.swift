/// What looks like a secret, whoever's it is: keys of well-known services, bearer tokens, passwords in URLs and arguments.
enum SecretPatterns {
    /// Bytes at which ``find(_:_:)`` may find something.
    static let triggers: [UInt8] = Array("_-=:AJbB".utf8)

    /// - Returns: what is to be masked around the byte there, not before it except for the beginning of a key.
    static func find(_ text: Span<UInt8>, _ position: Int) -> Range<Int>? {
        switch text[position] {
        case UInt8(ascii: "_"): underscore(text, position)
        case UInt8(ascii: "-"): hyphen(text, position)
        case UInt8(ascii: "="): assignment(text, position)
        case UInt8(ascii: ":"): userInformation(text, position) ?? header(text, position) ?? assignment(text, position)
        case UInt8(ascii: "A"): capital(text, position)
        case UInt8(ascii: "J"): webToken(text, position)
        case UInt8(ascii: "b"), UInt8(ascii: "B"): bearer(text, position)
        default: nil
        }
    }

    // MARK: Keys of services

    /// `hf_…`, `ghp_…`, `github_pat_…`.
    private static func underscore(_ text: Span<UInt8>, _ position: Int) -> Range<Int>? {
        for prefix in ["hf_", "ghp_", "gho_", "ghs_", "github_pat_"] as [StaticString] {
            let start = position + 1 - prefix.utf8CodeUnitCount
            if text.has(prefix, at: start) { return key(text, start, position + 1, least: 12) }
        }
        return nil
    }

    /// `sk-…`, `glpat-…`, `nvapi-…`, `xoxb-…`, and a private key in PEM form.
    private static func hyphen(_ text: Span<UInt8>, _ position: Int) -> Range<Int>? {
        for prefix in ["sk-", "glpat-", "nvapi-", "xoxb-", "xoxp-"] as [StaticString] {
            let start = position + 1 - prefix.utf8CodeUnitCount
            if text.has(prefix, at: start) { return key(text, start, position + 1, least: 12) }
        }
        guard text.has("-----BEGIN ", at: position), let name = text.first("PRIVATE KEY", from: position),
            name < position + 40
        else { return nil }
        guard let end = text.first("-----END ", from: name), let close = text.first("-----", from: end + 9) else {
            return position..<text.count
        }
        return position..<(close + 5)
    }

    /// `AKIA…` and `ASIA…` (AWS), `AIza…` (Google).
    private static func capital(_ text: Span<UInt8>, _ position: Int) -> Range<Int>? {
        if text.has("AKIA", at: position) || text.has("ASIA", at: position) {
            guard !isInWord(text, position) else { return nil }
            let end = text.skip(from: position) { $0.isUpper || $0.isDigit }
            return end - position >= 16 ? position..<end : nil
        }
        return text.has("AIza", at: position) ? key(text, position, position + 4, least: 30) : nil
    }

    private static func key(_ text: Span<UInt8>, _ start: Int, _ from: Int, least: Int) -> Range<Int>? {
        guard !isInWord(text, start) else { return nil }
        let end = text.skip(from: from) { $0.isIdentifier || $0 == UInt8(ascii: "-") }
        return end - from >= least ? start..<end : nil
    }

    private static func isInWord(_ text: Span<UInt8>, _ start: Int) -> Bool {
        text.byte(start - 1)?.isAlphanumeric ?? false
    }

    /// A JSON web token (RFC 7519): three parts, the first of which begins with `{"` in base64.
    private static func webToken(_ text: Span<UInt8>, _ position: Int) -> Range<Int>? {
        let start = position - 2
        guard text.has("eyJ", at: start), !isInWord(text, start) else { return nil }
        func part(_ from: Int) -> Int { text.skip(from: from) { $0.isIdentifier || $0 == UInt8(ascii: "-") } }
        let first = part(start)
        guard first - start >= 10, text.byte(first) == UInt8(ascii: ".") else { return nil }
        let second = part(first + 1)
        guard second - first > 4 else { return nil }
        return start..<(text.byte(second) == UInt8(ascii: ".") ? part(second + 1) : second)
    }

    // MARK: HTTP

    private static func bearer(_ text: Span<UInt8>, _ position: Int) -> Range<Int>? {
        guard text.hasFolded("bearer", at: position), !isInWord(text, position), let mark = text.byte(position + 6),
            mark == UInt8(ascii: " ") || mark == UInt8(ascii: ":") || mark == UInt8(ascii: "=")
        else { return nil }
        let start = text.skip(UInt8(ascii: " "), from: position + 7)
        let end = text.skip(from: start) {
            $0 > UInt8(ascii: " ") && !$0.isQuote && $0 != UInt8(ascii: ",") && $0 < 0x7F
        }
        // "bearer token" is what people write.
        return end - start >= 6 && !text.hasFolded("token", at: start) ? start..<end : nil
    }

    private static let headers: [StaticString] = [
        "authorization", "proxy-authorization", "x-api-key", "api-key", "x-auth-token", "x-amz-security-token",
        "cookie",
        "set-cookie",
    ]

    /// `Authorization: Basic …`: to the end of the line, or of its quotes.
    private static func header(_ text: Span<UInt8>, _ colon: Int) -> Range<Int>? {
        let nameEnd = colon > 0 && text[colon - 1].isQuote ? colon - 1 : colon
        let start = text.skipBack(from: nameEnd, notBefore: max(0, nameEnd - 24)) {
            $0.isLetter || $0 == UInt8(ascii: "-")
        }
        let length = nameEnd - start
        guard length >= 6, headers.contains(where: { $0.utf8CodeUnitCount == length && text.hasFolded($0, at: start) })
        else { return nil }
        var value = text.skip(UInt8(ascii: " "), from: colon + 1)
        var end = text.count
        if let quote = text.byte(value), quote.isQuote {
            value += 1
            end = text.first(quote, from: value) ?? text.count
        } else if let byte = text.byte(start - 1), byte.isQuote, nameEnd == colon {
            // `'Authorization: Bearer …'`, as one writes it for curl.
            end = text.first(byte, from: value) ?? text.count
        }
        return end > value ? value..<end : nil
    }

    /// `https://user:password@host`.
    private static func userInformation(_ text: Span<UInt8>, _ colon: Int) -> Range<Int>? {
        guard text.has("://", at: colon) else { return nil }
        var at: Int?
        var position = colon + 3
        while position < text.count, position < colon + 1024 {
            let byte = text[position]
            if byte == UInt8(ascii: "@") { at = position }
            if byte <= UInt8(ascii: " ") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte.isQuote {
                break
            }
            position += 1
        }
        return at.map { (colon + 3)..<$0 }
    }

    // MARK: Arguments

    private static let names: Set<String> = [
        "token", "key", "sig", "signature", "password", "passwd", "passphrase", "secret", "api_key", "api-key",
        "apikey",
        "access_key", "access-key", "accesskey", "access_key_id", "secret_key", "secret-key", "secret_access_key",
        "client_secret", "access_token", "accesstoken", "refresh_token", "auth_token", "id_token", "session_token",
        "hf_token", "credential", "credentials", "private_key", "x-amz-signature", "x-amz-credential",
        "x-amz-security-token", "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "x-goog-signature",
        "x-goog-credential", "sharedaccesssignature", "awsaccesskeyid",
    ]
    private static let longestName = 24

    /// Whether a field of this name holds a secret. `key` and `token` alone may be anything.
    static func isSecretName(_ name: String) -> Bool {
        guard name.utf8.count <= longestName, name.utf8.count >= 6 else { return false }
        let last = name.utf8.span
        // The cheap test first: nearly all names fail it.
        guard
            last.hasFolded("key", at: last.count - 3) || last.hasFolded("token", at: last.count - 5)
                || last.hasFolded("secret", at: last.count - 6) || last.hasFolded("word", at: last.count - 4)
                || last.hasFolded("passwd", at: last.count - 6) || last.hasFolded("authorization", at: last.count - 13)
                || last.hasFolded("credentials", at: last.count - 11)
        else { return false }
        return names.contains(name.lowercased()) || name.lowercased() == "authorization"
    }

    /// `?token=…`, `password=…`, `--api-key=…`, `'api_key': '…'`, `"password": "…"`.
    private static func assignment(_ text: Span<UInt8>, _ mark: Int) -> Range<Int>? {
        let isColon = text[mark] == UInt8(ascii: ":")
        let isQuoted = mark > 0 && text[mark - 1].isQuote
        let isEscaped = isQuoted && text.byte(mark - 2) == UInt8(ascii: "\\")
        // `token: …` in a sentence is no assignment, but a password is always one.
        let nameEnd = mark - (isEscaped ? 2 : isQuoted ? 1 : 0)
        let start = text.skipBack(from: nameEnd, notBefore: max(0, nameEnd - longestName - 1)) {
            $0.isIdentifier || $0 == UInt8(ascii: "-")
        }
        guard nameEnd - start >= 3, couldEnd(text[nameEnd - 1]) else { return nil }
        let name = text.text(text.skip(UInt8(ascii: "-"), from: start)..<nameEnd).lowercased()
        guard names.contains(name) else { return nil }
        let isParameter =
            text.byte(start - 1).map { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: ";") }
            ?? false
        if name == "key" || name == "sig" || name == "credential", !isParameter { return nil }
        if isColon, !isQuoted, name == "token" || name == "secret" || name == "signature" { return nil }
        return value(text, text.skip(UInt8(ascii: " "), from: mark + 1))
    }

    /// The last letters of all names, folded.
    private static func couldEnd(_ byte: UInt8) -> Bool {
        switch byte | 0x20 {
        case UInt8(ascii: "n"), UInt8(ascii: "y"), UInt8(ascii: "g"), UInt8(ascii: "e"), UInt8(ascii: "d"),
            UInt8(ascii: "t"), UInt8(ascii: "s"), UInt8(ascii: "l"):
            true
        default: false
        }
    }

    private static func value(_ text: Span<UInt8>, _ from: Int) -> Range<Int>? {
        var start = from
        // A list of keys, as vLLM shows its arguments.
        if text.byte(start) == UInt8(ascii: "[") {
            let end = text.first(UInt8(ascii: "]"), from: start) ?? text.count
            return end > start + 1 ? (start + 1)..<end : nil
        }
        // `\"`: JSON inside of a string.
        let isEscaped = text.byte(start) == UInt8(ascii: "\\")
        if isEscaped { start += 1 }
        if let quote = text.byte(start), quote.isQuote {
            var end = Content.stringEnd(text, start, escaped: isEscaped)
            // Without what closes it; a text that was cut has nothing there.
            if end > start + 1, text[end - 1] == quote { end -= isEscaped ? 2 : 1 }
            return end > start + 1 ? (start + 1)..<end : nil
        }
        let end = text.skip(from: start) {
            $0 > UInt8(ascii: " ") && !$0.isQuote
                && ![
                    UInt8(ascii: "&"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ")"), UInt8(ascii: "}"),
                    UInt8(ascii: "]"),
                ].contains($0)
        }
        guard end > start, !isNothing(text, start..<end) else { return nil }
        return start..<end
    }

    private static func isNothing(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        (["None", "null", "True", "False", "true", "false"] as [StaticString]).contains {
            $0.utf8CodeUnitCount == range.count && text.has($0, at: range.lowerBound)
        } || text.has("***", at: range.lowerBound)
    }
}
