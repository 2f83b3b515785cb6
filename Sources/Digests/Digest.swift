import CCrypto

/// The SHA-256 of bytes that come in pieces.
///
/// One task at a time uses it. OpenSSL picks the processor's own instructions: a gigabyte takes about a second, or
/// several on a processor without them.
package final class Digest {
    private let context: OpaquePointer?

    package init() {
        context = EVP_MD_CTX_new()
        // Neither fails while there is memory; the result says if one did.
        if let context { EVP_DigestInit_ex(context, EVP_sha256(), nil) }
    }

    deinit { EVP_MD_CTX_free(context) }

    package func update(_ bytes: UnsafeRawBufferPointer) {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    /// To be asked for once, when all bytes have come.
    ///
    /// - Returns: 64 hexadecimal digits in lower case; nil where the library cannot compute it (it was built or set up
    ///   without this digest).
    package func finish() -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard let context, EVP_DigestFinal_ex(context, &bytes, &count) == 1, count == 32 else { return nil }
        return bytes.prefix(Int(count)).map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0\(text)" : text
        }.joined()
    }
}
