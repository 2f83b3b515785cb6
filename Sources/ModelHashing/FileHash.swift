import Digests
import Glibc
package import Models

/// SHA-256 of files by OpenSSL, which PID 1 does not link: apart from `Models` for that reason alone.
package enum FileHash {
    /// Reads the file once, in pieces of 1 MiB.
    @Sendable package static func sha256(_ path: String) throws(FileFailure) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFailure("open", path, code: errno) }
        defer { close(descriptor) }
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        let digest = Digest()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileFailure("read", path, code: errno) }
            if count == 0 { break }
            digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        guard let result = digest.finish() else { throw FileFailure("compute the SHA-256 of", path, code: ENOSYS) }
        return result
    }
}

extension ModelFolder {
    /// As ``check(deep:threads:hash:)``, and able to hash.
    ///
    /// - Parameter threads: how many files are hashed at once.
    package func check(deep: Bool, threads: Int = 4) -> Check {
        check(deep: deep, threads: threads, hash: FileHash.sha256)
    }
}
