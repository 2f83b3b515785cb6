import Glibc
package import NIOCore
import Synchronization

/// The connections of one port, of which there are never too many. May be asked from any thread.
package final class OpenConnections: Sendable {
    private struct State {
        var table: ConnectionTable
        var channels: [ConnectionTable.Identifier: any Channel] = [:]
    }

    private let state: Mutex<State>

    /// Connections beside the limit, for probes.
    private static let reserve = 32
    /// Descriptors that are needed for other things than clients.
    private static let descriptors = 512

    /// - Parameters:
    ///   - limit: connections that may be open; fewer where this process may not have as many descriptors.
    ///   - raisesDescriptors: this process's limit of descriptors, which its children inherit, is raised for them.
    package init(limit: Int, raisesDescriptors: Bool) {
        let possible = Self.descriptors(limit + Self.reserve + Self.descriptors, raises: raisesDescriptors)
        let left = possible - Self.reserve - min(Self.descriptors, possible / 2)
        state = Mutex(State(table: ConnectionTable(limit: min(limit, left), reserve: Self.reserve)))
    }

    /// The most that this process may have open, raised as far as it is needed and may be.
    private static func descriptors(_ wanted: Int, raises: Bool) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return wanted }
        if raises, limit.rlim_cur < rlim_t(wanted) {
            let before = limit.rlim_cur
            limit.rlim_cur = min(limit.rlim_max, rlim_t(wanted))
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 { limit.rlim_cur = before }
        }
        return Int(clamping: min(limit.rlim_cur, rlim_t(wanted)))
    }

    /// Gives a connection a place, for which another may be closed.
    ///
    /// - Returns: nil where there is none: close it.
    package func admit(_ channel: any Channel) -> ConnectionSeat? {
        let (admission, evicted) = state.withLock { state in
            let admission = state.table.admit()
            if let identifier = admission.identifier { state.channels[identifier] = channel }
            return (admission, admission.evicted.flatMap { state.channels.removeValue(forKey: $0) })
        }
        // It has no request, so there is nothing to linger for.
        evicted?.pipeline.triggerUserOutboundEvent(LingeringCloseHandler.CloseNow(), promise: nil)
        guard let identifier = admission.identifier else { return nil }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { state in
                state.table.remove(identifier)
                state.channels[identifier] = nil
            }
        }
        return ConnectionSeat(connections: self, identifier: identifier, isOnReserve: admission.isOnReserve)
    }

    package var count: Int { state.withLock { $0.channels.count } }

    package var channels: [any Channel] { state.withLock { Array($0.channels.values) } }

    fileprivate func setWaiting(_ waits: Bool, _ identifier: ConnectionTable.Identifier) {
        state.withLock { $0.table.setWaiting(waits, identifier) }
    }
}

/// The place of one connection.
package struct ConnectionSeat: Sendable {
    fileprivate let connections: OpenConnections
    fileprivate let identifier: ConnectionTable.Identifier
    /// It was let in beyond the limit, for what probes ask and nothing else.
    package let isOnReserve: Bool

    /// Says whether the connection waits for a request.
    package func setWaiting(_ waits: Bool) { connections.setWaiting(waits, identifier) }
}
