import Synchronization

/// Lets a bounded number in at a time, in order of their tickets, and nobody while it is closed.
///
/// One thing for both the limit on concurrency and the gate, so that a request which failed can wait for the gate
/// without holding a place, and still goes before those that came after it.
final class Turnstile: Sendable {
    enum Outcome: Sendable {
        /// Inside: `leave()` is owed.
        case entered
        case expired
        case cancelled
    }

    private typealias Waiter = (ticket: UInt64, continuation: CheckedContinuation<Outcome, Never>)

    private struct State: Sendable {
        var isOpen = true
        var inside = 0
        var lastTicket: UInt64 = 0
        /// In order of tickets.
        var waiters: [Waiter] = []
    }

    private let places: Int
    private let state = Mutex(State())

    init(places: Int) {
        self.places = places
    }

    /// A place in the order, to be used for every entry on behalf of one request.
    func ticket() -> UInt64 {
        state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
    }

    /// Waits for a place, until the deadline or the end of the task at most.
    func enter(_ ticket: UInt64, until deadline: ContinuousClock.Instant) async -> Outcome {
        let timer = Task {
            try? await Task.sleep(until: deadline, clock: .continuous)
            self.give(up: ticket, .expired)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                queue((ticket, continuation))
                admit()
                // A cancellation from before the waiter was queued found nobody to wake.
                if Task.isCancelled { give(up: ticket, .cancelled) }
                if deadline <= .now { give(up: ticket, .expired) }
            }
        } onCancel: {
            give(up: ticket, .cancelled)
        }
    }

    func leave() {
        state.withLock { $0.inside -= 1 }
        admit()
    }

    func set(open: Bool) {
        state.withLock { $0.isOpen = open }
        admit()
    }

    private func queue(_ waiter: Waiter) {
        state.withLock { state in
            let index = state.waiters.firstIndex { $0.ticket > waiter.ticket } ?? state.waiters.endIndex
            state.waiters.insert(waiter, at: index)
        }
    }

    private func admit() {
        let entering = state.withLock { state -> [Waiter] in
            guard state.isOpen else { return [] }
            let count = min(max(places - state.inside, 0), state.waiters.count)
            let entering = Array(state.waiters.prefix(count))
            state.waiters.removeFirst(count)
            state.inside += count
            return entering
        }
        for waiter in entering { waiter.continuation.resume(returning: .entered) }
    }

    private func give(up ticket: UInt64, _ outcome: Outcome) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.ticket == ticket }) else { return nil }
            return state.waiters.remove(at: index)
        }
        waiter?.continuation.resume(returning: outcome)
    }
}
