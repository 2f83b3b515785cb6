import Foundation
import ProcessHost
import Testing

/// A process in a session of its own, which goes with its object, and its descendants with it.
final class HostProcess {
    let pid: Int32
    private var isReaped = false

    /// - Parameter user: runs as this user, which takes root.
    init(_ command: [String], user: UInt32? = nil) throws {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        let prefix = user.map { ["setpriv", "--reuid=\($0)", "--regid=\($0)", "--clear-groups"] } ?? []
        pid = try Spawner.spawn(
            ["/usr/bin/env"] + prefix + command,
            environment: ["PATH": "/usr/bin:/bin:/usr/local/bin", "LANG": "C.UTF-8"],
            descriptors: [null, null, null])
    }

    deinit { kill() }

    /// Kills the whole session's group and takes the exit status of waitpid(2).
    @discardableResult func kill() -> Int32 {
        guard !isReaped else { return 0 }
        Glibc.kill(-pid, SIGKILL)
        return wait()
    }

    func wait() -> Int32 {
        isReaped = true
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return status
    }
}
