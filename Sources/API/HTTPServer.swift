import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
package import NIOCore
import NIOExtras
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
    private let connections: OpenConnections
    private let pace: RequestPace.Limits

    /// - Parameters:
    ///   - maximumConnections: that may be open at once; probes get through beyond.
    ///   - pace: the time that clients have.
    init(
        router: Router<APIContext>, view: ContainerView, work: WorkInFlight, logger: Logger,
        maximumConnections: Int = 4096, pace: RequestPace.Limits = RequestPace.Limits()
    ) {
        responder = router.buildResponder()
        connections = OpenConnections(limit: maximumConnections, raisesDescriptors: true)
        self.pace = pace
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

    /// Accepts and serves until ``stop(grace:)`` has ended.
    ///
    /// - Parameter whenAccepting: told the local address once connections are accepted.
    package func run(on endpoint: Endpoint, whenAccepting: @Sendable (SocketAddress?) async -> Void) async throws {
        let server = try await bind(endpoint)
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
        // Each that has no request in progress is closed at once, and the others after their answer.
        for channel in connections.channels {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
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

    private func bind(_ endpoint: Endpoint) async throws -> any Channel {
        let logger = logger
        let bootstrap = ServerBootstrap(group: Self.group)
            .serverChannelOption(.backlog, value: PortAcceptor.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptErrors(logger: logger))
                }
            }
            // Not through a stream of connections: one that is cut off loses those in it, and ends the process over them.
            .childChannelInitializer { channel in self.serve(channel) }
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

    /// Puts a connection's handlers in place and begins to answer what comes on it.
    private func serve(_ channel: any Channel) -> EventLoopFuture<Void> {
        // No place at all, which is so for moments only: everybody on reserve is just being answered.
        guard let seat = connections.admit(channel) else { return channel.close() }
        let (pace, logger) = (pace, logger)
        // Where the kernel does not know it (a Unix socket), a client that reads nothing holds its connection for longer.
        let timeout = ChannelOptions.Types.SocketOption.Value(pace.answer * 1000)
        channel.setOption(.tcpOption(.init(rawValue: TCP_USER_TIMEOUT)), value: timeout).whenComplete { _ in }
        return channel.eventLoop.makeCompletedFuture {
            let clock = RequestClock(pace, seat: seat)
            try channel.pipeline.syncOperations.addHandlers(LingeringCloseHandler(), clock)
            return NIOLoopBound(clock, eventLoop: channel.eventLoop)
        }.flatMap { clock in
            let http = HTTP1Channel(
                responder: { request, writer, channel in
                    try await self.respond(to: request, writer, channel, seat)
                },
                configuration: .init(
                    additionalChannelHandlers: [RequestParts(clock: clock.value, logger: logger)],
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: HeaderLimits.field, maxHeaderListSize: HeaderLimits.all,
                        maxHeaderFieldCount: HeaderLimits.count)))
            return http.setup(channel: channel, logger: logger).map { connection in
                // Not awaited: a connection that lingers must not hold up the end of the process.
                Task { await http.handle(value: connection, logger: logger) }
            }
        }
    }

    private func respond(
        to request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel, _ seat: ConnectionSeat
    ) async throws {
        work.begin()
        defer { work.end() }
        let identifier = RequestIdentifier(Self.identifierField.flatMap { request.headers[$0] })
        var logger = logger
        logger[metadataKey: "id"] = .string(identifier.description)
        let expectsContinue = request.headers[.expect]?.lowercased() == "100-continue"
        let context = APIContext(
            source: APIContextSource(
                logger: logger, identifier: identifier, method: request.method,
                connection: ClientConnection(
                    channel: channel, expectsContinue: expectsContinue, isOnReserve: seat.isOnReserve)))
        var response = try await responder.respond(to: Self.routed(request), context: context)
        // A body that was not read to its end cannot be told from the next request; one that was read while the
        // client was watched has used up the stream.
        let closes =
            Self.hasBody(request) || request.headers[.connection]?.lowercased() == "close" || view.isStopping
            || seat.isOnReserve
        finish(&response, identifier, closes: closes)
        if request.method == .head {
            try await writer.writeResponse(response.head)
        } else {
            let fields = response.headers
            try await AnswerWriter.send(response, Preferences(request.headers[.acceptEncoding]), writer) { error in
                logger.error("an answer could not be made", metadata: ["error": .string("\(error)")])
                return Self.failed(request, identifier, fields)
            }
        }
        // In this order on the event loop: the answer is written, then the connection closed, lingering.
        if closes { channel.close(promise: nil) }
    }

    /// HEAD is answered as GET is, by whoever answers that.
    private static func routed(_ request: Request) -> Request {
        guard request.method == .head else { return request }
        var head = request.head
        head.method = .get
        return Request(head: head, body: request.body)
    }

    /// What belongs to every answer.
    private func finish(_ response: inout Response, _ identifier: RequestIdentifier, closes: Bool) {
        for field in ServerFields.all(identifier, closes: closes) {
            if let name = HTTPField.Name(field.name) { response.headers[name] = field.value }
        }
        if let seconds = RequestManners.retryAfter[response.status.code], response.headers[.retryAfter] == nil {
            response.headers[.retryAfter] = String(seconds)
        }
        if AnswerWriter.isCompressible(response) { response.headers.addVary("Accept-Encoding") }
    }

    private static func failed(
        _ request: Request, _ identifier: RequestIdentifier, _ fields: HTTPFields
    ) -> Response {
        let error = APIError(
            .internalServerError, "The answer could not be made; the log has more under the id \(identifier).")
        var response = error.response(on: request.uri.path, identifier)
        for name in [HTTPField.Name.date, .server, .connection, identifierField].compactMap(\.self) {
            response.headers[name] = fields[name]
        }
        return response
    }

    private static func hasBody(_ request: Request) -> Bool {
        request.headers[.transferEncoding] != nil || request.headers[.contentLength].flatMap { Int($0) } ?? 0 > 0
    }

    private static let identifierField = HTTPField.Name(RequestIdentifier.field)
}
