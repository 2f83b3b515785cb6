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
    var error: EngineError
    /// Whether the engine may have begun to work on the request.
    var reachedEngine: Bool
    /// How long the engine asked us to stay away.
    var retryAfter: Duration

    /// An answer that is an error, or no answer that we can use.
    init(error: EngineError, retryAfter: Duration = .zero) {
        self.error = error
        self.retryAfter = retryAfter
        // One that says "not now" has not begun.
        reachedEngine = error.code != .overloaded
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
        reachedEngine = failure.kind != .notConnected
        retryAfter = .zero
    }

    static func wrapping<Value>(_ body: () throws(EngineError) -> Value) throws(AttemptFailure) -> Value {
        do throws(EngineError) { return try body() } catch { throw AttemptFailure(error: error) }
    }
}

/// What one request has used up of its chances. Pure.
struct RetryBudget: Sendable {
    let maximumAttempts: Int
    let backoff: Backoff
    /// Transfers made, all of them failed.
    private(set) var attempts = 0
    private(set) var lastError: EngineError?
    /// Of these, those that the engine may have begun to work on.
    private var attemptsAtEngine = 0

    init(maximumAttempts: Int, backoff: Backoff) {
        self.maximumAttempts = maximumAttempts
        self.backoff = backoff
    }

    /// The pause before the next attempt.
    ///
    /// - Throws: the failure's error where there is no point in another, or none is left.
    mutating func spend(on failure: AttemptFailure, jitter: Double) throws(EngineError) -> Duration {
        attempts += 1
        if failure.reachedEngine { attemptsAtEngine += 1 }
        lastError = failure.error
        guard failure.error.isRetryable, attemptsAtEngine < maximumAttempts else { throw failure.error }
        return max(backoff.pause(afterFailures: attempts, jitter: jitter), min(failure.retryAfter, .seconds(30)))
    }
}
