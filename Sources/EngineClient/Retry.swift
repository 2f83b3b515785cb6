/// Growing pauses between attempts, spread out so that those who failed together do not come back together.
package struct Backoff: Sendable, Equatable {
    /// The mean of the first pause.
    package var first: Duration
    /// The longest mean.
    package var longest: Duration

    package init(first: Duration = .milliseconds(100), longest: Duration = .seconds(2)) {
        self.first = first
        self.longest = longest
    }

    /// The pause after the given number of failures in a row.
    ///
    /// - Parameter jitter: 0…1 from the caller's source of randomness; half to one and a half times the mean results.
    func pause(afterFailures failures: Int, jitter: Double) -> Duration {
        let doublings = min(max(failures - 1, 0), 16)
        return min(first * (1 << doublings), longest) * (0.5 + min(max(jitter, 0), 1))
    }
}

/// Why one attempt came to nothing.
struct AttemptFailure: Error, Sendable {
    enum Kind: Sendable, Equatable {
        /// The engine has not begun to work on the request: nobody listened, or it said "not now".
        case notBegun
        /// The engine had the request, and then there was no engine any more, or it was being stopped.
        case lost
        /// The engine had the request, and says itself that it failed.
        case failed
        /// Whatever another attempt would not change.
        case final
    }

    var error: EngineError
    var kind: Kind
    /// How long the engine asked us to stay away.
    var retryAfter: Duration

    /// An answer that is an error, or no answer that we can use.
    init(error: EngineError, retryAfter: Duration = .zero) {
        self.error = error
        self.retryAfter = retryAfter
        kind =
            switch error.code {
            case .overloaded: .notBegun
            case .failed: .failed
            default: .final
            }
    }

    /// An answer that ends before its end.
    init(brokenOff answer: EngineAnswer) {
        let reason = answer.finishReason ?? ""
        error = EngineError(.failed, "the engine broke its answer off (\(reason))")
        retryAfter = .zero
        // vLLM says "abort" of what is in flight when it is stopped, and "error" of a request that failed by itself.
        kind = reason == "error" ? .failed : .lost
    }

    init(_ failure: TransferFailure, url: String, limit: Int) {
        error =
            switch failure.kind {
            case .notConnected: EngineError(.unreachable, "no connection to the engine at \(url): \(failure.message)")
            case .connectionLost: EngineError(.unreachable, "the engine at \(url) broke off: \(failure.message)")
            case .timedOut: EngineError(.timedOut, "the engine at \(url) gave no answer in time")
            case .tooLarge: EngineError(.tooLargeAnswer, "the engine's answer is larger than \(limit) bytes")
            case .invalid: EngineError(.invalidConfiguration, "\(url) cannot be requested: \(failure.message)")
            case .cancelled: EngineError(.cancelled, failure.message)
            }
        kind =
            switch failure.kind {
            case .notConnected: .notBegun
            case .connectionLost: .lost
            default: .final
            }
        retryAfter = .zero
    }

    /// Whether the engine may have ended over the request.
    var mayBeItsEnd: Bool { kind == .lost || kind == .failed }

    static func wrapping<Value>(_ body: () throws(EngineError) -> Value) throws(AttemptFailure) -> Value {
        do throws(EngineError) { return try body() } catch { throw AttemptFailure(error: error) }
    }
}

/// What one request has used up of its chances. Pure.
struct RetryBudget: Sendable {
    let maximumAttempts: Int
    let maximumLosses: Int
    let backoff: Backoff
    /// Transfers made, all of them failed.
    private(set) var attempts = 0
    private(set) var lastError: EngineError?
    /// Of these, those that the engine may have begun to work on, and where nobody else is known to be to blame.
    private var attemptsAtEngine = 0
    /// Those that went down with an engine which somebody else ended.
    private var losses = 0

    init(maximumAttempts: Int, maximumLosses: Int, backoff: Backoff) {
        self.maximumAttempts = maximumAttempts
        self.maximumLosses = maximumLosses
        self.backoff = backoff
    }

    /// The pause before the next attempt.
    ///
    /// - Parameter verdict: what became of the engine, where that was asked.
    /// - Throws: the failure's error where there is no point in another, or none is left.
    mutating func spend(
        on failure: AttemptFailure, verdict: EngineGate.Verdict = .untold, jitter: Double
    ) throws(EngineError) -> Duration {
        attempts += 1
        lastError = failure.error
        switch (failure.kind, verdict) {
        case (.notBegun, _): break
        case (_, .replaced), (.lost, .same): losses += 1
        default: attemptsAtEngine += 1
        }
        guard failure.error.isRetryable, attemptsAtEngine < maximumAttempts, losses <= maximumLosses else {
            throw failure.error
        }
        return max(backoff.pause(afterFailures: attempts, jitter: jitter), min(failure.retryAfter, .seconds(30)))
    }
}
