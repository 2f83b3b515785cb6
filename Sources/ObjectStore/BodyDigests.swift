import CCrypto
import Digests
import Glibc
import WebCalls

/// The digests of a body that S3 has to be told, of the bytes as they are on the disk now.
struct BodyDigests {
    /// nil where OpenSSL is set up without MD5, as FIPS wants it. SHA-256 protects the body by itself.
    var md5: [UInt8]?
    /// In hexadecimal digits.
    var sha256: String

    /// Of no bytes.
    static let empty = BodyDigests(
        md5: nil, sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")

    var md5Hex: String? { md5.map(Self.hex) }

    /// What a store calls an object of several parts: the MD5 of their MD5s, and their number.
    static func etag(ofParts parts: [[UInt8]]) -> String? {
        let digest = MD5()
        for part in parts { part.withUnsafeBytes { digest.update($0) } }
        return digest.finish().map { "\(hex($0))-\(parts.count)" }
    }

    /// Reads the body once.
    init(of body: WebCall.Body, isCancelled: () -> Bool) throws(StoreFault) {
        let (md5, sha256) = (MD5(), Digest())
        func take(_ bytes: UnsafeRawBufferPointer) {
            md5.update(bytes)
            sha256.update(bytes)
        }
        switch body {
        case .bytes(let bytes): bytes.withUnsafeBytes { take($0) }
        case .file(let descriptor, let start, let count):
            var buffer = [UInt8](repeating: 0, count: min(count, 512 << 10))
            var done = 0
            while done < count {
                if isCancelled() { throw .cancelled }
                let got = buffer.withUnsafeMutableBytes {
                    pread(descriptor, $0.baseAddress, min($0.count, count - done), off_t(start + Int64(done)))
                }
                if got < 0, errno == EINTR { continue }
                guard got > 0 else {
                    throw StoreFault(
                        reason: got == 0
                            ? "the file is shorter than it was"
                            : "the file cannot be read: \(String(cString: strerror(errno)))")
                }
                buffer.withUnsafeBytes { take(UnsafeRawBufferPointer(rebasing: $0[..<got])) }
                done += got
            }
        }
        guard let text = sha256.finish() else { throw StoreFault(reason: "OpenSSL cannot compute SHA-256") }
        self.md5 = md5.finish()
        self.sha256 = text
    }

    private init(md5: [UInt8]?, sha256: String) {
        self.md5 = md5
        self.sha256 = sha256
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0\(text)" : text
        }.joined()
    }
}

/// The MD5 of bytes that come in pieces; S3's check of a body, and no protection from anybody.
private final class MD5 {
    private let context: OpaquePointer?

    init() {
        let context = EVP_MD_CTX_new()
        guard let context, EVP_DigestInit_ex(context, EVP_md5(), nil) == 1 else {
            EVP_MD_CTX_free(context)
            self.context = nil
            return
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    func update(_ bytes: UnsafeRawBufferPointer) {
        if let context { EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) }
    }

    /// - Returns: 16 bytes; nil where the library cannot compute it.
    func finish() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard let context, EVP_DigestFinal_ex(context, &bytes, &count) == 1, count == 16 else { return nil }
        return Array(bytes.prefix(16))
    }
}
