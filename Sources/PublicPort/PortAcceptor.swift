package import Health
package import NIOCore
import NIOPosix

/// Accepts on a listening socket that somebody else owns and answers from the container's state.
package enum PortAcceptor {
    /// Connections that the kernel keeps for us while nobody accepts; NIO calls `listen()` again with it on an adopted
    /// descriptor, so every part that accepts on the socket must use the same.
    package static let backlog: CInt = 4096

    /// Starts accepting on `descriptor`, which the returned channel then owns: give it a `dup`.
    ///
    /// Closing the channel stops the accepting and leaves the socket itself, and its queue of connections, as it is.
    package static func accept(
        on descriptor: CInt, group: any EventLoopGroup, state: @escaping @Sendable () -> ContainerState,
        measure: @escaping @Sendable () -> ContainerReading? = { nil }
    ) -> EventLoopFuture<any Channel> {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: backlog)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try HealthResponder.configure(channel, state: state, measure: measure)
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .withBoundSocket(descriptor)
    }
}
