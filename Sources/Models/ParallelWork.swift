import Glibc
import Synchronization
import Threads

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
