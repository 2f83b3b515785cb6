import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// An OpenAI-compatible engine that reads nothing and answers what it is told to.
final class StandInEngine: Sendable {
    enum Reply: Sendable {
        case text(String, finishReason: String = "stop")
        /// The text as a stream, a character at a time.
        case stream(String, pause: Duration)
        case status(Int)
        /// Answers only after the latch has opened, or the client has gone.
        case never
    }

    private let reply: @Sendable (Int, Picture) -> Reply
    private let requests = Mutex(0)
    private let metrics = Mutex<String?>(nil)
    private let atOnce = Mutex((now: 0, most: 0))

    /// - Parameter reply: given the number of the request, from 1 on.
    init(_ reply: @escaping @Sendable (Int) -> Reply = { .text("text \($0)") }) {
        self.reply = { number, _ in reply(number) }
    }

    /// - Parameter reply: given the number of the request and what its picture looks like.
    init(looking reply: @escaping @Sendable (Int, Picture) -> Reply) { self.reply = reply }

    /// What can be seen of a JPEG without decoding it, in pixels.
    struct Picture: Sendable {
        var width = 0
        var height = 0

        /// - Parameter body: a request.
        fileprivate init(in body: String) {
            guard let start = body.range(of: ";base64,"), let end = body[start.upperBound...].firstIndex(of: "\""),
                let bytes = Data(base64Encoded: String(body[start.upperBound..<end])).map({ Array($0) })
            else { return }
            // Marker segments up to the frame's header: precision, height, width.
            var index = 2
            while index + 8 < bytes.count, bytes[index] == 0xFF {
                if (0xC0...0xC2).contains(bytes[index + 1]) {
                    height = Int(bytes[index + 5]) << 8 | Int(bytes[index + 6])
                    width = Int(bytes[index + 7]) << 8 | Int(bytes[index + 8])
                    return
                }
                index += 2 + Int(bytes[index + 2]) << 8 + Int(bytes[index + 3])
            }
        }
    }

    /// Requests to read a page so far.
    var count: Int { requests.withLock { $0 } }
    /// Most of them at once.
    var mostAtOnce: Int { atOnce.withLock { $0.most } }
    /// Requests that are being answered. That a client has gone is found by writing, so of `.never` not at all.
    var countNow: Int { atOnce.withLock { $0.now } }

    /// What it answers to `GET /metrics`; without this there is no such thing.
    func show(metrics text: String) { metrics.withLock { $0 = text } }

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
        router.get("/metrics") { _, _ in
            guard let text = self.metrics.withLock({ $0 }) else { return Response(status: .notFound) }
            return Response(
                status: .ok, headers: [.contentType: "text/plain"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
        router.post("/v1/chat/completions") { request, _ in
            let number = self.requests.withLock { count in
                count += 1
                return count
            }
            let body = String(buffer: try await request.body.collect(upTo: 16 << 20))
            self.enter()
            defer { self.leave() }
            switch self.reply(number, Picture(in: body)) {
            case .stream(let text, let pause): return self.stream(text, pause)
            case .text(let text, let reason):
                return Self.json(
                    #"{"model":"stand-in","choices":[{"message":{"content":"\#(text)"},"finish_reason":"\#(reason)"}],"#
                        + #""usage":{"prompt_tokens":1,"completion_tokens":2}}"#)
            case .status(let status):
                return Response(status: HTTPResponse.Status(code: status))
            case .never:
                try await Task.sleep(for: .seconds(60))
                return Response(status: .internalServerError)
            }
        }
        return router
    }

    private func enter() { atOnce.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
    private func leave() { atOnce.withLock { $0.now -= 1 } }

    private func stream(_ text: String, _ pause: Duration) -> Response {
        @Sendable func event(_ delta: String, _ reason: String) -> ByteBuffer {
            let choice = #"{"index":0,"delta":{"content":"\#(delta)"},"finish_reason":\#(reason)}"#
            return ByteBuffer(string: "data: {\"model\":\"stand-in\",\"choices\":[\(choice)]}\n\n")
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream"],
            body: ResponseBody { writer in
                self.enter()
                defer { self.leave() }
                for character in text {
                    try await Task.sleep(for: pause)
                    try await writer.write(event(String(character), "null"))
                }
                try await writer.write(event("", "\"stop\""))
                try await writer.write(ByteBuffer(string: "data: [DONE]\n\n"))
                try await writer.finish(nil)
            })
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
