import Glibc
package import Health
package import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// PID 1's end of the control socket.
///
/// Runs on the event loop it is given and holds nothing but the state and the connections that follow it.
package final class ControlServer: Sendable {
    private let group: any EventLoopGroup
    private let current = Mutex(ContainerState())
    private let followers = Mutex<[ObjectIdentifier: NIOLoopBound<LineStream>]>([:])
    private let connections = Mutex<[Rights: Int]>([:])
    private let owners: Set<UInt32> = [0, geteuid()]
    private let users: Set<UInt32>
    private let acknowledged: @Sendable (UInt64) -> Void
    private let command: @Sendable (_ command: String, _ service: String) -> Void
    let sources: ControlSources

    /// Open connections of the same rights at a time; services and owners do not crowd each other out.
    package static let mostConnections = 64

    /// What whoever is at the other end may do, as the kernel knows the user.
    enum Rights: Hashable, Sendable {
        /// Everything.
        case owner
        /// Read what the public port says too, and acknowledge it.
        case service
        case stranger
    }

    /// - Parameters:
    ///   - users: who may speak here beside root and the container's own user: those that services run as.
    ///   - sources: what there is to ask for beside the state.
    ///   - acknowledged: called on the event loop with the revision that a peer has taken over.
    ///   - command: called on the event loop with what an operator asks for a service that there is.
    package init(
        group: any EventLoopGroup, users: Set<UInt32> = [], sources: ControlSources = ControlSources(),
        acknowledged: @escaping @Sendable (UInt64) -> Void,
        command: @escaping @Sendable (_ command: String, _ service: String) -> Void = { _, _ in }
    ) {
        self.group = group
        self.users = users
        self.sources = sources
        self.acknowledged = acknowledged
        self.command = command
    }

    /// Starts accepting on a listening Unix socket, which the returned channel then owns.
    package func accept(on descriptor: CInt) -> EventLoopFuture<any Channel> {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 128)
            .childChannelInitializer { [self] channel in
                peer(of: channel).flatMapThrowing { [self] uid in
                    let rights = rights(of: uid)
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(HTTPResponseEncoder())
                    try pipeline.addHandler(RequestLimit())
                    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    let handler = ControlHandler(server: self, rights: rights, hasRoom: enter(rights))
                    try pipeline.addHandler(handler)
                    channel.closeFuture.whenComplete { _ in self.leave(rights) }
                }
            }
            .withBoundSocket(descriptor)
    }

    /// Makes `state` what everybody hears from now on, and tells the followers.
    package func publish(_ state: ContainerState) {
        current.withLock { $0 = state }
        for stream in followers.withLock({ Array($0.values) }) {
            stream.eventLoop.execute {
                // Here and not on the caller's thread, which has a service to start.
                stream.value.replace(with: JSONText.encode(state))
            }
        }
    }

    // MARK: For the handlers

    var state: ContainerState { current.withLock { $0 } }

    /// Called on the channel's event loop.
    func follow(_ channel: any Channel, _ stream: LineStream) {
        followers.withLock { $0[ObjectIdentifier(channel)] = NIOLoopBound(stream, eventLoop: channel.eventLoop) }
        let key = ObjectIdentifier(channel)
        channel.closeFuture.whenComplete { _ in _ = self.followers.withLock { $0.removeValue(forKey: key) } }
    }

    func tookOver(_ revision: UInt64) { acknowledged(revision) }

    func obey(_ command: String, _ service: String) { self.command(command, service) }

    // MARK: Who is there

    private func rights(of uid: UInt32?) -> Rights {
        guard let uid else { return .stranger }
        // Whatever the mode of the socket's folder became.
        return owners.contains(uid) ? .owner : users.contains(uid) ? .service : .stranger
    }

    private func enter(_ rights: Rights) -> Bool {
        connections.withLock { connections in
            connections[rights, default: 0] += 1
            return connections[rights, default: 0] <= Self.mostConnections
        }
    }

    private func leave(_ rights: Rights) { connections.withLock { $0[rights, default: 1] -= 1 } }

    /// The user at the other end; nil when the kernel does not say.
    private func peer(of channel: any Channel) -> EventLoopFuture<UInt32?> {
        guard let provider = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeSucceededFuture(nil)
        }
        let credentials: EventLoopFuture<PeerCredentials> = provider.unsafeGetSocketOption(
            level: .socket, name: .init(rawValue: SO_PEERCRED))
        return credentials.map { $0.uid }
    }
}

/// `struct ucred` of unix(7), which Glibc's module does not show.
private struct PeerCredentials {
    var pid: Int32
    var uid: UInt32
    var gid: UInt32
}

/// Lets no more bytes in than a request may have.
private final class RequestLimit: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var left = ControlHandler.mostRequestBytes

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        left -= unwrapInboundIn(data).readableBytes
        guard left >= 0 else { return context.fireErrorCaught(ControlHandler.TooLarge()) }
        context.fireChannelRead(data)
    }
}
