/// Asks an OpenAI-compatible engine to read pictures.
///
/// It outlives the engine: while the engine is away requests wait, each until its own deadline, and those that went down
/// with it are sent again, unless they may be why. How many are at the engine at once is found from its own queue, up to
/// `maximumConcurrency`; they go in order of arrival.
package final class EngineClient: Sendable {
    private let configuration: EngineConfiguration
    private let transfers: TransferLoop
    private let engine: EngineExchange
    private let turnstile: Turnstile
    private let limit: ConcurrencyLimit
    private let gate = EngineGate()
    private let onRetry: @Sendable (EngineRetry) -> Void
    /// The requests at the engine and their progress, for whoever watches it.
    package let activity: EngineActivity

    /// How long after a failure an end of the engine that is counted only then may still be laid at its door: vLLM's server
    /// takes some seconds to find that its core is dead, and more to end.
    private static let attribution = Duration.seconds(30)

    /// - Parameter onRetry: told of each failure that will be tried again, for the log.
    /// - Throws: `.invalidConfiguration`, or `.unreachable` where the system refuses a thread.
    package init(
        configuration: EngineConfiguration, onRetry: @escaping @Sendable (EngineRetry) -> Void = { _ in }
    ) throws(EngineError) {
        try configuration.validate()
        // Two more, for the looks at the engine's queue and for whoever wants all of its metrics.
        guard let transfers = TransferLoop(maximumConnections: configuration.maximumConcurrency + 2) else {
            throw EngineError(.unreachable, "the engine client cannot start: no memory or thread for libcurl")
        }
        let activity = EngineActivity()
        let engine = EngineExchange(configuration: configuration, transfers: transfers, activity: activity)
        let turnstile = Turnstile(places: configuration.maximumConcurrency)
        self.configuration = configuration
        self.transfers = transfers
        self.engine = engine
        self.turnstile = turnstile
        self.activity = activity
        self.onRetry = onRetry
        limit = ConcurrencyLimit(ceiling: configuration.maximumConcurrency, turnstile: turnstile, look: engine.queue)
    }

    deinit {
        transfers.stop()
    }

    // MARK: - The gate

    /// Opens or closes the way to the engine; it is open at first. While it is closed requests wait. Those at the
    /// engine are left alone: an engine that is merely not well may still answer them.
    ///
    /// - Parameter crashes: how often the engine has ended in a way that its work may have caused. Only once it is told,
    ///   ``recognise(_:deadline:alone:)`` can throw `.crashed`. Nil leaves it as it was.
    package func setGate(open: Bool, crashes: Int? = nil) {
        if gate.set(open: open, crashes: crashes) {
            if open {
                engine.forgetModel()
                limit.restart()
            } else {
                transfers.forgetConnections()
            }
        }
        turnstile.set(open: open)
    }

    /// Follows a sequence of gate positions, newest last, until it ends or the task is cancelled.
    package func run<Gate: AsyncSequence<Bool, Never> & Sendable>(gate: Gate) async {
        for await isOpen in gate { setGate(open: isOpen) }
    }

    /// Ends of the engine that its work may have caused, as far as they are told.
    package var crashes: Int { gate.mark.crashes ?? 0 }

    // MARK: - How much at once

    /// How many requests may be at the engine at once now, from 1 to `maximumConcurrency`.
    package var places: Int { limit.places }
    /// Requests that have a place now.
    package var inFlight: Int { turnstile.reading.inside }
    /// Requests that wait for a place or for the gate. Those that pause between two attempts are not among them.
    package var waiting: Int { turnstile.reading.waiting }

    /// - Parameter body: called whenever `places` has changed, from any thread; it must not block.
    package func observePlaces(_ body: @escaping @Sendable () -> Void) {
        limit.observe(body)
    }

    // MARK: - Requests

    /// Reads one picture.
    ///
    /// Cancelling the task ends the transfer at once. What can succeed later is tried again, with growing pauses and
    /// once the gate is open, until the deadline.
    ///
    /// - Parameter alone: no other request is at the engine meanwhile, so that an end of the engine is this one's doing.
    /// - Throws: the last attempt's error; `.crashed` when the engine ended over it; `.unreachable` when the deadline came
    ///   while waiting for the gate or a place.
    package func recognise(
        _ request: EngineRequest, deadline: ContinuousClock.Instant, alone: Bool = false
    ) async throws(EngineError) -> EngineAnswer {
        let ticket = turnstile.ticket()
        var budget = RetryBudget(
            maximumAttempts: configuration.maximumAttempts, maximumLosses: configuration.maximumLosses,
            backoff: configuration.backoff)
        /// From before the first attempt whose failure may still turn out to have been the engine's end.
        var suspicion: EngineGate.Mark?
        while true {
            if let lastError = budget.lastError {
                // The word may have come during the pause; behind a closed gate it is waited for here.
                _ = try await settle(&suspicion, grace: .zero, deadline, lastError)
            }
            try await enter(ticket, alone, deadline, lastError: budget.lastError)
            let mark = gate.mark
            let failure: AttemptFailure
            do throws(AttemptFailure) {
                defer { leave() }
                if let suspicion, gate.hasCrashed(since: suspicion) { throw AttemptFailure(error: .engineCrashed) }
                var answer = try await engine.read(request, deadline)
                limit.answered()
                answer.attempts = budget.attempts + 1
                return answer
            } catch {
                failure = error
            }
            if failure.error.code == .overloaded { limit.refused() }
            let verdict = try await judge(failure, mark, &suspicion, deadline)
            let pause = try budget.spend(on: failure, verdict: verdict, jitter: .random(in: 0...1))
            guard .now + pause < deadline else { throw failure.error }
            onRetry(EngineRetry(error: failure.error, attempts: budget.attempts, pause: pause))
            do { try await Task.sleep(for: pause) } catch { throw .taskCancelled }
        }
    }

    /// The models that the engine offers, in its order. One attempt, gate or no gate.
    package func models() async throws(EngineError) -> [String] {
        do throws(AttemptFailure) {
            return try await engine.listModels(timeout: .seconds(10))
        } catch {
            throw error.error
        }
    }

    /// What the engine says at `/metrics`, at most 1 MiB of it. One attempt of a second, gate or no gate.
    package func metrics() async throws(EngineError) -> [UInt8] {
        do throws(AttemptFailure) {
            return try await engine.metrics(timeout: .seconds(1), limit: 1 << 20)
        } catch {
            throw error.error
        }
    }

    /// Returns once the thread that speaks to the engine has taken a turn: that it hangs must not be laid at the engine's
    /// door.
    package func turn() async {
        await transfers.turn()
    }

    private func enter(
        _ ticket: UInt64, _ alone: Bool, _ deadline: ContinuousClock.Instant, lastError: EngineError?
    ) async throws(EngineError) {
        switch await turnstile.enter(ticket, isAlone: alone, until: deadline) {
        case .entered: limit.entered()
        case .cancelled: throw .taskCancelled
        case .expired:
            throw lastError
                ?? EngineError(.unreachable, "the deadline came before the engine had a place for the request")
        }
    }

    private func leave() {
        turnstile.leave()
        limit.left()
    }

    /// Waits for the word on what became of the engine.
    ///
    /// An engine that is dying may first answer with errors or refuse connections, so a failure is remembered, and a crash
    /// that is counted soon after the next ones is still its own.
    private func judge(
        _ failure: AttemptFailure, _ mark: EngineGate.Mark, _ suspicion: inout EngineGate.Mark?,
        _ deadline: ContinuousClock.Instant
    ) async throws(EngineError) -> EngineGate.Verdict {
        if let until = suspicion?.until, until < .now { suspicion = nil }
        if suspicion == nil, failure.mayBeItsEnd {
            suspicion = mark
            suspicion?.until = .now + Self.attribution
        }
        guard failure.error.isRetryable else { return .untold }
        return try await settle(&suspicion, grace: configuration.crashGrace, deadline, failure.error)
    }

    private func settle(
        _ suspicion: inout EngineGate.Mark?, grace: Duration, _ deadline: ContinuousClock.Instant, _ error: EngineError
    ) async throws(EngineError) -> EngineGate.Verdict {
        guard let mark = suspicion else { return .untold }
        let verdict = await gate.verdict(since: mark, grace: grace, deadline: deadline)
        switch verdict {
        case .crashed: throw .engineCrashed
        case .cancelled: throw .taskCancelled
        case .expired: throw error
        case .replaced:
            // Explained: what ends the next engine is another matter.
            suspicion = nil
            return verdict
        case .same, .untold: return verdict
        }
    }
}
