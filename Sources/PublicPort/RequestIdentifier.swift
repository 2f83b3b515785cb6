/// Names one request in the log and in its answer.
package struct RequestIdentifier: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    /// The header field that carries it, in both directions.
    package static let field = "X-Request-Id"

    /// The client's own name for its request, where it can stand in a log and a URL as it is; else 128 random bits, so that
    /// nobody can guess another's.
    ///
    /// - Parameter sent: 1 to 128 of the characters `A–Z`, `a–z`, `0–9`, `.`, `_` and `-`; anything else is not taken over.
    package init(_ sent: String? = nil) {
        if let sent, (1...128).contains(sent.utf8.count), sent.utf8.allSatisfy(Self.isPlain) {
            description = sent
        } else {
            description = Self.digits(.random(in: .min ... .max)) + Self.digits(.random(in: .min ... .max))
        }
    }

    private static func digits(_ half: UInt64) -> String {
        let text = String(half, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
