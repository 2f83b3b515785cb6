import Glibc
import Health
import NIOCore
import ProcessHost
import PublicPort

/// Holds the public listening socket for the life of the container, and accepts on it while nobody else does.
///
/// The socket itself is never shut down or closed, so no connection is ever refused: what arrives while nobody accepts
/// waits in the kernel's queue.
final class PortHolder {
    /// For the API to inherit.
    let descriptor: CInt
    private let group: any EventLoopGroup
    private let state: @Sendable () -> ContainerState
    private var accepting: EventLoopFuture<any Channel>?

    init(host: String, port: UInt16, group: any EventLoopGroup, state: @escaping @Sendable () -> ContainerState) throws
    {
        descriptor = try TCPListener.listen(host: host, port: port, backlog: PortAcceptor.backlog)
        self.group = group
        self.state = state
    }

    /// Begins to accept, if it does not already.
    func take() {
        guard accepting == nil else { return }
        // A duplicate, so that closing NIO's channel leaves the socket open.
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return }
        accepting = PortAcceptor.accept(on: copy, group: group, state: state)
    }

    /// Stops accepting; connections already accepted get their answers.
    func release() {
        accepting?.whenSuccess { $0.close(promise: nil) }
        accepting = nil
    }
}
