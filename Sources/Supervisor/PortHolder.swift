import Glibc
import Lifecycle
import NIOCore
import ProcessHost
import PublicPort
import Settings
import Synchronization
import VariableCatalog

/// Holds the public listening socket for the life of the container, and accepts on it while nobody else does.
///
/// The socket itself is never shut down or closed, so no connection is ever refused: what arrives while nobody accepts
/// waits in the kernel's queue.
final class PortHolder {
    /// For the API to inherit.
    let descriptor: CInt
    private let group: any EventLoopGroup
    private let sources: HealthResponder.Sources
    private let connections = OpenConnections(limit: 1024, raisesDescriptors: false)
    private var accepting: EventLoopFuture<any Channel>?
    /// Nobody has listened on it yet, so that connections are refused.
    private var isClosed: Bool

    /// - Parameter staysClosed: it is bound, and refuses connections until the API listens on it for the first time.
    init(
        host: String, port: UInt16, staysClosed: Bool, group: any EventLoopGroup, sources: HealthResponder.Sources
    ) throws {
        descriptor = try TCPListener.listen(
            host: host, port: port, backlog: staysClosed ? nil : PortAcceptor.backlog)
        isClosed = staysClosed
        self.group = group
        self.sources = sources
    }

    /// Begins to accept, if it does not already.
    func take() {
        guard accepting == nil, !isClosed else { return }
        // A duplicate, so that closing NIO's channel leaves the socket open.
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return }
        accepting = PortAcceptor.accept(on: copy, group: group, sources, connections: connections)
    }

    /// Stops accepting, since the API does; connections already accepted get their answers.
    func release() {
        isClosed = false
        accepting?.whenSuccess { $0.close(promise: nil) }
        accepting = nil
    }
}

/// Whether `/metrics` is for everybody, as the api sees it; the settings may change while the container runs.
final class MetricsAccess: Sendable {
    private let value: Atomic<Bool>

    init(_ configuration: Configuration) { value = Atomic(Self.isOpen(configuration)) }

    var isOpen: Bool { value.load(ordering: .relaxed) }

    func know(_ configuration: Configuration) { value.store(Self.isOpen(configuration), ordering: .relaxed) }

    private static func isOpen(_ configuration: Configuration) -> Bool {
        let environment = configuration.services.first { !$0.sockets.isEmpty }?.environment ?? [:]
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let keys = ["COXSWAIN_API_KEYS_FILE", "COXSWAIN_API_KEYS", "COXSWAIN_API_KEY"]
        guard keys.contains(where: { value($0) != nil }) else { return true }
        return value("COXSWAIN_METRICS_OPEN").flatMap(Variable.Kind.flag) ?? false
    }
}
