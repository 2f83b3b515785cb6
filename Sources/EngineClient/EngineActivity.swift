import Synchronization

/// How the engine is doing, as its requests tell: how many are at it, and since when none of them has moved.
///
/// A long generation moves with every token, a hung engine does not, and its own health check knows neither.
package final class EngineActivity: Sendable {
    package struct Reading: Sendable, Equatable {
        /// Requests that have been sent and not answered.
        package var requests: Int
        /// How long some have been waiting since the last token or answer of any of them. Those that gave up count too: an
        /// engine that hangs must not look new to each impatient client.
        package var silence: Duration
    }

    private struct State: Sendable {
        var requests = 0
        /// Silence from before the number last was zero.
        var carried = Duration.zero
        /// The last sign, or the rise from zero. Of a clock that stands still while the machine sleeps: no engine is to blame for that.
        var lastSign = SuspendingClock.now
        var observer: (@Sendable () -> Void)?

        var silence: Duration { carried + (requests > 0 ? lastSign.duration(to: .now) : .zero) }
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
        state.withLock { state in
            state.lastSign = .now
            state.carried = .zero
        }
    }

    /// A request is over, answered or not.
    func end() {
        let observer = state.withLock { state in
            let silence = state.silence
            state.requests -= 1
            guard state.requests == 0 else { return nil as (@Sendable () -> Void)? }
            state.carried = silence
            return state.observer
        }
        observer?()
    }
}
