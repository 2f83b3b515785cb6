package import Health
package import NIOCore
package import NIOHTTP1
import TimeOfDay

/// Answers every request from one snapshot of the container's state: the probes as what they are, everything else with
/// 503, `Retry-After` and how far the start is.
///
/// It answers at the head of the request, whatever body may follow, and closes: the next request then reaches whoever
/// holds the port by then.
package final class HealthResponder: ChannelInboundHandler {
    package typealias InboundIn = HTTPServerRequestPart
    package typealias OutboundOut = HTTPServerResponsePart

    private let state: @Sendable () -> ContainerState
    private let measure: @Sendable () -> ContainerReading?
    private var answered = false
    private var deadline: Scheduled<Void>?

    /// - Parameter measure: for `/metrics`; called on the event loop.
    package init(
        state: @escaping @Sendable () -> ContainerState, measure: @escaping @Sendable () -> ContainerReading? = { nil }
    ) {
        self.state = state
        self.measure = measure
    }

    /// Time a client has to send its request's head.
    static let headTimeout = TimeAmount.seconds(10)

    package func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: Self.headTimeout) { channel.close(promise: nil) }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !answered, case .head(let head) = unwrapInboundIn(data) else { return }
        let state = self.state()
        let now = WallClock.now()
        let answer = state.answer(HealthRequest(target: head.uri), now: now, heard: now, reading: measure())
        if answer != nil, head.method != .GET, head.method != .HEAD {
            let refusal = HealthAnswer(
                status: 405, headers: [("Content-Type", "application/json"), ("Allow", "GET, HEAD")],
                body: #"{"detail":"Method Not Allowed"}"#)
            return respond(refusal, to: head, context: context, at: now)
        }
        respond(answer ?? state.unavailable(now: now), to: head, context: context, at: now)
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError, !answered else { return context.close(promise: nil) }
        let answer = HealthAnswer(
            status: 400, headers: [("Content-Type", "application/json")],
            body: #"{"detail":"This is not a valid HTTP/1.1 request."}"#)
        respond(answer, to: nil, context: context, at: WallClock.now())
    }

    private func respond(
        _ answer: HealthAnswer, to request: HTTPRequestHead?, context: ChannelHandlerContext, at now: Double
    ) {
        answered = true
        deadline?.cancel()
        var headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
        headers.add(name: "Content-Length", value: String(answer.body.utf8.count))
        headers.add(name: "Date", value: WallClock.httpDate(now))
        headers.add(name: "Server", value: "coxswain")
        headers.add(name: "Connection", value: "close")
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request?.method != .HEAD {
            let body = context.channel.allocator.buffer(string: answer.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(promise: nil)
    }

    /// The pipeline of one accepted connection.
    package static func configure(
        _ channel: any Channel, state: @escaping @Sendable () -> ContainerState,
        measure: @escaping @Sendable () -> ContainerReading? = { nil }
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(LingeringCloseHandler())
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
        try pipeline.addHandler(HealthResponder(state: state, measure: measure))
    }
}
