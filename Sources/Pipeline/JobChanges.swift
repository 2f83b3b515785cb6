package import Jobs
import Synchronization

/// Wakes those who follow a job when there is something new in the store.
package final class JobChanges: Sendable {
    private struct Follower {
        var job: JobIdentifier
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        /// Changes so far, by job; of jobs that are worked on.
        var counts: [JobIdentifier: UInt64] = [:]
        var followers: [UInt64: Follower] = [:]
        var lastTicket: UInt64 = 0
    }

    private let state = Mutex(State())

    /// How often a job has changed; nil when it is not worked on, and so will not change. To be read before the store, so
    /// that nothing is missed in between.
    package func count(of job: JobIdentifier) -> UInt64? { state.withLock { $0.counts[job] } }

    /// Returns once a job has changed more often than that or is not worked on any more, or when the task is cancelled.
    package func wait(for job: JobIdentifier, after count: UInt64) async {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let returnsNow = state.withLock { state in
                    // A cancellation from before the continuation was stored found nobody to wake.
                    if (state.counts[job] ?? .max) > count || Task.isCancelled { return true }
                    state.followers[ticket] = Follower(job: job, continuation: continuation)
                    return false
                }
                if returnsNow { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.followers.removeValue(forKey: ticket) }?.continuation.resume()
        }
    }

    /// It is worked on from now on.
    func begin(_ job: JobIdentifier) { state.withLock { $0.counts[job] = 1 } }

    func changed(_ job: JobIdentifier) { wake(job) { $0.counts[job]? += 1 } }

    /// It will not change any more: whoever still waits looks once more, and the count is not kept.
    func ended(_ job: JobIdentifier) { wake(job) { $0.counts[job] = nil } }

    private func wake(_ job: JobIdentifier, _ change: (inout State) -> Void) {
        let woken = state.withLock { state in
            change(&state)
            let tickets = state.followers.filter { $0.value.job == job }.map(\.key)
            return tickets.compactMap { state.followers.removeValue(forKey: $0) }
        }
        for follower in woken { follower.continuation.resume() }
    }
}
