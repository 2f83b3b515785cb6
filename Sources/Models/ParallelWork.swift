import Glibc
import Synchronization

/// Work for several threads, without Swift's concurrency: its pool has as many threads as processors, and these would block
/// them in `read`.
enum ParallelWork {
    /// - Returns: for each item its result. Returns when all are done.
    static func map<Result: Sendable>(
        _ items: [String], threads: Int, _ work: @escaping @Sendable (String) -> Result
    ) -> [String: Result] {
        let queue = Queue<Result>(items)
        let run: @Sendable () -> Void = {
            while let item = queue.next() { queue.finish(item, work(item)) }
        }
        // This thread is one of them, so that nothing depends on whether there are more.
        var others: [pthread_t] = []
        for _ in 1..<max(1, min(threads, items.count)) {
            if let thread = PlainThread.start(run) { others.append(thread) }
        }
        run()
        for thread in others { pthread_join(thread, nil) }
        return queue.results
    }

    private final class Queue<Result: Sendable>: Sendable {
        private let state: Mutex<(waiting: [String], results: [String: Result])>

        init(_ items: [String]) { state = Mutex((items.reversed(), [:])) }

        var results: [String: Result] { state.withLock { $0.results } }

        func next() -> String? { state.withLock { $0.waiting.popLast() } }

        func finish(_ item: String, _ result: Result) { state.withLock { $0.results[item] = result } }
    }
}

/// A thread of the C library, with all signals blocked: they are for the program's own.
enum PlainThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// - Returns: to be joined or detached; nil where the system has no thread left.
    static func start(_ run: @escaping @Sendable () -> Void) -> pthread_t? {
        let body = Unmanaged.passRetained(Body(run))
        var (all, before) = (sigset_t(), sigset_t())
        sigfillset(&all)
        // Inherited by the new thread.
        pthread_sigmask(SIG_BLOCK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        if status != 0 { body.release() }
        return status == 0 ? thread : nil
    }
}
