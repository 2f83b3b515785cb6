import Synchronization

/// Lets a bounded number in at a time, in order of their tickets, and nobody while it is closed.
///
/// One thing for the limit on concurrency, the gate and requests that must be alone, so that a request which failed can
/// wait for the gate without holding a place, and still goes before those that came after it.
package final class Turnstile: Sendable {
    package enum Outcome: Sendable {
        /// Inside: `leave()` is owed.
        case entered
        case expired
        case cancelled
    }

    package struct Reading: Sendable, Equatable {
        package var inside: Int
        package var waiting: Int
        /// The number of places alone holds somebody up.
        package var isFull: Bool

        package init(inside: Int, waiting: Int, isFull: Bool) {
            self.inside = inside
            self.waiting = waiting
            self.isFull = isFull
        }
    }

    private struct Waiter: Sendable {
        var ticket: UInt64
        /// Goes in when nobody is inside, and nobody else goes in until it has left.
        var isAlone: Bool
        var continuation: CheckedContinuation<Outcome, Never>
    }

    private struct State: Sendable {
        var isOpen = true
        var places: Int
        var inside = 0
        /// Whoever is inside is alone.
        var isTakenWhole = false
        var lastTicket: UInt64 = 0
        /// In order of tickets.
        var waiters: [Waiter] = []
    }

    private let state: Mutex<State>

    package init(places: Int) {
        state = Mutex(State(places: places))
    }

    package var reading: Reading {
        state.withLock { state in
            Reading(
                inside: state.inside, waiting: state.waiters.count,
                isFull: state.isOpen && !state.isTakenWhole && state.inside >= state.places
                    && state.waiters.first?.isAlone == false)
        }
    }

    /// A place in the order, to be used for every entry on behalf of one request.
    package func ticket() -> UInt64 {
        state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
    }

    /// Waits for a place, until the deadline or the end of the task at most.
    ///
    /// - Parameter isAlone: waits until nobody is inside, and keeps everybody out. Those who came later wait behind it, so
    ///   that it gets its turn; those who came before go first.
    package func enter(_ ticket: UInt64, isAlone: Bool = false, until deadline: ContinuousClock.Instant) async
        -> Outcome
    {
        let timer = Task {
            try? await Task.sleep(until: deadline, clock: .continuous)
            self.give(up: ticket, .expired)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                queue(Waiter(ticket: ticket, isAlone: isAlone, continuation: continuation))
                admit()
                // A cancellation from before the waiter was queued found nobody to wake.
                if Task.isCancelled { give(up: ticket, .cancelled) }
                if deadline <= .now { give(up: ticket, .expired) }
            }
        } onCancel: {
            give(up: ticket, .cancelled)
        }
    }

    package func leave() {
        state.withLock { state in
            state.inside -= 1
            state.isTakenWhole = false
        }
        admit()
    }

    package func set(open: Bool) {
        state.withLock { $0.isOpen = open }
        admit()
    }

    /// Those inside beyond a smaller number are left alone; nobody comes after them until enough have left.
    package func set(places: Int) {
        state.withLock { $0.places = places }
        admit()
    }

    private func queue(_ waiter: Waiter) {
        state.withLock { state in
            // Most come with the newest ticket.
            let before = state.waiters.lastIndex { $0.ticket < waiter.ticket }
            state.waiters.insert(waiter, at: before.map { $0 + 1 } ?? state.waiters.startIndex)
        }
    }

    private func admit() {
        let entering = state.withLock { state -> [Waiter] in
            guard state.isOpen else { return [] }
            var count = 0
            while count < state.waiters.count, !state.isTakenWhole {
                let isAlone = state.waiters[count].isAlone
                guard isAlone ? state.inside == 0 : state.inside < state.places else { break }
                state.inside += 1
                state.isTakenWhole = isAlone
                count += 1
            }
            defer { state.waiters.removeFirst(count) }
            return Array(state.waiters.prefix(count))
        }
        for waiter in entering { waiter.continuation.resume(returning: .entered) }
    }

    private func give(up ticket: UInt64, _ outcome: Outcome) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.ticket == ticket }) else { return nil }
            return state.waiters.remove(at: index)
        }
        guard let waiter else { return }
        // Whoever wanted to be alone may have held up those behind it.
        if waiter.isAlone { admit() }
        waiter.continuation.resume(returning: outcome)
    }
}
