import Glibc
import Synchronization

/// SIGTERM and SIGINT, taken by the main thread, which does nothing else.
///
/// They are blocked before any other thread exists, so that none of them can be ended by one.
enum Signals {
    private static let action = Mutex<(@Sendable (CInt) -> Void)?>(nil)

    /// Blocks the two signals in the calling thread and all threads made after. A broken pipe is an error of the write
    /// that meets it.
    static func block() {
        var set = watched
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// From now on the signals call `body`, on the main thread. Before that they end the program.
    static func handle(_ body: @escaping @Sendable (CInt) -> Void) {
        action.withLock { $0 = body }
    }

    /// Waits for signals for ever.
    static func wait() -> Never {
        var set = watched
        while true {
            var number: CInt = 0
            guard sigwait(&set, &number) == 0 else { continue }
            if let action = action.withLock({ $0 }) {
                action(number)
            } else {
                // As a shell reports a program that a signal ended.
                _exit(128 + number)
            }
        }
    }

    private static var watched: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        return set
    }
}
