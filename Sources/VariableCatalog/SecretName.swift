/// Which names stand for something that nobody else may see. The one list: what is masked in commands, settings and logs, and
/// what never reaches an engine, is decided here.
package enum SecretName {
    private static let words: Set<Substring> = [
        "APIKEY", "CREDENTIAL", "CREDENTIALS", "PASSPHRASE", "PASSWD", "PASSWORD", "PASSWORDS", "SECRET", "SECRETS",
        "TOKEN",
    ]
    private static let places: Set<Substring> = ["DIR", "FILE", "PATH"]
    private static let beforeKey: Set<Substring> = ["ACCESS", "API", "PRIVATE", "SECRET", "SIGNING", "ENCRYPTION"]

    /// Of an environment variable or an option: `HF_TOKEN`, `--api-key`, `CLOUDRU_S3_ACCESS_KEY`; not `PAGE_TOKENS`.
    package static func matches(_ name: some StringProtocol) -> Bool {
        let parts = name.uppercased().split { !$0.isLetter && !$0.isNumber }
        // It says where a secret is.
        if let last = parts.last, places.contains(last) { return false }
        if parts.contains(where: words.contains) || parts.last == "KEY" || parts.last == "KEYS" { return true }
        return zip(parts, parts.dropFirst()).contains {
            beforeKey.contains($0) && ($1 == "KEY" || $1 == "KEYS")
        }
    }

    package static let mask = "***"

    /// A text with the user and the password of every URL in it taken out.
    package static func withoutCredentials(_ text: String) -> String {
        var result = ""
        var rest = text.utf8[...]
        let marker = Array("://".utf8)
        while let colon = rest.firstIndex(of: marker[0]) {
            guard rest[colon...].starts(with: marker) else {
                result += String(decoding: rest[...colon], as: UTF8.self)
                rest = rest[rest.index(after: colon)...]
                continue
            }
            let begin = rest.index(colon, offsetBy: 3)
            result += String(decoding: rest[..<begin], as: UTF8.self)
            // A password may hold nearly anything; what certainly ends the part before the host is a space, a quote, a slash,
            // a question mark or a number sign.
            let authority = rest[begin...].prefix { $0 > 0x20 && !"\"'/?#<>`".utf8.contains($0) }
            if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
                result += "\(mask)@"
                rest = rest[rest.index(after: at)...]
            } else {
                rest = rest[begin...]
            }
        }
        return result + String(decoding: rest, as: UTF8.self)
    }
}
