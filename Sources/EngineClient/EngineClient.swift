import Synchronization

/// Asks an OpenAI-compatible engine to read pictures.
///
/// It outlives the engine: while the engine is away requests wait, each until its own deadline, and those that the
/// engine took down with it are sent again. At most `maximumConcurrency` are at the engine at once, in order of arrival.
package final class EngineClient: Sendable {
    private let configuration: EngineConfiguration
    private let transfers: TransferLoop
    private let turnstile: Turnstile
    private let onRetry: @Sendable (EngineRetry) -> Void
    /// The requests at the engine and their progress, for whoever watches it.
    package let activity = EngineActivity()
    /// The model that the engine named, until it has been away.
    private let discoveredModel = Mutex<String?>(nil)

    /// - Parameter onRetry: told of each failure that will be tried again, for the log.
    /// - Throws: `.invalidConfiguration`, or `.unreachable` where the system refuses a thread.
    package init(
        configuration: EngineConfiguration, onRetry: @escaping @Sendable (EngineRetry) -> Void = { _ in }
    ) throws(EngineError) {
        try configuration.validate()
        guard let transfers = TransferLoop() else {
            throw EngineError(.unreachable, "the engine client cannot start: no memory or thread for libcurl")
        }
        self.configuration = configuration
        self.transfers = transfers
        self.onRetry = onRetry
        turnstile = Turnstile(places: configuration.maximumConcurrency)
    }

    deinit {
        transfers.stop()
    }

    // MARK: - The gate

    /// Opens or closes the way to the engine; it is open at first. While it is closed requests wait. Those at the
    /// engine are left alone: an engine that is merely not well may still answer them.
    package func setGate(open: Bool) {
        turnstile.set(open: open)
    }

    /// Follows a sequence of gate positions, newest last, until it ends or the task is cancelled.
    package func run<Gate: AsyncSequence<Bool, Never> & Sendable>(gate: Gate) async {
        for await isOpen in gate { setGate(open: isOpen) }
    }

    // MARK: - Requests

    /// Reads one picture.
    ///
    /// Cancelling the task ends the transfer at once. What can succeed later is tried again, with growing pauses and
    /// once the gate is open, until the deadline.
    ///
    /// - Throws: the last attempt's error; `.unreachable` when the deadline came while waiting for the gate or a place.
    package func recognise(
        _ request: EngineRequest, deadline: ContinuousClock.Instant
    ) async throws(EngineError) -> EngineAnswer {
        let ticket = turnstile.ticket()
        var budget = RetryBudget(maximumAttempts: configuration.maximumAttempts, backoff: configuration.backoff)
        while true {
            try await enter(ticket, deadline, lastError: budget.lastError)
            let failure: AttemptFailure
            do throws(AttemptFailure) {
                defer { turnstile.leave() }
                var answer = try await attempt(request, deadline)
                answer.attempts = budget.attempts + 1
                return answer
            } catch {
                failure = error
            }
            let pause = try budget.spend(on: failure, jitter: .random(in: 0...1))
            guard .now + pause < deadline else { throw failure.error }
            onRetry(EngineRetry(error: failure.error, attempts: budget.attempts, pause: pause))
            do { try await Task.sleep(for: pause) } catch { throw .taskCancelled }
        }
    }

    /// The models that the engine offers, in its order. One attempt, gate or no gate.
    package func models() async throws(EngineError) -> [String] {
        do throws(AttemptFailure) {
            return try await listModels(timeout: min(configuration.requestTimeout, .seconds(10)))
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
        _ ticket: UInt64, _ deadline: ContinuousClock.Instant, lastError: EngineError?
    ) async throws(EngineError) {
        switch await turnstile.enter(ticket, until: deadline) {
        case .entered: return
        case .cancelled: throw .taskCancelled
        case .expired:
            throw lastError
                ?? EngineError(.unreachable, "the deadline came before the engine had a place for the request")
        }
    }

    private func attempt(
        _ request: EngineRequest, _ deadline: ContinuousClock.Instant
    ) async throws(AttemptFailure) -> EngineAnswer {
        do throws(AttemptFailure) {
            let body = ChatCompletion.body(for: request, model: try await model(deadline))
            let response = try await read(body, timeout: timeout(deadline))
            var answer = try AttemptFailure.wrapping { () throws(EngineError) in
                if let stream = response.stream { return try stream.answer() }
                return try ChatCompletion.answer(from: response.body)
            }
            if answer.isBrokenOff {
                throw AttemptFailure(
                    error: EngineError(.failed, "the engine broke its answer off (\(answer.finishReason ?? ""))"))
            }
            answer.milliseconds = response.milliseconds
            return answer
        } catch {
            // Whoever comes back in its place may serve another model.
            if error.error.code == .unreachable { discoveredModel.withLock { $0 = nil } }
            throw error
        }
    }

    /// Has the engine read a page, under the eyes of `activity`.
    private func read(_ body: [UInt8], timeout: Duration) async throws(AttemptFailure) -> TransferResponse {
        activity.begin()
        defer { activity.end() }
        return try await exchange("/chat/completions", body: body, timeout: timeout, onProgress: activity.sign)
    }

    private func model(_ deadline: ContinuousClock.Instant) async throws(AttemptFailure) -> String {
        if let model = configuration.model ?? discoveredModel.withLock({ $0 }) { return model }
        guard let first = try await listModels(timeout: timeout(deadline)).first else {
            throw AttemptFailure(error: EngineError(.failed, "the engine lists no model"))
        }
        discoveredModel.withLock { $0 = first }
        return first
    }

    private func listModels(timeout: Duration) async throws(AttemptFailure) -> [String] {
        let response = try await exchange("/models", body: nil, timeout: timeout)
        return try AttemptFailure.wrapping { () throws(EngineError) in try ChatCompletion.models(from: response.body) }
    }

    private func timeout(_ deadline: ContinuousClock.Instant) -> Duration {
        min(configuration.requestTimeout, ContinuousClock.now.duration(to: deadline))
    }

    private func exchange(
        _ path: String, body: [UInt8]?, timeout: Duration, onProgress: (@Sendable () -> Void)? = nil
    ) async throws(AttemptFailure) -> TransferResponse {
        let limit = configuration.maximumAnswerBytes
        let request = TransferRequest(
            url: configuration.url(path), body: body, apiKey: configuration.apiKey, timeout: timeout,
            connectTimeout: configuration.connectTimeout, maximumAnswerBytes: limit,
            stream: onProgress == nil ? nil : ChatStream(limit: limit), onProgress: onProgress)
        let response: TransferResponse
        do throws(TransferFailure) {
            response = try await transfers.perform(request)
        } catch {
            throw AttemptFailure(error, url: request.url, limit: limit)
        }
        // An error is an answer too: whoever gives one is not hung.
        onProgress?()
        guard (200..<300).contains(response.status) else {
            let error = ChatCompletion.error(status: response.status, body: response.body)
            throw AttemptFailure(error: error, retryAfter: response.retryAfter)
        }
        return response
    }
}
