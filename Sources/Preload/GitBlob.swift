import CCrypto
import Glibc
package import Models

/// The name that git gives to a file's content, which is all that a hub knows of small files.
///
/// SHA-1 guards against accidents, hardly against somebody who wants to deceive: whoever could do that names the hashes too.
package enum GitBlob {
    /// 40 hexadecimal digits in lower case of `blob SIZE\0CONTENT`; nil where the library cannot compute it.
    package static func name(of path: String) throws(FileFailure) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw FileFailure("open", path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileFailure("look at", path, code: errno) }
        guard let context = EVP_MD_CTX_new() else { return nil }
        defer { EVP_MD_CTX_free(context) }
        let header = Array("blob \(status.st_size)".utf8) + [0]
        guard EVP_DigestInit_ex(context, EVP_sha1(), nil) == 1, EVP_DigestUpdate(context, header, header.count) == 1
        else {
            return nil
        }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileFailure("read", path, code: errno) }
            if count == 0 { break }
            EVP_DigestUpdate(context, buffer, count)
        }
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        guard EVP_DigestFinal_ex(context, &digest, &length) == 1, length == 20 else { return nil }
        return digest.prefix(20).map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0\(text)" : text
        }.joined()
    }
}
