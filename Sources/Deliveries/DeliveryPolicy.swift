package import Jobs

/// When a delivery is tried again, and when it is given up. Pure. Times are seconds.
package struct DeliveryPolicy: Sendable, Equatable {
    /// For how long a delivery is tried.
    package var patience = 86_400.0
    /// The pause after the first try; each one after is twice as long.
    package var firstPause = 5.0
    package var longestPause = 600.0
    /// The longest time for which whoever was asked may keep us away.
    package var longestRetryAfter = 3600.0

    package init() {}

    /// - Parameters:
    ///   - attempts: tries that were over before this one.
    ///   - createdAt: when it became due for the first time, since 1970.
    ///   - jitter: from 0 to 1, by chance: what failed together must not come again together.
    package func outcome(
        of problem: DeliveryProblem, attempts: Int, createdAt: Double, at now: Double, jitter: Double
    ) -> DeliveryOutcome {
        let end = createdAt + patience
        // Checked after a try, never before one: whoever starts after a long time away has tried once more before it gives up.
        guard problem.hope != .none, now < end else { return .failed(detail: problem.detail) }
        let pause = pause(after: problem, attempts: attempts) * (0.8 + 0.4 * jitter)
        let wait = max(pause, min(problem.retryAfter ?? 0, longestRetryAfter))
        // The last try is at the very end.
        return .again(at: min(now + wait, end), detail: problem.detail)
    }

    private func pause(after problem: DeliveryProblem, attempts: Int) -> Double {
        if problem.hope == .slow { return longestPause }
        // An exponent that overflows nothing.
        return min(longestPause, firstPause * Double(1 << min(attempts, 30)))
    }
}
