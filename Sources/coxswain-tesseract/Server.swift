import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import TesseractEngine

/// The HTTP side: routes, and nothing that they do not need.
struct Server: Sendable {
    /// The largest encoded picture.
    private static let maximumImageBytes = 48 << 20
    /// The picture in base64, and what stands around it.
    private static let maximumBodyBytes = maximumImageBytes / 3 * 4 + (1 << 20)
    /// The longest silence on a connection that has no request.
    private static let idleTimeout = TimeAmount.seconds(60)

    /// The shortest time between two signs of progress in a stream.
    private static let progressInterval = Duration.milliseconds(500)
    /// Most pixels of a picture that can only be somebody asking whether a recogniser is alive.
    private static let tinyPixels = 64 * 64

    private let options: Options
    private let pool: RecogniserPool
    private let startedAt = time(nil)

    init(options: Options, pool: RecogniserPool) {
        self.options = options
        self.pool = pool
    }

    /// Serves until the task is cancelled.
    ///
    /// - Parameter onListening: told the port once connections are accepted.
    func run(onListening: @escaping @Sendable (Int) -> Void) async throws {
        let router = Router()
        router.add(middleware: ProblemMiddleware())
        router.get("health") { _, _ in Response(status: .ok) }
        router.get("version") { _, _ in Self.json(Array(#"{"version":"\#(TesseractModel.version)"}"#.utf8)) }
        router.get("v1/models") { _, _ in Self.json(ModelList.json(created: startedAt)) }
        router.post("v1/chat/completions") { request, _ in try await complete(request) }
        let application = Application(
            router: router, server: .http1(configuration: .init(idleTimeout: Self.idleTimeout)),
            configuration: ApplicationConfiguration(
                address: .hostname(options.host, port: options.port), serverName: "coxswain-tesseract"),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? options.port) },
            // What matters is logged here, as JSON.
            logger: Logger(label: "server") { _ in SwiftLogNoOpLogHandler() })
        try await application.run()
    }

    /// What an error of `run` means to whoever started the program.
    static func explain(_ error: any Error, _ options: Options) -> String {
        let address = "\(options.host):\(options.port)"
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE: return "Address already in use: another program listens on \(address); end it, or set --port"
        case EACCES: return "no permission to listen on \(address): use --port with 1024 or above"
        case EADDRNOTAVAIL: return "\(options.host) is no address of this machine: set --host"
        default: return "cannot listen on \(address): \(error)"
        }
    }

    private func complete(_ request: Request) async throws -> Response {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Self.maximumBodyBytes {
            throw Self.bodyTooLarge
        }
        // A client that goes away gives up its place in the queue, and its recogniser.
        return try await request.body.consumeWithCancellationOnInboundClose { body in
            do throws(ProblemReport) {
                let chat = try ChatRequest(
                    json: try await Self.collect(body), maximumImageBytes: Self.maximumImageBytes)
                return chat.streams ? try await stream(chat) : try await answer(chat)
            } catch {
                return Self.response(to: error)
            }
        }
    }

    private func answer(_ chat: ChatRequest) async throws(ProblemReport) -> Response {
        let answer = Self.answer(to: chat, from: try await pool.recognise(chat.image))
        return Self.json(answer.json(identifier: Self.identifier(), created: time(nil)))
    }

    /// Answers when the work on the page begins: what is wrong with its picture is known by then, and has a status of its
    /// own.
    private func stream(_ chat: ChatRequest) async throws(ProblemReport) -> Response {
        let recognition = WatchedRecognition(chat.image, by: pool)
        try await recognition.begin()
        let events = ChatStreamWriter(
            identifier: Self.identifier(), created: time(nil), includesUsage: chat.includesUsage)
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-cache"],
            body: ResponseBody { writer in
                // A write fails once the client has gone, which ends the work.
                try await writer.write(ByteBuffer(bytes: events.beginning))
                let result = try await recognition.result(every: Self.progressInterval) {
                    try await writer.write(ByteBuffer(bytes: events.progress))
                }
                switch result {
                case .success(let read):
                    try await writer.write(ByteBuffer(bytes: events.end(Self.answer(to: chat, from: read))))
                case .failure(let problem):
                    Self.note(problem)
                    try await writer.write(ByteBuffer(bytes: events.end(problem)))
                }
                try await writer.finish(nil)
            })
    }

    private static func answer(to chat: ChatRequest, from result: RecogniserPool.Answer) -> ChatAnswer {
        let recognition = result.recognition
        let answer = ChatAnswer(
            recognised: recognition.text, prompt: chat.prompt, maximumTokens: chat.maximumTokens)
        log.log(
            level: recognition.width * recognition.height <= tinyPixels ? .debug : .info, "page read",
            metadata: [
                "ms": .stringConvertible(recognition.milliseconds),
                "queued_ms": .stringConvertible(result.queuedMilliseconds),
                "words": .stringConvertible(answer.completionTokens), "width": .stringConvertible(recognition.width),
                "height": .stringConvertible(recognition.height), "dpi": .stringConvertible(recognition.resolution),
            ])
        return answer
    }

    private static func identifier() -> String {
        "chatcmpl-" + String(UInt64.random(in: .min ... .max), radix: 16)
    }

    private static func collect(_ body: RequestBody) async throws(ProblemReport) -> [UInt8] {
        do {
            return Array(buffer: try await body.collect(upTo: maximumBodyBytes))
        } catch is NIOTooManyBytesError {
            throw bodyTooLarge
        } catch {
            throw ProblemReport(status: 400, message: "the body broke off", code: "incomplete_body")
        }
    }

    private static var bodyTooLarge: ProblemReport {
        ProblemReport(
            status: 413, message: "the body is larger than \(maximumBodyBytes) bytes", code: "body_too_large")
    }

    static func json(_ bytes: [UInt8], status: Int = 200) -> Response {
        Response(
            status: .init(code: status), headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private static func note(_ problem: ProblemReport) {
        let level: Logger.Level =
            switch problem.status {
            // Whoever asked has gone: no fault of anybody's.
            case 499: .info
            // Our own client asks for a queue here, as it does of every engine.
            case 404: .debug
            case 500...: .error
            default: .warning
            }
        log.log(
            level: level, "request not served",
            metadata: ["status": .stringConvertible(problem.status), "code": .string(problem.code)])
    }

    /// The answer to a request that cannot be served, which is also logged.
    static func response(to problem: ProblemReport) -> Response {
        note(problem)
        var response = json(problem.json, status: problem.status)
        if problem.status == 503 { response.headers[.retryAfter] = "1" }
        // What is left of the body would have to be read first, however much that is.
        if problem.status == 413 { response.headers[.connection] = "close" }
        return response
    }
}

/// Gives the errors of the router and of the handlers the same shape.
private struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let problem as ProblemReport {
            return Server.response(to: problem)
        } catch let error as HTTPError {
            let problem = ProblemReport(
                status: error.status.code, message: "\(request.method) \(request.uri.path) is not served here",
                code: "not_found")
            return Server.response(to: problem)
        }
    }
}
