import Glibc

/// Files of /proc, /sys and the like: small, read whole.
package enum SmallFile {
    /// - Returns: the file's text, at most 1 MiB of it, or nil.
    package static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while bytes.count < 1 << 20 {
            let length = Glibc.read(descriptor, &chunk, chunk.count)
            if length < 0, errno == EINTR { continue }
            guard length > 0 else { break }
            bytes += chunk[..<length]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
