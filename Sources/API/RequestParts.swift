import HTTPTypes
import Health
import Logging
import NIOCore
import NIOHTTPTypes
import PublicPort
import TimeOfDay

/// Stands between the decoder and the server on each connection: tells the clock how far requests are, answers what is no
/// request at all, and keeps the answers to HEAD without a body.
final class RequestParts: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let clock: RequestClock
    private let logger: Logger
    /// Methods of the requests that have no answer yet, in order.
    private var unanswered: [HTTPRequest.Method] = []
    private var isReadingBody = false
    /// What came behind a request that is still being answered, and cannot be read.
    private var held: (any Error)?
    private var isOver = false
    private var isClosing = false

    init(clock: RequestClock, logger: Logger) {
        self.clock = clock
        self.logger = logger
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            unanswered.append(head.method)
            isReadingBody = true
            clock.headerCame()
        case .body: break
        case .end:
            isReadingBody = false
            clock.requestEnded()
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // Whoever learns of an error twice answers it twice.
        if isClosing {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        guard case .end = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        let method = unanswered.isEmpty ? nil : unanswered.removeFirst()
        if method == .head {
            // The end of a body in chunks would be taken for the beginning of the next answer.
            let nothing = HTTPResponsePart.body(context.channel.allocator.buffer(capacity: 0))
            context.write(wrapOutboundOut(nothing), promise: promise)
        } else {
            context.write(data, promise: promise)
        }
        clock.answered()
        if unanswered.isEmpty, let held { answer(held, context) }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode != .input { isClosing = true }
        context.close(mode: mode, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isOver, HealthAnswer(unreadable: error) != nil else { return context.fireErrorCaught(error) }
        // Whoever reads the body has to learn of it, and answers.
        if isReadingBody { return context.fireErrorCaught(error) }
        if unanswered.isEmpty { answer(error, context) } else { held = error }
    }

    private func answer(_ error: any Error, _ context: ChannelHandlerContext) {
        guard !isOver, let plain = HealthAnswer(unreadable: error) else { return }
        isOver = true
        held = nil
        let identifier = RequestIdentifier()
        let status = HTTPResponse.Status(code: plain.status)
        let problem = plain.problem(title: status.reasonPhrase, request: identifier)
        var head = HTTPResponse(status: status)
        for field in problem.headers + ServerFields.all(identifier, closes: true) {
            if let name = HTTPField.Name(field.name) { head.headerFields[name] = field.value }
        }
        head.headerFields[.contentLength] = String(problem.body.utf8.count)
        logger.debug(
            "a connection brought no request that can be read",
            metadata: ["id": .string(identifier.description), "status": .stringConvertible(plain.status)])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(context.channel.allocator.buffer(string: problem.body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(promise: nil)
    }
}

/// What every answer has in its header.
enum ServerFields {
    static func all(_ identifier: RequestIdentifier, closes: Bool) -> [(name: String, value: String)] {
        [
            ("Date", WallClock.httpDate(WallClock.now())), ("Server", "coxswain"),
            (RequestIdentifier.field, identifier.description),
        ] + (closes ? [("Connection", "close")] : [])
    }
}
