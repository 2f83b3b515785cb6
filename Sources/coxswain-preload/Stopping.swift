import Glibc
import Synchronization
import Threads

/// SIGTERM and SIGINT: noticed by whoever works, and obeyed within a second even if nobody does.
enum Stopping {
    private static let number = Atomic<CInt>(0)
    private static let hasBegun = Atomic<Bool>(false)
    /// Microseconds in which what is under way is left in order.
    private static let grace: useconds_t = 900_000

    /// From now on the signals are waited for, by a thread that does nothing else. Before that they end the process, which
    /// suits whoever has nothing under way.
    static func begin() {
        guard !hasBegun.exchange(true, ordering: .relaxed) else { return }
        var set = watched
        // Threads made after this one inherit it, libcurl's too.
        pthread_sigmask(SIG_BLOCK, &set, nil)
        PlainThread.startDetached {
            var set = watched
            var signal: CInt = 0
            while sigwait(&set, &signal) != 0 {}
            number.store(signal, ordering: .releasing)
            usleep(grace)
            _exit(128 + signal)
        }
    }

    /// The signal that came; nil as long as none did.
    static var signal: CInt? {
        let signal = number.load(ordering: .acquiring)
        return signal == 0 ? nil : signal
    }

    static var isWanted: Bool { signal != nil }

    private static var watched: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        return set
    }
}
