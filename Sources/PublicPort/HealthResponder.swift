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

    /// What it answers from.
    package struct Sources: Sendable {
        fileprivate let state: @Sendable () -> ContainerState
        fileprivate let measure: @Sendable () -> ContainerReading?
        fileprivate let metricsAreOpen: @Sendable () -> Bool

        /// - Parameters:
        ///   - measure: for `/metrics`; called on the event loop.
        ///   - metricsAreOpen: false where `/metrics` needs an API key, which cannot be looked at here.
        package init(
            state: @escaping @Sendable () -> ContainerState,
            measure: @escaping @Sendable () -> ContainerReading? = { nil },
            metricsAreOpen: @escaping @Sendable () -> Bool = { true }
        ) {
            self.state = state
            self.measure = measure
            self.metricsAreOpen = metricsAreOpen
        }
    }

    private let sources: Sources
    private let clock: RequestClock
    private var answered = false

    package init(_ sources: Sources, clock: RequestClock) {
        self.sources = sources
        self.clock = clock
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !answered, case .head(let head) = unwrapInboundIn(data) else { return }
        clock.headerCame()
        let state = sources.state()
        let now = WallClock.now()
        let request = HealthRequest(target: head.uri)
        let isMetrics = request.path == "/metrics"
        if isMetrics, !sources.metricsAreOpen() {
            return respond(.metricsNeedTheAPI(state), to: head, context: context, at: now)
        }
        let answer = state.answer(request, now: now, heard: now, reading: sources.measure())
        if answer != nil, head.method != .GET, head.method != .HEAD {
            let refusal = HealthAnswer(
                status: 405, headers: [("Content-Type", "application/json"), ("Allow", "GET, HEAD")],
                body: #"{"detail":"Method Not Allowed"}"#)
            return respond(refusal, to: head, context: context, at: now)
        }
        if let answer { return respond(answer, isError: false, to: head, context: context, at: now) }
        respond(state.unavailable(now: now), to: head, context: context, at: now)
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !answered, let answer = HealthAnswer(unreadable: error) else { return context.close(promise: nil) }
        respond(answer, to: nil, context: context, at: WallClock.now())
    }

    /// - Parameter isError: it becomes a problem; what probes ask for keeps its form.
    private func respond(
        _ answer: HealthAnswer, isError: Bool = true, to request: HTTPRequestHead?, context: ChannelHandlerContext,
        at now: Double
    ) {
        answered = true
        let sent = request?.headers[RequestIdentifier.field] ?? []
        let identifier = RequestIdentifier(sent.count == 1 ? sent.first : nil)
        let path = HealthRequest(target: request?.uri ?? "/").path
        var answer = answer
        let status = HTTPResponseStatus(statusCode: answer.status)
        if isError, !Problem.plainPaths.contains(path) {
            answer = answer.problem(title: status.reasonPhrase, request: identifier)
        }
        var headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
        headers.add(name: "Content-Length", value: String(answer.body.utf8.count))
        headers.add(name: "Date", value: WallClock.httpDate(now))
        headers.add(name: "Server", value: "coxswain")
        headers.add(name: RequestIdentifier.field, value: identifier.description)
        headers.add(name: "Connection", value: "close")
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request?.method != .HEAD {
            let body = context.channel.allocator.buffer(string: answer.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(promise: nil)
    }

    /// The pipeline of one accepted connection.
    ///
    /// - Parameters:
    ///   - seat: its place among the others; nil where nobody counts them.
    ///   - pace: the time that its client has.
    package static func configure(
        _ channel: any Channel, _ sources: Sources, seat: ConnectionSeat? = nil,
        pace: RequestPace.Limits = RequestPace.Limits()
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        let clock = RequestClock(pace, seat: seat)
        try pipeline.addHandler(LingeringCloseHandler())
        try pipeline.addHandler(clock)
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(
            ByteToMessageHandler(
                HTTPRequestDecoder(
                    leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop,
                    limitConfiguration: HeaderLimits.decoder)))
        try pipeline.addHandler(HealthResponder(sources, clock: clock))
    }
}
