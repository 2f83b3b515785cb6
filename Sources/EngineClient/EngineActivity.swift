import Synchronization

/// How the engine is doing, as its requests tell: how many are at it, and since when none of them has moved.
///
/// A long generation moves with every token, a hung engine does not, and its own health check knows neither.
package final class EngineActivity: Sendable {
    package struct Reading: Sendable, Equatable {
        /// Requests that have been sent and not answered.
        package var requests: Int
        /// How long some have been waiting since the last token or answer of any of them; zero while there are none. That
        /// an engine which hangs must not look new to each impatient client is PID 1's to see to, which adds up.
        package var silence: Duration
    }

    private struct State: Sendable {
        var requests = 0
        /// The last sign, or the rise from zero. Of a clock that stands still while the machine sleeps: no engine is to blame for that.
        var lastSign = SuspendingClock.now
        var observer: (@Sendable () -> Void)?

        var silence: Duration { requests > 0 ? lastSign.duration(to: .now) : .zero }
    }

    private let state = Mutex(State())

    package init() {}

    package var reading: Reading {
        state.withLock { Reading(requests: $0.requests, silence: $0.silence) }
    }

    /// - Parameter body: called whenever the engine begins or ends to have requests, from any thread; it must not block.
    package func observe(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.observer = body }
    }

    /// A request is sent. ``end()`` is owed.
    func begin() {
        let observer = state.withLock { state in
            state.requests += 1
            guard state.requests == 1 else { return nil as (@Sendable () -> Void)? }
            state.lastSign = .now
            return state.observer
        }
        observer?()
    }

    /// The engine has moved on with a request, or answered it.
    func sign() {
        state.withLock { $0.lastSign = .now }
    }

    /// A request is over, answered or not.
    func end() {
        let observer = state.withLock { state in
            state.requests -= 1
            return state.requests == 0 ? state.observer : nil
        }
        observer?()
    }
}
