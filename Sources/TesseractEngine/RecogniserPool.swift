import CTesseract
import Synchronization
import Threads

/// Some recognisers, each on a thread of its own, with one queue before them.
///
/// First come, first served. A task that is cancelled leaves the queue, or stops the recogniser that works for it.
package final class RecogniserPool: Sendable {
    package struct Answer: Sendable, Equatable {
        package var recognition: Recognition
        /// The wait for a recogniser.
        package var queuedMilliseconds: Int
    }

    private typealias Outcome = Result<Answer, ProblemReport>

    private struct Job: Sendable {
        var identifier: UInt64
        var image: [UInt8]
        var queuedAt: ContinuousClock.Instant
        var monitor: RecognitionMonitor
        var continuation: CheckedContinuation<Outcome, Never>
    }

    private struct State: Sendable {
        var lastIdentifier: UInt64 = 0
        var queue: [Job] = []
        var working: [UInt64: RecognitionMonitor] = [:]
        var isClosed = false
    }

    /// Requests in the queue beyond which more are told to come later: each holds a whole picture.
    package static let maximumQueued = 1000

    private let count: Int
    private let state = Mutex(State())
    /// Counts what there is to do. A thread that it wakes for nothing goes back to sleep.
    private let jobs = Semaphore()

    /// Starts the threads and waits until each has loaded its language data.
    ///
    /// - Throws: when one cannot; then none is left running.
    package init(languages: [String], count: Int) throws(RecogniserUnavailable) {
        self.count = count
        // Leptonica's messages are no JSON; its failures are seen by their results.
        setMsgSeverity(Int32(L_SEVERITY_NONE))
        let start = Start()
        for _ in 0..<count {
            let isRunning = PlainThread.startDetached {
                do throws(RecogniserUnavailable) {
                    let recogniser = try Recogniser(languages: languages)
                    start.loaded.signal()
                    self.work(with: recogniser)
                } catch {
                    start.fail(error)
                }
            }
            if !isRunning { start.fail(RecogniserUnavailable(message: "the system refuses a thread for a recogniser")) }
        }
        for _ in 0..<count { start.loaded.wait() }
        if let error = start.failure.withLock({ $0 }) {
            close()
            throw error
        }
    }

    /// Reads a picture when its turn comes.
    ///
    /// - Parameter onProgress: called on a thread of the pool once the picture is decoded and the work on it begins, and with
    ///   each line that is read; it must not block.
    /// - Throws: 400 for a bad picture, before any progress; 499 for a cancelled task; 503 when the queue is full or the pool
    ///   closed; 500 where Tesseract fails.
    package func recognise(
        _ image: [UInt8], onProgress: @escaping @Sendable () -> Void = {}
    ) async throws(ProblemReport) -> Answer {
        try Picture.check(image)
        let monitor = RecognitionMonitor(onProgress: onProgress)
        let identifier = state.withLock { state in
            state.lastIdentifier += 1
            return state.lastIdentifier
        }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
                enqueue(
                    Job(
                        identifier: identifier, image: image, queuedAt: .now, monitor: monitor,
                        continuation: continuation))
                // A cancellation from before the job was queued found nothing to end.
                if Task.isCancelled { cancel(identifier) }
            }
        } onCancel: {
            cancel(identifier)
        }
        return try outcome.get()
    }

    /// Requests that wait and requests that are worked on.
    package var load: (queued: Int, working: Int) {
        state.withLock { ($0.queue.count, $0.working.count) }
    }

    /// Ends what waits and what is worked on, and the threads when they get to it.
    package func close() {
        let queued = state.withLock { state in
            state.isClosed = true
            for monitor in state.working.values { monitor.cancel() }
            defer { state.queue = [] }
            return state.queue
        }
        for job in queued { job.continuation.resume(returning: .failure(.stopping)) }
        for _ in 0..<count { jobs.signal() }
    }

    private func enqueue(_ job: Job) {
        let refusal = state.withLock { state -> ProblemReport? in
            if state.isClosed { return .stopping }
            if state.queue.count >= Self.maximumQueued { return .queueFull }
            state.queue.append(job)
            return nil
        }
        if let refusal { job.continuation.resume(returning: .failure(refusal)) } else { jobs.signal() }
    }

    private func cancel(_ identifier: UInt64) {
        let job = state.withLock { state -> Job? in
            if let monitor = state.working[identifier] { monitor.cancel() }
            guard let index = state.queue.firstIndex(where: { $0.identifier == identifier }) else { return nil }
            return state.queue.remove(at: index)
        }
        job?.continuation.resume(returning: .failure(.cancelled))
    }

    /// A recogniser's life.
    private func work(with recogniser: borrowing Recogniser) {
        while true {
            jobs.wait()
            let (job, isClosed) = takeJob()
            if isClosed { return }
            guard let job else { continue }
            let queued = job.queuedAt.duration(to: .now)
            let outcome: Outcome
            do throws(ProblemReport) {
                let recognition = try recogniser.recognise(job.image, monitor: job.monitor)
                outcome = .success(
                    Answer(recognition: recognition, queuedMilliseconds: Int(queued / .milliseconds(1))))
            } catch {
                outcome = .failure(job.monitor.isCancelled ? reasonForCancellation : error)
            }
            _ = state.withLock { $0.working.removeValue(forKey: job.identifier) }
            job.continuation.resume(returning: outcome)
        }
    }

    private var reasonForCancellation: ProblemReport {
        state.withLock(\.isClosed) ? .stopping : .cancelled
    }

    private func takeJob() -> (job: Job?, isClosed: Bool) {
        state.withLock { state in
            guard !state.isClosed, !state.queue.isEmpty else { return (nil, state.isClosed) }
            let job = state.queue.removeFirst()
            state.working[job.identifier] = job.monitor
            return (job, false)
        }
    }

    /// What the threads tell `init`.
    private final class Start: Sendable {
        /// Signalled once by each thread, whether it succeeded or not.
        let loaded = Semaphore()
        let failure = Mutex<RecogniserUnavailable?>(nil)

        func fail(_ error: RecogniserUnavailable) {
            failure.withLock { $0 = error }
            loaded.signal()
        }
    }
}

extension ProblemReport {
    static let stopping = ProblemReport(status: 503, message: "the engine is stopping", code: "stopping")
    static let queueFull = ProblemReport(status: 503, message: "too many requests wait already", code: "queue_full")
    static let cancelled = ProblemReport(status: 499, message: "the client went away", code: "cancelled")
}
