import Glibc
import ProcessHost

/// Where the sockets of this life of the container lie.
///
/// In the state folder, if their paths fit into a Unix address and its file system holds sockets; else in /run or /tmp.
struct RunFolder {
    let path: String
    /// Why it is not the state folder.
    let note: String?

    var controlSocket: String { "\(path)/control.sock" }
    var notifySocket: String { "\(path)/notify.sock" }

    static func choose(stateFolder: String) throws(SystemError) -> RunFolder {
        var lastError = SystemError("make a folder for sockets", code: ENAMETOOLONG)
        for candidate in [stateFolder, "/run/coxswain", "/tmp/coxswain-\(geteuid())-\(getpid())"] {
            let folder = RunFolder(
                path: candidate,
                note: candidate == stateFolder
                    ? nil : "sockets are in \(candidate), not in the state folder: \(lastError)")
            guard mkdir(candidate, 0o700) == 0 || errno == EEXIST else {
                lastError = SystemError("create \(candidate)")
                continue
            }
            guard isOurs(candidate) else {
                lastError = SystemError("use \(candidate), which belongs to somebody else", code: EPERM)
                continue
            }
            do {
                close(try UnixSocket.listen(at: folder.controlSocket))
                return folder
            } catch {
                lastError = error
            }
        }
        throw lastError
    }

    /// Lets services of other users reach the sockets by their names; each socket knows whom it believes.
    func open() {
        chmod(path, 0o711)
        for socket in [controlSocket, notifySocket] { chmod(socket, 0o666) }
    }

    /// A folder that others may write to, or that another made for us in /tmp, is no place for sockets.
    private static func isOurs(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid()
            && status.st_mode & 0o022 == 0
    }
}
