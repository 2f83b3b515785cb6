import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import TestSupport

/// The world outside in one server on this machine: webhooks' receiver, a web site with documents, and an object store that
/// believes every signature.
final class StandInWorld: Sendable {
    struct Call: Sendable {
        var method: String
        var path: String
        var headers: [String: String]
        var body: String
    }

    private let calls = Mutex<[Call]>([])
    private let status = Mutex(200)
    private let documents: [String: [UInt8]]

    /// - Parameter documents: what is there to be fetched, by paths.
    init(documents: [String: [UInt8]] = [:]) { self.documents = documents }

    /// What it answers from now on to whatever is sent to it.
    func answer(_ code: Int) { status.withLock { $0 = code } }

    func calls(_ method: String) -> [Call] { calls.withLock { $0 }.filter { $0.method == method } }

    /// Runs `body` while it serves.
    ///
    /// - Parameter body: given its base URL.
    func serving<Value: Sendable>(_ body: @escaping @Sendable (String) async throws -> Value) async throws -> Value {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) },
            logger: Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() })
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            var iterator = ports.makeAsyncIterator()
            let value = try await body("http://127.0.0.1:\(await iterator.next() ?? 0)")
            group.cancelAll()
            return value
        }
    }

    private var router: Router<BasicRequestContext> {
        let router = Router()
        for method in [HTTPRequest.Method.post, .put] {
            router.on("**", method: method) { request, _ in
                let body = String(buffer: try await request.body.collect(upTo: 16 << 20))
                let headers = Dictionary(
                    request.headers.map { ($0.name.canonicalName, $0.value) }, uniquingKeysWith: { $1 })
                let path = request.uri.path.removingPercentEncoding ?? request.uri.path
                self.calls.withLock {
                    $0.append(Call(method: method.rawValue, path: path, headers: headers, body: body))
                }
                let code = self.status.withLock { $0 }
                // No digest: a store that encrypts says anything there.
                return Response(
                    status: HTTPResponse.Status(code: code), headers: code == 200 ? [.eTag: "\"stand-in\""] : [:])
            }
        }
        router.get("**") { request, _ in
            guard let document = self.documents[request.uri.path] else { return Response(status: .notFound) }
            return Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(bytes: document)))
        }
        return router
    }
}
