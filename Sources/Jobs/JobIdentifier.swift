/// A job's name: 128 random bits, so that nobody finds another one's job by guessing.
package struct JobIdentifier: Sendable, Hashable, LosslessStringConvertible {
    private let high: UInt64
    private let low: UInt64

    /// A new one. The system's generator is cryptographically secure.
    package init() {
        high = .random(in: .min ... .max)
        low = .random(in: .min ... .max)
    }

    /// - Returns: nil for anything but 32 hexadecimal digits.
    package init?(_ text: String) { self.init(Substring(text)) }

    package init?(_ text: Substring) {
        let digits = text.utf8
        // UInt64 would take a sign too.
        guard digits.count == 32, digits.allSatisfy(Self.isDigit),
            let high = UInt64(text.prefix(16), radix: 16), let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.high = high
        self.low = low
    }

    /// 32 hexadecimal digits in lower case.
    package var description: String { Self.digits(high) + Self.digits(low) }

    private static func digits(_ half: UInt64) -> String {
        let text = String(half, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
