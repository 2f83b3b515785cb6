import Health
import NIOCore
import NIOHTTP1
import TimeOfDay

/// One connection to the control socket: one request, one answer, and the end.
final class ControlHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    let server: ControlServer
    private let rights: ControlServer.Rights
    private let hasRoom: Bool
    private var head: HTTPRequestHead?
    private var answered = false
    private var silence: Scheduled<Void>?
    private var stream: LineStream?

    /// Bytes of a whole request, head and body.
    static let mostRequestBytes = 16 * 1024
    /// How long a request may take to arrive.
    static let patience = TimeAmount.seconds(10)

    struct TooLarge: Error {}

    init(server: ControlServer, rights: ControlServer.Rights, hasRoom: Bool) {
        self.server = server
        self.rights = rights
        self.hasRoom = hasRoom
    }

    // MARK: The connection

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        silence = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    }

    func channelActive(context: ChannelHandlerContext) {
        if !hasRoom {
            refuse(
                context, .serviceUnavailable,
                ControlProblem(
                    error: "too many connections to the control socket",
                    hint: "end some of those that follow it: `logs -f`, `events -f`, `status --watch`"))
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !answered else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            answer(ControlRequest(head), context)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stream?.writabilityChanged()
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        silence?.cancel()
        stream?.closed()
        stream = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !answered, error is HTTPParserError || error is TooLarge else { return context.close(promise: nil) }
        let isLarge = error is TooLarge
        refuse(
            context, isLarge ? .payloadTooLarge : .badRequest,
            ControlProblem(
                error: isLarge
                    ? "the request has more than \(Self.mostRequestBytes) bytes" : "this is no HTTP/1.1 request",
                hint: "curl --unix-socket SOCKET http://coxswain/v1/state"))
    }

    // MARK: The request

    private func answer(_ request: ControlRequest, _ context: ChannelHandlerContext) {
        guard rights != .stranger else {
            return refuse(
                context, .forbidden,
                ControlProblem(
                    error: "user not allowed",
                    hint: "only root, the container's own user and the users of its services may ask here"))
        }
        guard let endpoint = ControlEndpoint(path: request.path) else {
            return refuse(
                context, .notFound,
                ControlProblem(
                    error: "there is no \(request.path.prefix(100))",
                    hint: "there is: \(ControlEndpoint.known.joined(separator: ", "))"))
        }
        let methods: [HTTPMethod] = endpoint.isPosted ? [.POST] : [.GET, .HEAD]
        guard methods.contains(request.method) else {
            let allowed = methods.map(\.rawValue).joined(separator: ", ")
            return refuse(
                context, .methodNotAllowed,
                ControlProblem(
                    error: "\(request.path) does not take \(request.method.rawValue)", hint: "it takes \(allowed)"),
                headers: ["Allow": allowed])
        }
        guard !endpoint.isForOwners || rights == .owner else {
            return refuse(
                context, .forbidden,
                ControlProblem(
                    error: "only root and the container's own user may do that",
                    hint: "run it as one of them, for example `docker exec --user root`"))
        }
        if endpoint.isChange, let problem = ControlRequest.whyNoChange(in: server.state) {
            return refuse(context, .conflict, problem)
        }
        do {
            try respond(endpoint, request, context)
        } catch let wrong as ControlQuery.Wrong {
            refuse(context, .badRequest, wrong.answer)
        } catch {
            refuse(
                context, .internalServerError, ControlProblem(error: "\(error)", hint: "this is a fault of coxswain"))
        }
    }

    private func respond(
        _ endpoint: ControlEndpoint, _ request: ControlRequest, _ context: ChannelHandlerContext
    ) throws {
        let state = server.state
        switch endpoint {
        case .state:
            guard request.query.has("follow") else { return send(context, json: JSONText.encode(measured(state))) }
            guard let stream = startLines(context, request) else { return }
            // In this order: what is published between the two is told after it.
            server.follow(context.channel, stream)
            stream.replace(with: JSONText.encode(server.state))
        case .services:
            send(context, json: JSONText.encode(["services": measured(state).services]))
        case .service(let name):
            guard let service = measured(state).services.first(where: { $0.name == name }) else {
                return refuse(context, .notFound, ControlRequest.noSuchService(name, in: state))
            }
            send(context, json: JSONText.encode(service))
        case .explain:
            let explanation = state.explanation(now: WallClock.now())
            if request.query.text("format") == "json" { return send(context, json: JSONText.encode(explanation)) }
            send(context, .ok, ["Content-Type": "text/plain; charset=utf-8"], explanation.text + "\n")
        case .version:
            send(context, json: JSONText.encode(ControlVersion(of: state, server.sources.build)))
        case .config:
            send(context, json: JSONText.encode(["settings": server.sources.settings()]))
        case .logs: try sendLog(request, state, context)
        case .events: try sendEvents(request, context)
        case .command(let command, let name):
            guard state.services.contains(where: { $0.name == name }) else {
                return refuse(context, .notFound, ControlRequest.noSuchService(name, in: state))
            }
            server.obey(command, name)
            send(context, .accepted, Self.json, #"{"accepted":true}"# + "\n")
        case .reload: reload(context)
        case .acknowledge:
            guard let revision = try request.query.number("revision") else {
                throw ControlQuery.Wrong(answer: ControlProblem(error: "`revision` is missing", hint: "?revision=N"))
            }
            server.tookOver(revision)
            send(context, .noContent, [:], "")
        case .health:
            let now = WallClock.now()
            let answer = state.answer(request.health, now: now, heard: now, reading: server.sources.reading())
            guard let answer else { return }
            let headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
            send(context, HTTPResponseStatus(statusCode: answer.status), headers, answer.body)
        }
    }

    /// For one answer; what is pushed to followers is not measured.
    private func measured(_ state: ContainerState) -> ContainerState { state.measured(by: server.sources.reading()) }

    private func sendLog(
        _ request: ControlRequest, _ state: ContainerState, _ context: ChannelHandlerContext
    ) throws {
        let count = try request.query.count()
        let service = request.query.text("service").flatMap { $0.isEmpty ? nil : $0 }
        if let service, service != "coxswain", !state.services.contains(where: { $0.name == service }) {
            return refuse(context, .notFound, ControlRequest.noSuchService(service, in: state, andOurselves: true))
        }
        let source = server.sources
        let follows = request.query.has("follow")
        guard let stream = startLines(context, request) else { return }
        let cursor = follows ? LineCursor(stream, service: service, loop: context.eventLoop) : nil
        // First the new lines, then the old ones: what comes between them is in both, and known by its number.
        if let cursor {
            let stop = source.followLog { lines in cursor.offer(lines.map { ($0.sequence, $0.service, $0.json) }) }
            context.channel.closeFuture.whenComplete { _ in stop() }
        }
        let lines = count > 0 ? source.recentLog(count, service) : []
        cursor?.sent(lines.last?.sequence)
        stream.begin(with: lines.lazy.map(\.json))
        if !follows { stream.end() }
    }

    private func sendEvents(_ request: ControlRequest, _ context: ChannelHandlerContext) throws {
        let after = try request.query.number("after")
        let count = after == nil || request.query.text("n") != nil ? try request.query.count() : ControlQuery.most
        let source = server.sources
        let follows = request.query.has("follow")
        guard let stream = startLines(context, request) else { return }
        let cursor = follows ? LineCursor(stream, service: nil, loop: context.eventLoop) : nil
        if let cursor {
            let stop = source.followEvents { events in
                cursor.offer(events.map { ($0.sequence, "", JSONText.encode($0)) })
            }
            context.channel.closeFuture.whenComplete { _ in stop() }
        }
        let events = source.events(after, count)
        cursor?.sent(events.last?.sequence)
        stream.begin(with: events.lazy.map { JSONText.encode($0) })
        if !follows { stream.end() }
    }

    private func reload(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        answered = true
        silence?.cancel()
        server.sources.reload { answer in
            loop.execute {
                let (handler, context) = bound.value
                guard context.channel.isActive else { return }
                switch answer {
                case .done(let what): handler.send(context, json: JSONText.encode(what))
                case .refused(let problems):
                    handler.refuse(
                        context, .unprocessableEntity,
                        ControlProblem(
                            error: "the settings are wrong, and nothing was changed",
                            hint: "correct them and reload again; `coxswain check` says beforehand what is wrong",
                            problems: problems))
                case .impossible(let why):
                    handler.refuse(context, .conflict, ControlProblem(error: why, hint: "nothing was changed"))
                }
            }
        }
    }

    // MARK: The answer

    private static let json: HTTPHeaders = ["Content-Type": "application/json"]

    /// - Returns: nil where the head is all that was asked for.
    private func startLines(_ context: ChannelHandlerContext, _ request: ControlRequest) -> LineStream? {
        answered = true
        silence?.cancel()
        var headers: HTTPHeaders = [
            "Content-Type": "application/x-ndjson", "Cache-Control": "no-store", "Connection": "close",
        ]
        if request.version == .http1_1 { headers.add(name: "Transfer-Encoding", value: "chunked") }
        let head = HTTPResponseHead(version: request.version, status: .ok, headers: headers)
        let channel = context.channel
        guard request.method != .HEAD else {
            // Not even the end of a body that would be in chunks.
            context.writeAndFlush(wrapOutboundOut(.head(head))).whenComplete { _ in channel.close(promise: nil) }
            return nil
        }
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
        let stream = LineStream(channel: channel)
        self.stream = stream
        return stream
    }

    private func refuse(
        _ context: ChannelHandlerContext, _ status: HTTPResponseStatus, _ problem: ControlProblem,
        headers: HTTPHeaders = [:]
    ) {
        send(context, status, Self.json.merging(headers), JSONText.encode(problem) + "\n")
    }

    private func send(_ context: ChannelHandlerContext, json: String) { send(context, .ok, Self.json, json + "\n") }

    private func send(
        _ context: ChannelHandlerContext, _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ body: String
    ) {
        answered = true
        silence?.cancel()
        var headers = headers
        if status != .noContent { headers.replaceOrAdd(name: "Content-Length", value: String(body.utf8.count)) }
        headers.replaceOrAdd(name: "Cache-Control", value: "no-store")
        headers.replaceOrAdd(name: "Connection", value: "close")
        let version = head?.version ?? .http1_1
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: version, status: status, headers: headers))), promise: nil)
        if !body.isEmpty, head?.method != .HEAD {
            context.write(
                wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(string: body)))), promise: nil)
        }
        context.flush()
        let stream = LineStream(channel: context.channel)
        self.stream = stream
        stream.end()
    }
}

extension HTTPHeaders {
    fileprivate func merging(_ other: HTTPHeaders) -> HTTPHeaders {
        var result = self
        for (name, value) in other { result.replaceOrAdd(name: name, value: value) }
        return result
    }
}
