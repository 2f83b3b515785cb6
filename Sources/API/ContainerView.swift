package import Health
import Prometheus
import PublicPort
import Synchronization
import TimeOfDay

/// The container's state as this process knows it: PID 1's last word, and when it came.
package final class ContainerView: Sendable {
    private struct Known {
        var state: ContainerState
        /// Seconds since 1970; nil for a state of our own, which is never stale.
        var heard: Double?
        var isStopping = false
    }

    private let known: Mutex<Known>

    /// A view that PID 1 keeps up to date through ``hear(_:at:)``.
    package init(supervisedSince start: Double) {
        let reason = "the supervisor has not been heard from yet"
        known = Mutex(Known(state: ContainerState(reason: reason, startedAt: start), heard: start))
    }

    /// The view of an api that was started by hand: ready, and author of its own state.
    package init(own state: ContainerState) {
        known = Mutex(Known(state: state, heard: nil))
    }

    /// - Returns: true when the state's content is new, false for a heartbeat.
    package func hear(_ state: ContainerState, at now: Double) -> Bool {
        known.withLock { known in
            let isNew = known.state.revision != state.revision || known.state != state
            known.state = state
            known.heard = now
            return isNew
        }
    }

    /// From now on no work is taken, whatever PID 1 says.
    package func beginStopping() { known.withLock { $0.isStopping = true } }

    package var isStopping: Bool { known.withLock { $0.isStopping } }

    package var facts: Facts { known.withLock { $0.state.facts } }

    /// Answers a probe, or nil for a path that is none.
    package func answer(_ request: HealthRequest) -> HealthAnswer? {
        let now = WallClock.now()
        let known = current()
        return known.state.answer(request, now: now, heard: known.heard ?? now)
    }

    /// The container as far as it is known here.
    ///
    /// - Parameter isSupervised: whether PID 1 answers; nil where there is none.
    func metrics(isSupervised: Bool?) -> [MetricFamily] { current().state.metrics(nil, isSupervised: isSupervised) }

    /// Why no work can be taken now; nil when it can, be it that it has to wait for the engine.
    ///
    /// Before the container was ready once nobody can tell whether it ever will be, so work is refused, in PID 1's words;
    /// afterwards what comes while the engine is away is worth the wait. While PID 1 drains, new work is still taken: load balancers need time to learn that the container is not ready.
    /// Only our own stop ends that.
    package func refusal() -> HealthAnswer? {
        let known = current()
        guard !known.isStopping, known.state.startedOnce else {
            return known.state.unavailable(now: WallClock.now())
        }
        switch known.state.phase {
        case .stopped, .failed: return known.state.unavailable(now: WallClock.now())
        case .preloading, .starting, .warming, .ready, .degraded, .draining: return nil
        }
    }

    /// Seconds that a client should wait before it comes again.
    package var retryAfter: Int { current().state.retryAfter }

    private func current() -> Known {
        var known = known.withLock { $0 }
        if known.isStopping, known.state.phase != .draining {
            known.state.phase = .draining
            known.state.ready = false
            known.state.reason = "the container is stopping"
        }
        return known
    }
}
