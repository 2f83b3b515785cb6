import CLinux
import Glibc

/// The folder for sockets and, later, jobs: ours alone, and one container's alone.
package final class StateFolder {
    package let path: String
    private let lock: CInt

    package enum Problem: Error, Sendable, CustomStringConvertible {
        case system(SystemError)
        /// Another running container holds it.
        case taken(path: String)

        package var description: String {
            switch self {
            case .system(let error): "\(error)"
            case .taken(let path): "\(path) is in use by another running coxswain"
            }
        }
    }

    /// Makes the folder (and its parents) with mode 0700 and locks it for as long as this object, or the process, lives.
    package init(path: String) throws(Problem) {
        self.path = path
        var partial = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            partial += "/\(part)"
            if mkdir(partial, 0o755) == 0 || errno == EEXIST { continue }
            let code = errno
            // Some file systems that are read-only say so of a folder that is there, too.
            if code == EROFS, access(partial, F_OK) == 0 { continue }
            throw .system(SystemError("create the folder \(partial)", code: code))
        }
        // Also when it was there: what lies in it is nobody else's business. A volume whose modes cannot be changed
        // (some network file systems) is used as it is.
        chmod(path, 0o700)
        lock = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw .system(SystemError("create \(path)/lock")) }
        guard cox_lock_file(lock) == 0 else {
            let code = errno
            close(lock)
            if code == EWOULDBLOCK { throw .taken(path: path) }
            throw .system(SystemError("lock \(path)/lock", code: code))
        }
    }

    deinit { close(lock) }
}
