import Glibc

/// Files that are read or written as a whole.
enum SmallFile {
    /// - Throws: EFBIG where the file is larger, EINVAL where it is no regular file.
    static func read(_ path: String, atMost limit: Int) throws(FileFailure) -> [UInt8] {
        // A pipe would be waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileFailure("open", path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileFailure("look at", path, code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileFailure("read", path, code: EINVAL) }
        guard status.st_size <= limit else { throw FileFailure("read", path, code: EFBIG) }
        // One more than it says, so that its end is seen in one call more at most.
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size) + 1)
        var count = 0
        while count < bytes.count {
            let more = bytes[count...].withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress, $0.count, off_t(count))
            }
            if more < 0, errno == EINTR { continue }
            guard more >= 0 else { throw FileFailure("read", path, code: errno) }
            if more == 0 { break }
            count += more
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// Makes a file whole: under another name, synced, renamed. Its folder is not synced.
    static func write(_ bytes: [UInt8], to path: String) throws(FileFailure) {
        let temporary = "\(path).partial"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw FileFailure("make", temporary, code: errno) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress, $0.count, off_t(written))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let code = count < 0 ? errno : EIO
                unlink(temporary)
                throw FileFailure("write", temporary, code: code)
            }
            written += count
        }
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else {
            let code = errno
            unlink(temporary)
            throw FileFailure("write", path, code: code)
        }
    }
}
