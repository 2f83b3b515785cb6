import Digests
import Glibc
import Models

/// A file that is put together in a staging folder: hashed while it is written, synced, and only then given its name.
final class StagedFile {
    let path: String
    private let temporary: String
    private let descriptor: Int32
    private let digest = Digest()
    private(set) var size: Int64 = 0
    private var isOver = false

    /// - Parameter relative: a path that ``ModelPath`` takes.
    init(in staging: String, _ relative: String) throws(FileFailure) {
        path = "\(staging)/\(relative)"
        temporary = path + LocalFiles.temporarySuffix
        try LocalFiles.makeFolders(above: relative, in: staging)
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw FileFailure("make", temporary, code: errno) }
    }

    deinit {
        if !isOver { unlink(temporary) }
        if descriptor >= 0 { close(descriptor) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(FileFailure) {
        digest.update(bytes)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileFailure("write", path, code: count < 0 ? errno : EIO) }
            rest = rest.dropFirst(count)
            size += Int64(count)
        }
    }

    /// Gives it its name.
    ///
    /// - Returns: its SHA-256; nil where the library cannot compute it.
    func finish() throws(FileFailure) -> String? {
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else {
            throw FileFailure("write", path, code: errno)
        }
        isOver = true
        return digest.finish()
    }
}
