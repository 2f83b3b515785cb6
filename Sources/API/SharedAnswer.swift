import Pipeline
import Synchronization

/// One answer for all who ask within a moment, so that nobody can have somebody else asked a thousand times a second; and an
/// end to their waiting, whether or not it came.
final class SharedAnswer<Value: Sendable>: Sendable {
    private struct State {
        var last: (value: Value, at: ContinuousClock.Instant)?
        /// Opens at the end of the question that is under way.
        var asking: Latch?
    }

    private let state = Mutex(State())
    private let ask: @Sendable () async -> Value
    private let freshness: Duration

    /// - Parameters:
    ///   - freshness: how old an answer may be.
    ///   - ask: never twice at a time.
    init(freshFor freshness: Duration = .seconds(1), _ ask: @escaping @Sendable () async -> Value) {
        self.freshness = freshness
        self.ask = ask
    }

    /// - Returns: nil when there is no answer in time.
    func value(within limit: Duration) async -> Value? {
        let (known, asking) = state.withLock { state -> (Value?, Latch) in
            if let last = state.last, last.at.duration(to: .now) < freshness { return (last.value, Latch()) }
            if let asking = state.asking { return (nil, asking) }
            let asking = Latch()
            state.asking = asking
            // Whoever waits may go; what was begun ends by itself.
            Task { await self.finish(asking) }
            return (nil, asking)
        }
        if let known { return known }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await asking.wait() }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
        return asking.isOpen ? state.withLock { $0.last?.value } : nil
    }

    private func finish(_ asking: Latch) async {
        let value = await ask()
        state.withLock { state in
            state.last = (value, .now)
            state.asking = nil
        }
        asking.open()
    }
}
