import Glibc

/// Whole folders: made, removed, counted, put onto the disk. Symbolic links are never followed. Names may be any bytes: what
/// others left behind has to go, too.
enum FolderTree {
    /// Makes a folder, and those above it, where they are missing. Mode 0755: the engine may be another user.
    static func make(_ path: String) throws(FileFailure) {
        if mkdir(path, 0o755) == 0 { return }
        let code = errno
        // Read-only places say so before they say that it is there.
        if (try? FileLook(path))?.isFolder == true { return }
        guard code == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw FileFailure("make the folder", path, code: code)
        }
        try make(String(path[..<slash]))
        if mkdir(path, 0o755) != 0, errno != EEXIST { throw FileFailure("make the folder", path, code: errno) }
    }

    /// Removes a file, a link, or a folder with all that is in it; what is not there is removed already.
    static func remove(_ path: String) throws(FileFailure) { try remove(Array(path.utf8)) }

    private static func remove(_ path: [UInt8]) throws(FileFailure) {
        let name = path.map(CChar.init(bitPattern:)) + [0]
        var status = stat()
        guard lstat(name, &status) == 0 else {
            if errno == ENOENT { return }
            throw failure("look at", path)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            if unlink(name) == 0 || errno == ENOENT { return }
            throw failure("remove", path)
        }
        // A read-only folder of ours can be emptied then; of somebody else's, that is refused below.
        if status.st_mode & 0o700 != 0o700 { chmod(name, 0o700) }
        for entry in try FolderListing.entries(in: path) { try remove(path + [0x2F] + entry) }
        if rmdir(name) != 0, errno != ENOENT { throw failure("remove", path) }
    }

    /// Of all regular files, in bytes. What cannot be looked at counts nothing.
    static func bytes(_ path: String) -> Int64 { bytes(Array(path.utf8)) }

    private static func bytes(_ path: [UInt8]) -> Int64 {
        var status = stat()
        guard lstat(path.map(CChar.init(bitPattern:)) + [0], &status) == 0 else { return 0 }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return Int64(status.st_size)
        case S_IFDIR:
            return ((try? FolderListing.entries(in: path)) ?? []).reduce(0) { $0 &+ bytes(path + [0x2F] + $1) }
        default: return 0
        }
    }

    /// Onto the disk: every file and every folder. Those with names that are no UTF-8 are nobody's.
    static func sync(_ path: String) throws(FileFailure) {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw FileFailure("look at", path, code: errno) }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            for name in try FolderListing.names(in: path) { try sync("\(path)/\(name)") }
            try syncOne(path)
        case S_IFREG: try syncOne(path)
        default: break
        }
    }

    /// A file, or the names in a folder.
    static func syncOne(_ path: String) throws(FileFailure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileFailure("open", path, code: errno) }
        defer { close(descriptor) }
        // EINVAL: a file system that has nothing to sync for a folder.
        if fsync(descriptor) != 0, errno != EINVAL { throw FileFailure("sync", path, code: errno) }
    }

    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    private static func failure(_ action: String, _ path: [UInt8]) -> FileFailure {
        let code = errno
        return FileFailure(action, String(decoding: path, as: UTF8.self), code: code)
    }
}
