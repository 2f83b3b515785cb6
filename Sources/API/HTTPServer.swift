import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
package import NIOCore
import NIOPosix
import Pipeline
import PublicPort
import Synchronization
import TimeOfDay

/// An HTTP/1.1 server on a listening socket that may belong to somebody else.
///
/// Hummingbird's own `Application` cannot take over a socket, so this puts Hummingbird's channel on NIO's bootstrap.
/// The socket itself is never shut down: who accepts on it changes, the socket stays.
package final class HTTPServer: Sendable {
    private let responder: RouterResponder<APIContext>
    private let view: ContainerView
    private let work: WorkInFlight
    private let logger: Logger
    private let connections = Connections()

    init(router: Router<APIContext>, view: ContainerView, work: WorkInFlight, logger: Logger) {
        responder = router.buildResponder()
        self.view = view
        self.work = work
        self.logger = logger
    }

    /// Where to accept connections.
    package enum Endpoint: Sendable {
        /// A listening socket that was handed over; it stays open.
        case inherited(descriptor: CInt)
        case address(host: String, port: Int)
    }

    /// The threads that accept and serve.
    static let group = MultiThreadedEventLoopGroup.singleton

    /// Time without any traffic after which a connection is closed, unless its request is being worked on.
    static let idleTimeout = TimeAmount.seconds(75)

    /// Accepts and serves until ``stop(grace:)`` has ended.
    ///
    /// - Parameter whenAccepting: told the local address once connections are accepted.
    package func run(on endpoint: Endpoint, whenAccepting: @Sendable (SocketAddress?) async -> Void) async throws {
        let http = HTTP1Channel(
            responder: { request, writer, channel in try await self.respond(to: request, writer, channel) },
            configuration: .init(
                idleTimeout: Self.idleTimeout,
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 100)))
        let server = try await bind(endpoint, http)
        listener.withLock { $0 = server }
        await whenAccepting(server.localAddress)
        try await server.closeFuture.get()
        guard view.isStopping else { throw ServerFailure.listenerClosed }
        await finished.wait()
    }

    /// Stops accepting, lets what is in flight finish, and ends ``run(on:whenAccepting:)``.
    ///
    /// - Parameter grace: time for requests in flight; those unfinished then are answered 503.
    package func stop(grace: Duration) async {
        let end = ContinuousClock.now + grace
        view.beginStopping()
        work.stopping.open()
        if let listener = listener.withLock({ $0 }) { await stopAccepting(on: listener) }
        // A connection that was just accepted may be about to send its first request.
        await wait(until: min(end, .now + .seconds(1))) { self.connections.count == 0 }
        connections.quiesce()
        await wait(until: end) { self.work.count == 0 }
        work.deadline.open()
        await wait(until: .now + .seconds(2)) { self.work.count == 0 }
        // Answers on their way out, and clients that are still sending, for as long as they are.
        var discarded: Int
        repeat {
            discarded = LingerBudget.shared.discardedBytes
            await wait(until: .now + .seconds(1)) { self.connections.count == 0 }
        } while connections.count > 0 && LingerBudget.shared.discardedBytes != discarded && .now < end
        finished.open()
    }

    private let listener = Mutex<(any Channel)?>(nil)
    private let finished = Latch()

    private func wait(until end: ContinuousClock.Instant, for condition: () -> Bool) async {
        while !condition(), .now < end { try? await Task.sleep(for: .milliseconds(10)) }
    }

    /// Closes our descriptor only; connections that wait in the socket's queue are left to whoever accepts next.
    private func stopAccepting(on listener: any Channel) async {
        // NIO drops a connection whose set-up ends on its own loop after the listener was closed on another: first no more
        // are accepted, then each loop is let through what it has to do for those that were, and then the listener is.
        try? await listener.setOption(.autoRead, value: false).get()
        for loop in Self.group.makeIterator() { try? await loop.submit {}.get() }
        try? await listener.eventLoop.submit {}.get()
        try? await listener.close()
    }

    private func bind(_ endpoint: Endpoint, _ http: HTTP1Channel) async throws -> any Channel {
        let logger = logger
        let connections = connections
        let bootstrap = ServerBootstrap(group: Self.group)
            .serverChannelOption(.backlog, value: PortAcceptor.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptErrors(logger: logger))
                }
            }
            // Not through a stream of connections: one that is cut off loses those in it, and ends the process over them.
            .childChannelInitializer { channel in
                connections.add(channel)
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(LingeringCloseHandler())
                }.flatMap { http.setup(channel: channel, logger: logger) }.map { connection in
                    // Not awaited: a connection that lingers must not hold up the end of the process.
                    Task { await http.handle(value: connection, logger: logger) }
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        switch endpoint {
        case .inherited(let descriptor):
            // A duplicate for NIO to own and close: the socket itself is not ours.
            let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
            guard own >= 0 else { throw ServerFailure.cannotAdopt(code: errno) }
            return try await bootstrap.withBoundSocket(own).get()
        case .address(let host, let port):
            return try await bootstrap.bind(host: host, port: port).get()
        }
    }

    private func respond(
        to request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel
    ) async throws {
        work.begin()
        defer { work.end() }
        let expectation = request.headers[.expect]?.lowercased()
        let context = APIContext(
            source: APIContextSource(
                logger: logger, identifier: RequestIdentifier(),
                connection: ClientConnection(channel: channel, expectsContinue: expectation == "100-continue")))
        var response = try await responder.respond(to: request, context: context)
        // A body that was not read to its end cannot be told from the next request; one that was read while the
        // client was watched has used up the stream.
        let closes = Self.hasBody(request) || request.headers[.connection]?.lowercased() == "close" || view.isStopping
        response.headers[.date] = WallClock.httpDate(WallClock.now())
        response.headers[.server] = "coxswain"
        if let name = Self.identifierField { response.headers[name] = context.identifier.description }
        if closes { response.headers[.connection] = "close" }
        try await writer.write(response: response.head, body: response.body)
        // In this order on the event loop: the answer is written, then the connection closed, lingering.
        if closes { channel.close(promise: nil) }
    }

    private static func hasBody(_ request: Request) -> Bool {
        request.headers[.transferEncoding] != nil || request.headers[.contentLength].flatMap(Int.init) ?? 0 > 0
    }

    private static let identifierField = HTTPField.Name("X-Request-Id")
}

/// Why the server ended, or never began.
package enum ServerFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case cannotAdopt(code: CInt)
    case listenerClosed

    package var description: String {
        switch self {
        case .cannotAdopt(let code): "cannot take over the listening socket: \(String(cString: strerror(code)))"
        case .listenerClosed: "the listening socket was closed under the server"
        }
    }
}

/// Keeps the listener alive when one connection cannot be accepted (no descriptor left, a client that is gone again):
/// an error that reaches the end of the pipeline would end the stream of connections.
private final class AcceptErrors: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.warning("a connection could not be accepted", metadata: ["error": .string("\(error)")])
    }
}
