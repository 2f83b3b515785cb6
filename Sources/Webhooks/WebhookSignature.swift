import CCrypto
import FoundationEssentials

/// Signatures as <https://www.standardwebhooks.com> describes them: HMAC-SHA256 of the message's id, the time and the body,
/// with dots between them.
package enum WebhookSignature {
    /// - Parameters:
    ///   - id: without a dot, or two messages could have one signature.
    ///   - timestamp: seconds since 1970.
    /// - Returns: the value of `webhook-signature`; nil where OpenSSL cannot compute it.
    package static func header(id: String, timestamp: Int64, body: [UInt8], secret: [UInt8]) -> String? {
        let text = Array("\(id).\(timestamp).".utf8) + body
        let size = 32
        var sum = [UInt8](repeating: 0, count: size)
        var count = 0
        let result = EVP_Q_mac(
            nil, "HMAC", nil, "SHA256", nil, secret, secret.count, text, text.count, &sum, size, &count)
        guard result != nil, count == size else { return nil }
        return "v1,\(Data(sum).base64EncodedString())"
    }
}

/// The secret that a receiver knows too.
package enum WebhookSecret {
    private static let prefix = "whsec_"
    private static let fewestBytes = 16

    /// `whsec_` and base64, as Standard Webhooks writes secrets, or any other text, whose bytes are meant.
    ///
    /// - Returns: nil for less than 16 bytes, and for what follows `whsec_` and is no base64.
    package static func bytes(of text: String) -> [UInt8]? {
        let bytes: [UInt8]
        if text.hasPrefix(prefix) {
            guard let data = Data(base64Encoded: String(text.dropFirst(prefix.count))) else { return nil }
            bytes = Array(data)
        } else {
            bytes = Array(text.utf8)
        }
        return bytes.count >= fewestBytes ? bytes : nil
    }
}
