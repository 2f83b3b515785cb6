import CLinux
import Glibc

/// Collects every child that ends, ours or an orphan that the kernel gave us.
package enum ChildReaper {
    /// Makes orphans of our services come to us, also where we are not process 1.
    ///
    /// - Returns: false where the kernel refuses.
    package static func becomeSubreaper() -> Bool { cox_set_child_subreaper() == 0 }

    /// Calls `body` with the process id and raw wait status of every child that has ended.
    package static func reapAll(_ body: (ProcessID, CInt) -> Void) {
        var pid: ProcessID = 0
        var status: CInt = 0
        while cox_reap(&pid, &status) == 1 { body(pid, status) }
    }

    /// Reaps until no child is left, at most so long: for the end of the process.
    ///
    /// A shim says that nothing is left of its service and ends a moment later. Where we are not process 1, leaving before
    /// it would leave it to somebody else as a zombie.
    package static func reapAll(within milliseconds: Int) {
        var pid: ProcessID = 0
        var status: CInt = 0
        for _ in 0..<milliseconds {
            var result = cox_reap(&pid, &status)
            while result == 1 { result = cox_reap(&pid, &status) }
            guard result == 0 else { return }
            usleep(1000)
        }
    }

    /// Our children that are none of `known`: what hung below a shim that was killed.
    package static func strays(known: Set<ProcessID>) -> [ProcessID] {
        guard let text = SmallFile.read("/proc/self/task/\(getpid())/children") else { return [] }
        return text.split(separator: " ").compactMap { ProcessID($0) }.filter { !known.contains($0) }
    }
}

/// Files of /proc, /sys and the like: small, read whole.
package enum SmallFile {
    /// - Returns: the file's text, at most 1 MiB of it, or nil.
    package static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while bytes.count < 1 << 20 {
            let length = Glibc.read(descriptor, &chunk, chunk.count)
            if length < 0, errno == EINTR { continue }
            guard length > 0 else { break }
            bytes += chunk[..<length]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
