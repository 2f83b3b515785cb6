import CLinux
import Glibc

/// Who this thread is for the file system and /proc.
///
/// As a file's owner the kernel itself holds us to what that user may do. And it opens /proc/PID/fd of processes of
/// that user, which root may not look into without CAP_SYS_PTRACE, and Docker does not give that.
package enum FileIdentity {
    /// Runs `body`, which must not wait, as this user and group where that can be, else as ourselves.
    package static func assume<Result>(user: UInt32, group: UInt32? = nil, _ body: () -> Result) -> Result {
        guard geteuid() == 0, user != 0 else { return body() }
        defer { _ = cox_file_identity(geteuid(), getegid()) }
        if cox_file_identity(user, group ?? getegid()) != 0 { _ = cox_file_identity(geteuid(), getegid()) }
        return body()
    }
}
