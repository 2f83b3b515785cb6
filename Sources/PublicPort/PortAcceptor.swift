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
    ///
    /// - Parameters:
    ///   - connections: all that are open here; nil where nobody counts them.
    ///   - pace: the time that clients have.
    package static func accept(
        on descriptor: CInt, group: any EventLoopGroup, _ sources: HealthResponder.Sources,
        connections: OpenConnections? = nil, pace: RequestPace.Limits = RequestPace.Limits()
    ) -> EventLoopFuture<any Channel> {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: backlog)
            .childChannelInitializer { channel in
                let seat = connections?.admit(channel)
                // No place at all, which is so for moments only: everybody is just being answered.
                if connections != nil, seat == nil { return channel.close() }
                return channel.eventLoop.makeCompletedFuture {
                    try HealthResponder.configure(channel, sources, seat: seat, pace: pace)
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .withBoundSocket(descriptor)
    }
}
