import Glibc
import Synchronization

/// Where tasks that want pages and threads that drive renderers meet.
final class Dispatcher: Sendable {
    /// What a worker is to do next.
    enum Order {
        case work(Job)
        /// The document that the worker has open was closed.
        case forget
        /// Nothing to do until the worker's bell becomes readable.
        case wait
        case stop
    }

    private struct WorkerState {
        var bell = Bell()
        var idle = false
        var process: pid_t?
        var document: UInt64?
        var job: UInt64?
        var cancelled = false
    }

    private struct State {
        var workers: [WorkerState]
        var queue = JobQueue()
        /// Jobs that are about to be queued, and whether they were cancelled before they were.
        var announced: [UInt64: Bool] = [:]
        var documents: Set<UInt64> = []
        var lastIdentifier: UInt64 = 0
        var stopping = false
        /// What renderers have said that they lack.
        var losses: Set<String> = []
        var statistics = RendererPool.Statistics()

        mutating func nextIdentifier() -> UInt64 {
            lastIdentifier += 1
            return lastIdentifier
        }
    }

    private let state: Mutex<State>

    init(workers: Int) {
        state = Mutex(State(workers: (0..<workers).map { _ in WorkerState() }))
    }

    deinit {
        state.withLock { state in state.workers.forEach { $0.bell.close() } }
    }

    // MARK: For tasks

    func registerDocument() -> UInt64 {
        state.withLock { state in
            let identifier = state.nextIdentifier()
            state.documents.insert(identifier)
            return identifier
        }
    }

    /// Lets workers that have the document open close it.
    func forget(_ document: UInt64) {
        state.withLock { state in
            guard state.documents.remove(document) != nil else { return }
            for index in state.workers.indices where state.workers[index].document == document {
                Self.wakeIfIdle(index, in: &state)
            }
        }
    }

    func perform(_ work: Work, on file: DocumentFile) async throws(RenderError) -> WorkResult {
        let identifier = state.withLock { state in
            let identifier = state.nextIdentifier()
            state.announced[identifier] = false
            return identifier
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                submit(Job(identifier: identifier, work: work, file: file, continuation: continuation))
            }
        } onCancel: {
            cancel(identifier)
        }
        return try result.get()
    }

    private func submit(_ job: Job) {
        let refusal: RenderError? = state.withLock { state in
            let cancelled = state.announced.removeValue(forKey: job.identifier) ?? false
            if cancelled { return .cancelledByTask }
            if state.stopping { return .poolShutDown }
            state.queue.append(job)
            Self.wakeBest(for: job.file.identifier, in: &state)
            return nil
        }
        if let refusal { job.continuation.resume(returning: .failure(refusal)) }
    }

    private func cancel(_ identifier: UInt64) {
        let queued: Job? = state.withLock { state in
            if state.announced[identifier] != nil {
                state.announced[identifier] = true
            } else if let job = state.queue.remove(identifier) {
                return job
            } else if let index = state.workers.firstIndex(where: { $0.job == identifier }) {
                state.workers[index].cancelled = true
                state.workers[index].bell.ring()
            }
            return nil
        }
        queued?.continuation.resume(returning: .failure(.cancelledByTask))
    }

    /// Ends all waiting jobs and tells all workers to stop.
    func stop() {
        let queued = state.withLock { state in
            state.stopping = true
            state.workers.forEach { $0.bell.ring() }
            return state.queue.removeAll()
        }
        for job in queued { job.continuation.resume(returning: .failure(.poolShutDown)) }
    }

    var processIdentifiers: [pid_t] { state.withLock { $0.workers.compactMap(\.process) } }

    var statistics: RendererPool.Statistics { state.withLock { $0.statistics } }

    // MARK: For workers

    /// - Parameter document: the one that the worker's renderer has open.
    func next(worker index: Int, document: UInt64?) -> Order {
        state.withLock { state in
            // Silenced under the lock under which it is rung: while a job runs, a ring means that it is to be given up.
            state.workers[index].bell.silence()
            state.workers[index].job = nil
            state.workers[index].cancelled = false
            state.workers[index].idle = false
            state.workers[index].document = document
            if state.stopping { return .stop }
            if let job = state.queue.take(preferring: document) {
                state.workers[index].job = job.identifier
                state.workers[index].document = job.file.identifier
                return .work(job)
            }
            if let document, !state.documents.contains(document) { return .forget }
            state.workers[index].idle = true
            return .wait
        }
    }

    /// Why the job that the worker has is to be given up, if it is.
    func interruption(worker index: Int) -> RenderError? {
        state.withLock { state in
            if state.stopping { return .poolShutDown }
            return state.workers[index].cancelled ? .cancelledByTask : nil
        }
    }

    /// The descriptor that becomes readable when a waiting worker has something to do, or a busy one is to give up.
    func wakeDescriptor(worker index: Int) -> CInt {
        state.withLock { $0.workers[index].bell.listening }
    }

    func note(worker index: Int, process: pid_t?) {
        state.withLock { state in
            state.workers[index].process = process
            if process != nil { state.statistics.started += 1 }
        }
    }

    /// Those that no renderer of this pool has said before.
    func firstHeard(of losses: [String]) -> [String] {
        state.withLock { state in losses.filter { state.losses.insert($0).inserted } }
    }

    func count(_ change: (inout RendererPool.Statistics) -> Void) {
        state.withLock { change(&$0.statistics) }
    }

    private static func wakeIfIdle(_ index: Int, in state: inout State) {
        guard state.workers[index].idle else { return }
        state.workers[index].idle = false
        state.workers[index].bell.ring()
    }

    /// An idle worker that has the document open, else one that has none, else any.
    private static func wakeBest(for document: UInt64, in state: inout State) {
        let idle = state.workers.indices.filter { state.workers[$0].idle }
        let best =
            idle.first { state.workers[$0].document == document } ?? idle.first { state.workers[$0].document == nil }
            ?? idle.first
        if let best { wakeIfIdle(best, in: &state) }
    }
}

extension RenderError {
    static let cancelledByTask = RenderError(.cancelled, "the task that wanted the page was cancelled")
    static let poolShutDown = RenderError(.closed, "rendering was shut down")
}
