import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// An OpenAI-compatible engine that reads nothing and answers what it is told to.
final class StandInEngine: Sendable {
    enum Reply: Sendable {
        case text(String, finishReason: String = "stop")
        case status(Int)
        /// Answers only after the latch has opened, or the client has gone.
        case never
    }

    private let reply: @Sendable (Int) -> Reply
    private let requests = Mutex(0)
    private let abandoned = Mutex(0)

    /// - Parameter reply: given the number of the request, from 1 on.
    init(_ reply: @escaping @Sendable (Int) -> Reply = { .text("text \($0)") }) { self.reply = reply }

    /// Requests to read a page so far.
    var count: Int { requests.withLock { $0 } }
    /// Of these, those whose client left before the answer.
    var abandonedCount: Int { abandoned.withLock { $0 } }

    /// Runs `body` while the engine serves.
    ///
    /// - Parameter body: given the base URL.
    func serving<Value: Sendable>(_ body: @escaping @Sendable (String) async throws -> Value) async throws -> Value {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: Logger(label: "quiet") { _ in Quiet() }
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            var iterator = ports.makeAsyncIterator()
            let value = try await body("http://127.0.0.1:\(await iterator.next() ?? 0)/v1")
            group.cancelAll()
            return value
        }
    }

    private var router: Router<BasicRequestContext> {
        let router = Router()
        router.get("/v1/models") { _, _ in Self.json(#"{"object":"list","data":[{"id":"stand-in"}]}"#) }
        router.post("/v1/chat/completions") { request, _ in
            let number = self.requests.withLock { count in
                count += 1
                return count
            }
            for try await _ in request.body {}
            switch self.reply(number) {
            case .text(let text, let reason):
                return Self.json(
                    #"{"model":"stand-in","choices":[{"message":{"content":"\#(text)"},"finish_reason":"\#(reason)"}],"#
                        + #""usage":{"prompt_tokens":1,"completion_tokens":2}}"#)
            case .status(let status):
                return Response(status: HTTPResponse.Status(code: status))
            case .never:
                defer { self.abandoned.withLock { $0 += 1 } }
                try await Task.sleep(for: .seconds(60))
                return Response(status: .internalServerError)
            }
        }
        return router
    }

    private static func json(_ text: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

/// A log that nobody reads.
private struct Quiet: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.critical
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
    func log(event: LogEvent) {}
}
