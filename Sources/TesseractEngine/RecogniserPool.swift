import CTesseract
import Synchronization
import Threads

/// Some recognisers, each on a thread of its own, with one queue before them.
///
/// First come, first served, by the recogniser that worked last: each keeps the memory that its largest picture took, so those
/// that are not needed at once stay small. A task that is cancelled leaves the queue, or stops the recogniser that works for it.
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
        /// What wakes the recognisers that have nothing to do; the one that worked last is the last.
        var idle: [Semaphore] = []
        var isClosed = false
    }

    /// Requests in the queue beyond which more are told to come later: each holds a whole picture.
    package static let maximumQueued = 1000

    private let state = Mutex(State())

    /// Starts the threads and waits until each has loaded its language data.
    ///
    /// - Throws: when one cannot; then none is left running.
    package init(languages: [String], count: Int) throws(RecogniserUnavailable) {
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
        let (queued, idle) = state.withLock { state in
            state.isClosed = true
            for monitor in state.working.values { monitor.cancel() }
            defer { (state.queue, state.idle) = ([], []) }
            return (state.queue, state.idle)
        }
        for job in queued { job.continuation.resume(returning: .failure(.stopping)) }
        for bell in idle { bell.signal() }
    }

    private func enqueue(_ job: Job) {
        let (refusal, bell) = state.withLock { state -> (ProblemReport?, Semaphore?) in
            if state.isClosed { return (.stopping, nil) }
            if state.queue.count >= Self.maximumQueued { return (.queueFull, nil) }
            state.queue.append(job)
            return (nil, state.idle.popLast())
        }
        if let refusal { job.continuation.resume(returning: .failure(refusal)) }
        bell?.signal()
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
        let bell = Semaphore()
        while let job = nextJob(bell) {
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

    /// Waits until there is something to do.
    ///
    /// - Returns: nil once the pool is closed.
    private func nextJob(_ bell: Semaphore) -> Job? {
        while true {
            let (job, isClosed) = state.withLock { state -> (Job?, Bool) in
                if state.isClosed { return (nil, true) }
                guard !state.queue.isEmpty else {
                    state.idle.append(bell)
                    return (nil, false)
                }
                let job = state.queue.removeFirst()
                state.working[job.identifier] = job.monitor
                return (job, false)
            }
            if job != nil || isClosed { return job }
            // Who is woken for a job that another one took, or that was cancelled, lies down again.
            bell.wait()
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
