import Synchronization

/// Turns at work that takes long, so many at once, and half of them for one host: one that does not answer keeps its share of
/// them at most, so that others are still asked.
final class HostTurns: Sendable {
    private struct Waiter: Sendable {
        let ticket: Ticket
        let host: String
        /// Told whether it is its turn; false: it was cancelled.
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State: Sendable {
        var waiting: [Waiter] = []
        var underWay: [String: Int] = [:]
        var turns = 0
    }

    private let state = Mutex(State())
    private let most: Int
    private let mostPerHost: Int

    init(most: Int) {
        self.most = max(most, 1)
        mostPerHost = max(self.most / 2, 1)
    }

    /// Does a piece of work when it is its turn, in the order of asking among one host's.
    ///
    /// - Throws: what the work throws; `CancellationError` where the task was cancelled before it began.
    func run<Value: Sendable>(host: String, _ work: () async throws -> Value) async throws -> Value {
        try await begin(host)
        defer { end(host) }
        return try await work()
    }

    private func begin(_ host: String) async throws(CancellationError) {
        let ticket = Ticket()
        let isIn = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    // Under the lock: what cancels sets this first and looks among the waiting then.
                    if ticket.isCancelled { return false }
                    if take(host, &state) { return true }
                    state.waiting.append(Waiter(ticket: ticket, host: host, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            ticket.cancel()
            forget(ticket)
        }
        if !isIn { throw CancellationError() }
    }

    private func take(_ host: String, _ state: inout State) -> Bool {
        guard state.turns < most, state.underWay[host, default: 0] < mostPerHost else { return false }
        state.turns += 1
        state.underWay[host, default: 0] += 1
        return true
    }

    private func end(_ host: String) {
        let next: Waiter? = state.withLock { state in
            let left = state.underWay[host, default: 1] - 1
            state.underWay[host] = left > 0 ? left : nil
            state.turns -= 1
            guard let index = state.waiting.indices.first(where: { take(state.waiting[$0].host, &state) }) else {
                return nil
            }
            return state.waiting.remove(at: index)
        }
        next?.continuation.resume(returning: true)
    }

    private func forget(_ ticket: Ticket) {
        let waiter: Waiter? = state.withLock { state in
            guard let index = state.waiting.firstIndex(where: { $0.ticket === ticket }) else { return nil }
            return state.waiting.remove(at: index)
        }
        waiter?.continuation.resume(returning: false)
    }
}

/// Whether somebody still waits for a turn.
private final class Ticket: Sendable {
    private let flag = Atomic(false)
    var isCancelled: Bool { flag.load(ordering: .acquiring) }
    func cancel() { flag.store(true, ordering: .releasing) }
}
