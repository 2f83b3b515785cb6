import Glibc

/// A file that appears whole, under a name that nobody had, for its owner alone.
package enum NewFile {
    /// - Throws: ``ConsoleFailure`` with what to do.
    package static func write(_ bytes: [UInt8], to path: String) throws(ConsoleFailure) {
        // In the same folder, so that it can take its name in one step.
        let temporary = "\(path).\(getpid()).part"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(path, errno) }
        var code = fill(descriptor, bytes)
        if fsync(descriptor) != 0, code == 0, errno != EINVAL { code = errno }
        if close(descriptor) != 0, code == 0 { code = errno }
        if code == 0 { code = take(path, from: temporary) }
        unlink(temporary)
        if code != 0 { throw failure(path, code) }
    }

    /// - Returns: 0 or errno(3).
    private static func take(_ path: String, from temporary: String) -> CInt {
        // Fails when the name is taken, at the same moment or long ago.
        if link(temporary, path) == 0 { return 0 }
        let code = errno
        guard code != EEXIST else { return code }
        // A file system without links: claims the name with an empty file first.
        let claim = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard claim >= 0 else { return errno }
        close(claim)
        if rename(temporary, path) == 0 { return 0 }
        let why = errno
        unlink(path)
        return why
    }

    private static func fill(_ descriptor: CInt, _ bytes: [UInt8]) -> CInt {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return errno }
            rest = rest.dropFirst(count)
        }
        return 0
    }

    private static func failure(_ path: String, _ code: CInt) -> ConsoleFailure {
        let advice =
            switch code {
            case EEXIST: "it is there already, and is not written over: choose another name by -o"
            case EROFS, EACCES, EPERM:
                "choose a folder that can be written to, such as -o /tmp/bundle.tar, or write to a pipe by -o -"
            case ENOSPC, EDQUOT: "make room, or write to a pipe by -o -"
            case ENOENT, ENOTDIR: "there is no such folder"
            default: "choose another place by -o"
            }
        return ConsoleFailure(.no, "\(path): \(String(cString: strerror(code))): \(advice)")
    }
}
