import Glibc

/// What `stat` says of a file; symbolic links are followed.
struct FileLook: Equatable {
    var isRegular: Bool
    var isFolder: Bool
    /// In bytes.
    var size: Int64
    /// Of its last change, in nanoseconds since 1970.
    var modified: Int64

    /// - Throws: what the kernel says: ENOENT also for a link to something that is gone.
    init(_ path: String) throws(FileFailure) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileFailure("look at", path, code: errno) }
        self.init(status)
    }

    init(_ status: stat) {
        isRegular = status.st_mode & S_IFMT == S_IFREG
        isFolder = status.st_mode & S_IFMT == S_IFDIR
        size = Int64(status.st_size)
        modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }

    /// Whether a time is the one that a stamp remembers. Layers of images and archives keep whole seconds alone: a file
    /// that came that way has the same time, cut.
    static func isSame(_ modified: Int64, as remembered: Int64) -> Bool {
        modified == remembered
            || modified % 1_000_000_000 == 0 && modified == remembered - remembered % 1_000_000_000
    }
}
