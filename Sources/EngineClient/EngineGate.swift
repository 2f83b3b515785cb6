import Synchronization

/// What PID 1 says of the engine: whether it may be asked, and how often its work has ended it. Answers whether a request
/// that came to nothing took the engine with it.
///
/// That word comes over another channel than the broken connection, some milliseconds later or, where the engine's server
/// outlives its core, some seconds. So whoever wants to know waits a little.
final class EngineGate: Sendable {
    /// How things stood before a request was sent.
    struct Mark: Sendable, Equatable {
        /// Nil where nobody counts.
        var crashes: Int?
        /// A crash that is learned of later is not laid at this request's door.
        var until: ContinuousClock.Instant?
    }

    enum Verdict: Sendable, Equatable {
        /// The engine's end has been counted since, as one that its work may have caused.
        case crashed
        /// The engine was away and is back, and no crash was counted: somebody ended it.
        case replaced
        /// The engine seems to be the same.
        case same
        /// Nobody counts.
        case untold
        case expired
        case cancelled
    }

    private struct State: Sendable {
        var isOpen = true
        var crashes: Int?
        var lastCrash: ContinuousClock.Instant?
        /// How often it was closed.
        var closings = 0
        /// How often something was said.
        var words: UInt64 = 0
        var lastWaiter: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]

        func hasCrashed(since mark: Mark) -> Bool {
            guard let crashes, let before = mark.crashes, crashes > before else { return false }
            guard let until = mark.until, let lastCrash else { return true }
            return lastCrash <= until
        }
    }

    private let state = Mutex(State())

    var mark: Mark {
        state.withLock { Mark(crashes: $0.crashes) }
    }

    /// - Parameter crashes: nil leaves the count as it is.
    /// - Returns: whether it was the other way round before.
    func set(open: Bool, crashes: Int?) -> Bool {
        let (hasTurned, waiters) = state.withLock { state in
            let hasTurned = state.isOpen != open
            if hasTurned, !open { state.closings += 1 }
            state.isOpen = open
            state.words += 1
            if let crashes {
                if let before = state.crashes, crashes > before { state.lastCrash = .now }
                state.crashes = crashes
            }
            defer { state.waiters = [:] }
            return (hasTurned, state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
        return hasTurned
    }

    func hasCrashed(since mark: Mark) -> Bool {
        state.withLock { $0.hasCrashed(since: mark) }
    }

    /// Waits until it can be said what became of the engine: at once when a crash is counted or nobody counts, when the
    /// gate opens again where it is closed or closes, and after the grace where it stays open.
    func verdict(since mark: Mark, grace: Duration, deadline: ContinuousClock.Instant) async -> Verdict {
        let graceEnd = ContinuousClock.now + grace
        // Not how it stood when the request was sent: it may have closed and opened over the same engine since.
        let (wasOpen, closings) = state.withLock { ($0.isOpen, $0.closings) }
        while !Task.isCancelled {
            let state = state.withLock { $0 }
            let now = ContinuousClock.now
            if state.crashes == nil || mark.crashes == nil { return .untold }
            if state.hasCrashed(since: mark) { return .crashed }
            if state.isOpen, !wasOpen || state.closings > closings { return .replaced }
            if state.isOpen, now >= graceEnd { return .same }
            if now >= deadline { return .expired }
            await word(after: state.words, until: state.isOpen ? min(graceEnd, deadline) : deadline)
        }
        return .cancelled
    }

    /// Waits for the next word after so many, until the deadline or the end of the task at most.
    private func word(after words: UInt64, until deadline: ContinuousClock.Instant) async {
        let identifier = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        let timer = Task {
            try? await Task.sleep(until: deadline, clock: .continuous)
            self.wake(identifier)
        }
        defer { timer.cancel() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isLate = state.withLock { state in
                    guard state.words == words else { return true }
                    state.waiters[identifier] = continuation
                    return false
                }
                if isLate { continuation.resume() }
                // A cancellation or a deadline from before the waiter was there found nobody to wake.
                if Task.isCancelled || deadline <= .now { wake(identifier) }
            }
        } onCancel: {
            wake(identifier)
        }
    }

    private func wake(_ identifier: UInt64) {
        state.withLock { $0.waiters.removeValue(forKey: identifier) }?.resume()
    }
}
