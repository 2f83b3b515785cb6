/// Reads labels, keys and limits as people write them. Errors are sentences that name no part of what was read.
///
/// A file has a key on each line: `LABEL KEY [requests=N/min] [pages=N/day]`, with white space between. A field that
/// begins with `#` begins a comment. A key may be given as `sha256:` and the 64 hexadecimal digits of its digest.
enum KeyText {
    struct Reason: Error { var text: String }

    static let minimumKeyLength = 16
    static let maximumKeyLength = 512
    /// Short, so that a random key that stands where the label belongs is found out.
    static let maximumLabelLength = 32
    static let digestPrefix = "sha256:"

    /// - Returns: nil for a line without anything on it.
    static func line(_ text: Substring) throws(Reason) -> APIKey? {
        var fields = text.split { $0 == " " || $0 == "\t" || $0 == "\r" }
        if let comment = fields.firstIndex(where: { $0.hasPrefix("#") }) { fields.removeSubrange(comment...) }
        guard let label = fields.first else { return nil }
        guard fields.count > 1 else {
            throw Reason(text: "there is no key: a line is a label, white space, and the key")
        }
        var limits = KeyLimits()
        for field in fields.dropFirst(2) { try add(field, to: &limits) }
        return try key(label: label, secret: fields[1], limits)
    }

    static func key(label: Substring, secret: Substring, _ limits: KeyLimits = KeyLimits()) throws(Reason) -> APIKey {
        guard (1...maximumLabelLength).contains(label.utf8.count), label.utf8.allSatisfy(isOfLabel) else {
            throw Reason(
                text: "the label must be 1 to \(maximumLabelLength) letters, digits, dots, dashes and underscores")
        }
        return APIKey(label: String(label), digest: try digest(secret), limits: limits)
    }

    private static func digest(_ secret: Substring) throws(Reason) -> KeyDigest {
        // In capitals too: a digest that is taken for a key would be one.
        if secret.lowercased().hasPrefix(digestPrefix) {
            guard let digest = KeyDigest(hexadecimal: secret.dropFirst(digestPrefix.count)) else {
                throw Reason(text: "after `\(digestPrefix)` there must be 64 hexadecimal digits")
            }
            return digest
        }
        guard secret.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Reason(text: "the key has characters that are no visible ASCII: no header can carry it")
        }
        let length = secret.utf8.count
        guard length >= minimumKeyLength else {
            throw Reason(
                text: "the key has fewer than \(minimumKeyLength) characters: "
                    + "make a random one, for example with `openssl rand -hex 24`")
        }
        guard length <= maximumKeyLength else {
            throw Reason(text: "the key has more than \(maximumKeyLength) characters")
        }
        guard let digest = KeyDigest(of: secret.utf8) else {
            throw Reason(text: "libcrypto cannot compute SHA-256")
        }
        return digest
    }

    private static func add(_ field: Substring, to limits: inout KeyLimits) throws(Reason) {
        let known = "requests=N/min and pages=N/day, N from 1 to 1000000000"
        let halves = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let (name, value) = (halves[0], halves.count > 1 ? halves[1] : "")
        let unit = ["requests": "/min", "pages": "/day"][name]
        guard let unit, value.hasSuffix(unit) else {
            throw Reason(text: "what follows the key is no limit; known are \(known)")
        }
        let digits = value.dropLast(unit.count)
        // Int would take a sign too.
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits),
            (1...1_000_000_000).contains(number)
        else { throw Reason(text: "a limit's number cannot be used; known are \(known)") }
        let field: WritableKeyPath<KeyLimits, Int?> = name == "pages" ? \.pagesPerDay : \.requestsPerMinute
        guard limits[keyPath: field] == nil else { throw Reason(text: "a limit is given twice") }
        limits[keyPath: field] = number
    }

    private static func isOfLabel(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
