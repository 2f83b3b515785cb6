import Glibc
import Synchronization

/// Threads for work that waits for the network: made when there is some, gone when there is none.
///
/// A host that does not answer keeps its share of them at most, so that others are still asked.
final class TransferThreads: Sendable {
    private struct Job: Sendable {
        let ticket: Ticket
        let host: String
        let run: @Sendable () -> Void
        let drop: @Sendable (any Error) -> Void
    }

    private struct State: Sendable {
        var waiting: [Job] = []
        var threads = 0
        var underWay: [String: Int] = [:]
    }

    struct NoThread: Error {}

    private let state = Mutex(State())
    private let most: Int
    private let mostPerHost: Int

    /// - Parameter most: pieces of work at once; half of them for one host.
    init(most: Int) {
        self.most = max(most, 1)
        mostPerHost = max(self.most / 2, 1)
    }

    /// Does a piece of work on a thread of its own, in the order of asking among one host's.
    ///
    /// - Parameters:
    ///   - work: asks now and then whether it is cancelled, which the task's cancellation makes true.
    /// - Throws: what the work throws; `CancellationError` where it was cancelled before it began; ``NoThread``.
    func run<Value: Sendable>(
        host: String, _ work: @escaping @Sendable (_ isCancelled: @escaping @Sendable () -> Bool) throws -> Value
    ) async throws -> Value {
        let ticket = Ticket()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                add(
                    Job(
                        ticket: ticket, host: host,
                        run: { continuation.resume(with: Result { try work { ticket.isCancelled } }) },
                        drop: { continuation.resume(throwing: $0) }))
            }
        } onCancel: {
            ticket.cancel()
            forget(ticket)
        }
    }

    private func add(_ job: Job) {
        let needsThread: Bool? = state.withLock { state in
            // Under the lock: what cancels sets this first and looks among the waiting then.
            guard !job.ticket.isCancelled else { return nil }
            state.waiting.append(job)
            guard state.threads < most, state.underWay[job.host, default: 0] < mostPerHost else { return false }
            state.threads += 1
            return true
        }
        guard let needsThread else { return job.drop(CancellationError()) }
        if needsThread, !start() { giveUp() }
    }

    private func forget(_ ticket: Ticket) {
        let job: Job? = state.withLock { state in
            guard let index = state.waiting.firstIndex(where: { $0.ticket === ticket }) else { return nil }
            return state.waiting.remove(at: index)
        }
        job?.drop(CancellationError())
    }

    /// The next one of a host that has not got its share; counted as under way.
    private func next(after done: String?) -> Job? {
        state.withLock { state in
            if let done {
                let left = state.underWay[done, default: 1] - 1
                state.underWay[done] = left > 0 ? left : nil
            }
            let index = state.waiting.firstIndex { state.underWay[$0.host, default: 0] < mostPerHost }
            guard let index else {
                state.threads -= 1
                return nil
            }
            let job = state.waiting.remove(at: index)
            state.underWay[job.host, default: 0] += 1
            return job
        }
    }

    /// The system refuses a thread. Others, where there are some, will come to what waits.
    private func giveUp() {
        let dropped: [Job] = state.withLock { state in
            state.threads -= 1
            guard state.threads == 0 else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for job in dropped { job.drop(NoThread()) }
    }

    private func start() -> Bool {
        var thread = pthread_t()
        // Balanced by the thread.
        let context = Unmanaged.passRetained(self)
        guard pthread_create(&thread, nil, runTransfers, context.toOpaque()) == 0 else {
            context.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    fileprivate func work() {
        var done: String?
        while let job = next(after: done) {
            job.run()
            done = job.host
        }
    }
}

/// Whether somebody still waits for a piece of work.
private final class Ticket: Sendable {
    private let flag = Atomic(false)
    var isCancelled: Bool { flag.load(ordering: .acquiring) }
    func cancel() { flag.store(true, ordering: .releasing) }
}

private func runTransfers(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<TransferThreads>.fromOpaque(context).takeRetainedValue().work() }
    return nil
}
