import Glibc
package import Health
package import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import TimeOfDay

/// PID 1's end of the control socket.
///
/// Runs on the event loop it is given and holds nothing but the connections that follow the state.
package final class ControlServer: Sendable {
    private let group: any EventLoopGroup
    private let current = Mutex(ContainerState())
    private let followers = Mutex<[ObjectIdentifier: any Channel]>([:])
    private let owners: Set<UInt32> = [0, geteuid()]
    private let users: Set<UInt32>
    private let acknowledged: @Sendable (UInt64) -> Void
    private let command: @Sendable (_ command: String, _ service: String) -> Void

    /// - Parameters:
    ///   - users: who may speak here beside root and the container's own user: those that services run as.
    ///   - acknowledged: called on the event loop with the revision that a peer has taken over.
    ///   - command: called on the event loop with what an operator asks for a service that there is.
    package init(
        group: any EventLoopGroup, users: Set<UInt32> = [], acknowledged: @escaping @Sendable (UInt64) -> Void,
        command: @escaping @Sendable (_ command: String, _ service: String) -> Void = { _, _ in }
    ) {
        self.group = group
        self.users = users
        self.acknowledged = acknowledged
        self.command = command
    }

    /// Starts accepting on a listening Unix socket, which the returned channel then owns.
    package func accept(on descriptor: CInt) -> EventLoopFuture<any Channel> {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 128)
            .childChannelInitializer { [self] channel in
                peer(of: channel).flatMapThrowing { [self] uid in
                    let isOwner = uid.map(owners.contains) ?? false
                    // Whatever the mode of the socket's folder became.
                    guard isOwner || uid.map(users.contains) ?? false else { throw ControlError.strangers }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(HTTPResponseEncoder())
                    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    try pipeline.addHandler(ControlHandler(server: self, mayCommand: isOwner))
                }
            }
            .withBoundSocket(descriptor)
    }

    /// Makes `state` what everybody hears from now on, and tells the followers.
    package func publish(_ state: ContainerState) {
        current.withLock { $0 = state }
        for channel in followers.withLock({ Array($0.values) }) {
            channel.eventLoop.execute {
                // Here and not on the caller's thread, which has a service to start.
                let line = JSONText.encode(state) + "\n"
                // A follower that does not read is cut off rather than remembered without bound.
                guard channel.isWritable else { return channel.close(promise: nil) }
                let part = HTTPServerResponsePart.body(.byteBuffer(channel.allocator.buffer(string: line)))
                channel.writeAndFlush(part, promise: nil)
            }
        }
    }

    fileprivate var state: ContainerState { current.withLock { $0 } }

    fileprivate func follow(_ channel: any Channel) {
        followers.withLock { $0[ObjectIdentifier(channel)] = channel }
        channel.closeFuture.whenComplete { _ in
            _ = self.followers.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }
        }
    }

    fileprivate func tookOver(_ revision: UInt64) { acknowledged(revision) }

    /// - Returns: false when there is no such service.
    fileprivate func obey(_ command: String, _ service: String) -> Bool {
        guard state.services.contains(where: { $0.name == service }) else { return false }
        self.command(command, service)
        return true
    }

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

private enum ControlError: Error { case strangers }

private final class ControlHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: ControlServer
    private let mayCommand: Bool

    init(server: ControlServer, mayCommand: Bool) {
        self.server = server
        self.mayCommand = mayCommand
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        let request = HealthRequest(target: head.uri)
        switch (head.method, request.path) {
        case (.GET, ControlEndpoint.state):
            let follow = request.query.contains { $0.key == "follow" }
            let line = JSONText.encode(server.state) + "\n"
            var headers: HTTPHeaders = ["Content-Type": follow ? "application/x-ndjson" : "application/json"]
            if follow {
                headers.add(name: "Transfer-Encoding", value: "chunked")
                server.follow(context.channel)
            }
            respond(context, .ok, headers, line, ends: !follow)
        case (.POST, ControlEndpoint.acknowledge):
            guard let revision = request.query.first(where: { $0.key == "revision" }).flatMap({ UInt64($0.value) })
            else { return respond(context, .badRequest, [:], "revision=N is missing\n", ends: true) }
            server.tookOver(revision)
            respond(context, .noContent, [:], "", ends: true)
        case (.POST, let path) where path.hasPrefix(ControlEndpoint.services):
            command(path.dropFirst(ControlEndpoint.services.count), context)
        case (.GET, _), (.HEAD, _):
            let now = WallClock.now()
            guard let answer = server.state.answer(request, now: now, heard: now) else { fallthrough }
            respond(
                context, HTTPResponseStatus(statusCode: answer.status),
                HTTPHeaders(answer.headers.map { ($0.name, $0.value) }), head.method == .HEAD ? "" : answer.body,
                ends: true)
        default:
            respond(context, .notFound, [:], "unknown: see GET \(ControlEndpoint.state)\n", ends: true)
        }
    }

    private func command(_ path: Substring, _ context: ChannelHandlerContext) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, ControlEndpoint.commands.contains(String(parts[1])) else {
            let known = ControlEndpoint.commands.joined(separator: ", ")
            return respond(context, .notFound, [:], "a command is one of \(known)\n", ends: true)
        }
        guard mayCommand else {
            return respond(context, .forbidden, [:], "only root and the container's user may do that\n", ends: true)
        }
        guard server.obey(String(parts[1]), String(parts[0])) else {
            return respond(context, .notFound, [:], "there is no service `\(parts[0])`\n", ends: true)
        }
        respond(context, .accepted, [:], "", ends: true)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func respond(
        _ context: ChannelHandlerContext, _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ body: String,
        ends: Bool
    ) {
        var headers = headers
        if ends {
            if status != .noContent { headers.add(name: "Content-Length", value: String(body.utf8.count)) }
            headers.add(name: "Connection", value: "close")
        }
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !body.isEmpty {
            let buffer = context.channel.allocator.buffer(string: body)
            context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        }
        guard ends else { return context.flush() }
        let channel = context.channel
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }
}
