import CLinux
import Glibc

/// Collects every child that ends, ours or an orphan that the kernel gave us.
package enum ChildReaper {
    /// A child that has ended and was collected.
    package struct Ended: Sendable, Equatable {
        package var pid: ProcessID
        /// waitpid(2)'s raw status.
        package var status: CInt
        /// With those of its own children that it had waited for.
        package var usage: ResourceUsage

        package init(pid: ProcessID, status: CInt, usage: ResourceUsage) {
            self.pid = pid
            self.status = status
            self.usage = usage
        }
    }

    /// Makes orphans of our services come to us, also where we are not process 1.
    ///
    /// - Returns: false where the kernel refuses.
    package static func becomeSubreaper() -> Bool { cox_set_child_subreaper() == 0 }

    /// Collects those that are waited for first, then whatever else has ended, at most `most` of it: a storm of orphans
    /// must not hold up the loop. If more may be there, this process sends itself another SIGCHLD, so that the loop
    /// comes back after its other events.
    ///
    /// - Parameter awaited: the children that somebody waits for. The others that `body` is called with are orphans.
    package static func reap(awaited: some Sequence<ProcessID>, most: Int = 512, _ body: (Ended) -> Void) {
        for pid in awaited { if let ended = next(pid) { body(ended) } }
        for _ in 0..<most {
            guard let ended = next(-1) else { return }
            body(ended)
        }
        kill(getpid(), SIGCHLD)
    }

    /// Reaps until no child is left, at most so long: for the end of the process.
    ///
    /// A shim says that nothing is left of its service and ends a moment later. Where we are not process 1, leaving before
    /// it would leave it to somebody else as a zombie.
    package static func reapAll(within milliseconds: Int) {
        let end = EventLoop.now() + UInt64(milliseconds) * 1_000_000
        var ended = cox_ended()
        repeat {
            let result = cox_reap(-1, &ended)
            if result < 0 { return }
            if result == 0 { usleep(1000) }
        } while EventLoop.now() < end
    }

    private static func next(_ pid: ProcessID) -> Ended? {
        var ended = cox_ended()
        guard cox_reap(pid, &ended) == 1 else { return nil }
        return Ended(
            pid: ended.pid, status: ended.wait_status,
            usage: ResourceUsage(
                user: .microseconds(ended.user_microseconds), system: .microseconds(ended.system_microseconds),
                peakKibibytes: Int(ended.peak_kibibytes)))
    }
}
