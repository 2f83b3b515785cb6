import Glibc

/// The file that holds the keys, as it lies on the disk.
struct KeyFile: Sendable {
    let path: String

    /// What changes with the file. The path's links are followed: Kubernetes replaces the files of a volume by swapping one.
    struct Signature: Sendable, Equatable {
        private var numbers: [Int]
        /// Others than its owner may read it.
        var isShared: Bool

        init(_ status: stat) {
            numbers = [
                Int(status.st_dev), Int(bitPattern: UInt(status.st_ino)), Int(status.st_size),
                Int(status.st_mtim.tv_sec), Int(status.st_mtim.tv_nsec), Int(status.st_ctim.tv_sec),
                Int(status.st_ctim.tv_nsec),
            ]
            isShared = status.st_mode & 0o044 != 0
        }
    }

    private static let maximumBytes = 1 << 20

    /// - Returns: nil when there is no such file, or none that can be looked at.
    func signature() -> Signature? {
        var status = stat()
        return stat(path, &status) == 0 ? Signature(status) : nil
    }

    /// - Returns: what it holds, and what it was like then.
    func read() throws(KeyProblem) -> (bytes: [UInt8], signature: Signature) {
        // What is no file may block whoever opens it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw problem(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw problem(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw KeyProblem(path, "it is no regular file") }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw problem(errno) }
            if count == 0 { return (bytes, Signature(status)) }
            bytes += chunk[..<count]
            guard bytes.count <= Self.maximumBytes else {
                throw KeyProblem(path, "it is larger than \(Self.maximumBytes) bytes")
            }
        }
    }

    private func problem(_ code: CInt) -> KeyProblem {
        KeyProblem(path, "it cannot be read: \(String(cString: strerror(code)))")
    }
}
