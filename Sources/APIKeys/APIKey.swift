import CCrypto
import Digests

/// Who may use the API. The key itself is not kept, only its digest, and the label is all that is ever shown of it.
package struct APIKey: Sendable, Equatable {
    /// 1 to 32 ASCII letters, digits, `.`, `_` and `-`. Jobs belong to it, so that a key can be changed for another.
    package var label: String
    package var digest: KeyDigest
    package var limits: KeyLimits

    package init(label: String, digest: KeyDigest, limits: KeyLimits = KeyLimits()) {
        self.label = label
        self.digest = digest
        self.limits = limits
    }
}

/// What the holder of a key may use; nil for no limit.
package struct KeyLimits: Sendable, Equatable {
    package var requestsPerMinute: Int?
    /// Pages of documents that are taken on one day (UTC).
    package var pagesPerDay: Int?

    package init(requestsPerMinute: Int? = nil, pagesPerDay: Int? = nil) {
        self.requestsPerMinute = requestsPerMinute
        self.pagesPerDay = pagesPerDay
    }
}

/// The SHA-256 of a key. No salt and no slow hash: keys are long and random, and not chosen by people.
package struct KeyDigest: Sendable, Equatable {
    /// 64 hexadecimal digits in lower case, ASCII.
    private let digits: [UInt8]

    /// Of a key as it is sent.
    ///
    /// - Returns: nil where libcrypto cannot compute it.
    package init?(of key: some Sequence<UInt8>) {
        let digest = Digest()
        Array(key).withUnsafeBytes { digest.update($0) }
        guard let text = digest.finish() else { return nil }
        digits = Array(text.utf8)
    }

    /// - Returns: nil for anything but 64 hexadecimal digits.
    package init?(hexadecimal text: some StringProtocol) {
        let digits = Array(text.lowercased().utf8)
        guard digits.count == 64, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else { return nil }
        self.digits = digits
    }

    /// Whether they are the same, in a time that does not depend on where they differ.
    package func matches(_ other: KeyDigest) -> Bool {
        CRYPTO_memcmp(digits, other.digits, digits.count) == 0
    }
}
