package import Pipeline
import Synchronization

/// Requests that have begun and are not yet answered, and the moment from which they may no longer go on.
package final class WorkInFlight: Sendable {
    private let requests = Mutex(0)
    /// Opens when a stop begins.
    package let stopping = Latch()
    /// Opens when the time that a stop leaves for finishing is over.
    package let deadline = Latch()

    package init() {}

    func begin() { requests.withLock { $0 += 1 } }
    func end() { requests.withLock { $0 -= 1 } }

    package var count: Int { requests.withLock { $0 } }
}
