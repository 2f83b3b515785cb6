/// Digests and commits as hosters write them.
enum Hexadecimal {
    static func isLowerDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }

    /// A SHA-256 in the form that ``ModelFile`` has.
    static func isDigest(_ text: String) -> Bool { text.utf8.count == 64 && text.utf8.allSatisfy(isLowerDigit) }

    /// What ``random()`` makes.
    static func isRandom(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 32 && text.utf8.allSatisfy(isLowerDigit)
    }

    /// 128 random bits as 32 digits. The system's generator is cryptographically secure.
    static func random() -> String {
        (0..<2).map { _ in
            let half = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - half.count) + half
        }.joined()
    }
}
