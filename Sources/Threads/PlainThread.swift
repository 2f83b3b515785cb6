package import Glibc

/// A thread of the C library, for what blocks: Swift's own pool has as many threads as there are processors.
package enum PlainThread {
    /// Runs `body` on a new thread, with all signals blocked: they are for the program's own threads. A write to a pipe that
    /// nobody reads is an error there and nothing more.
    ///
    /// - Returns: the thread, which is to be joined or detached; nil where the system has none to give.
    package static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
        // Balanced by the thread.
        let context = Unmanaged.passRetained(Body(body))
        var (blocked, before) = (sigset_t(), sigset_t())
        sigfillset(&blocked)
        // A fault of the thread's own, which ends the process whether blocked or not: Swift's backtrace is made by a handler.
        for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT] { sigdelset(&blocked, fault) }
        // Inherited by the new thread.
        pthread_sigmask(SIG_BLOCK, &blocked, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            context.release()
            return nil
        }
        return thread
    }

    /// Runs `body` on a new thread that nobody joins.
    ///
    /// - Returns: false where the system has none to give.
    @discardableResult package static func startDetached(_ body: @escaping @Sendable () -> Void) -> Bool {
        guard let thread = start(body) else { return false }
        pthread_detach(thread)
        return true
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
