/// Counts what went wrong with one service and says when to try again, or that it is enough.
package struct RestartBudget: Sendable, Equatable {
    private var crashes: [Instant] = []
    private var failedStarts = 0
    /// Failures since the service last ran stably; decides the wait.
    private var inARow = 0
    /// What ``Verdict/retry(after:attempt:of:)`` last said; nil since a stable run, and before the first failure.
    package private(set) var lastRetry: Retry?

    package init() {}

    package struct Retry: Sendable, Equatable {
        package var attempt: Int
        package var limit: Int
    }

    package enum Verdict: Sendable, Equatable {
        case retry(after: Duration, attempt: Int, of: Int)
        case spent(String)
    }

    /// - Parameters:
    ///   - readyFor: how long the instance had been ready; nil when it never was. That it ran is told first (``ran(_:policy:)``).
    package mutating func failed(
        at now: Instant, readyFor: Duration?, policy: RestartPolicy, random: inout SeededRandom
    ) -> Verdict {
        if readyFor != nil {
            crashes.append(now)
            crashes.removeAll { now - $0 > policy.window }
            if crashes.count > policy.limit {
                return .spent("it crashed \(crashes.count) times within \(policy.window.readable)")
            }
        } else {
            failedStarts += 1
            if failedStarts > policy.failedStarts {
                return .spent("\(failedStarts) starts in a row failed")
            }
        }
        inARow += 1
        let attempt = readyFor == nil ? failedStarts : crashes.count
        let limit = readyFor == nil ? policy.failedStarts : policy.limit
        lastRetry = Retry(attempt: attempt, limit: limit)
        return .retry(after: wait(policy, &random), attempt: attempt, of: limit)
    }

    /// A stable run forgives what was before it, however it ended.
    package mutating func ran(_ readyFor: Duration, policy: RestartPolicy) {
        guard readyFor >= policy.stableAfter else { return }
        inARow = 0
        failedStarts = 0
        lastRetry = nil
    }

    private func wait(_ policy: RestartPolicy, _ random: inout SeededRandom) -> Duration {
        guard inARow > 1 else { return policy.first }
        // The exponent is capped long before the shift could overflow.
        let doubled = policy.base * (1 << min(inARow - 2, 20))
        // Up to a fifth less, so that containers that failed together do not come back together.
        let jitter = Double.random(in: 0.8...1, using: &random)
        return min(doubled, policy.maximum) * jitter
    }
}
