import Glibc

/// A file operation that the system refused.
package struct FileFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was being done, for example `write the result`.
    package var action: String
    /// The folder concerned. One of ours, never a client's name.
    package var folder: String
    /// `errno` of the call.
    package var code: Int32

    package init(action: String, folder: String, code: Int32) {
        self.action = action
        self.folder = folder
        self.code = code
    }

    /// No room: the disk or the quota is full.
    package var isFull: Bool { code == ENOSPC || code == EDQUOT }

    package var description: String { "cannot \(action) in \(folder): \(String(cString: strerror(code)))" }
}

/// Calls a system function again while it is interrupted by signals.
///
/// - Returns: its result, or nil with `errno` set when it is −1.
func retrying(_ body: () -> Int) -> Int? {
    while true {
        let result = body()
        if result >= 0 { return result }
        if errno != EINTR { return nil }
    }
}

/// Makes a folder with `mode`, and those above it with 0755 less the umask; existing ones are left as they are.
func makeFolder(_ path: String, mode: mode_t) throws(FileFailure) {
    if mkdir(path, mode) == 0 || errno == EEXIST { return }
    let code = errno
    guard code == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
        throw FileFailure(action: "make a folder", folder: path, code: code)
    }
    try makeFolder(String(path[..<slash]), mode: 0o755)
    if mkdir(path, mode) != 0, errno != EEXIST {
        throw FileFailure(action: "make a folder", folder: path, code: errno)
    }
}

/// Waits until a new name in a folder is on the disk. One that cannot be synchronised (some network file systems) costs
/// durability after a power cut only.
func synchroniseFolder(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
}
