import NIOCore
import NIOExtras
package import Pipeline
import Synchronization

/// The connections that are open, so that a stop can end those that are idle.
final class Connections: Sendable {
    private let open = Mutex<[ObjectIdentifier: any Channel]>([:])

    func add(_ channel: any Channel) {
        let key = ObjectIdentifier(channel)
        open.withLock { $0[key] = channel }
        channel.closeFuture.whenComplete { _ in self.open.withLock { $0[key] = nil } }
    }

    var count: Int { open.withLock { $0.count } }

    /// Closes each connection that has no request in progress at once, and the others after their answer.
    func quiesce() {
        for channel in open.withLock({ Array($0.values) }) {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }
}

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
