import API
import FoundationEssentials
import Glibc
import Logging
import NIOCore
import NIOPosix
import Pipeline
import Rendering
import ServiceLog
import Synchronization
import TestSupport

/// A whole api in this process, with real renderers, on a free port.
struct RunningAPI: Sendable {
    let port: UInt16
    let folder: TestFolder
    let server: OCRServer
    let renderers: RendererPool
    let log: LogLines

    /// Serves while `body` runs, then stops.
    ///
    /// - Parameters:
    ///   - address: where to look for an engine in the stand-in's place.
    ///   - folder: that of an earlier one, whose work this one goes on with.
    static func serving<Value: Sendable>(
        engine: StandInEngine = StandInEngine(), atEngine address: String? = nil,
        change: @Sendable (inout APISettings) -> Void = { _ in },
        inherited: CInt? = nil, folder: TestFolder? = nil,
        _ body: @escaping @Sendable (RunningAPI) async throws -> Value
    ) async throws -> Value {
        var settings = APISettings()
        change(&settings)
        let changed = settings
        return try await engine.serving { url in
            let folder = try folder ?? TestFolder()
            var settings = changed
            settings.pipeline.engineURL = address ?? url
            settings.usesVLM = false
            if settings.outputDirectory == APISettings().outputDirectory {
                settings.outputDirectory = "\(folder.path)/output"
            }
            settings.stateDirectory = "\(folder.path)/state"
            let renderers = RendererPool(
                configuration: .init(executable: Programs.path("coxswain-render"), workers: 1))
            let log = try LogLines()
            let handler = JSONLogHandler(level: .debug, descriptor: log.descriptor)
            let server = try OCRServer(
                settings: settings, renderers: renderers, logger: Logger(label: "test") { _ in handler },
                now: Date().timeIntervalSince1970, version: "test")
            let (ports, port) = AsyncStream<Int>.makeStream()
            let endpoint = inherited.map(HTTPServer.Endpoint.inherited) ?? .address(host: "127.0.0.1", port: 0)
            let running = Task {
                defer { port.finish() }
                try await server.run(on: endpoint) { port.yield($0?.port ?? 0) }
            }
            var iterator = ports.makeAsyncIterator()
            guard let first = await iterator.next() else {
                try await running.value
                throw CancellationError()
            }
            let api = RunningAPI(port: UInt16(first), folder: folder, server: server, renderers: renderers, log: log)
            let result = await Result { try await body(api) }
            await server.stop()
            try await running.value
            return try result.get()
        }
    }

    /// Threads for clients that block; the shared ones belong to the server.
    private static let clients = {
        let pool = NIOThreadPool(numberOfThreads: 32)
        pool.start()
        return pool
    }()

    /// Runs something that blocks.
    static func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await clients.runIfActive(body)
    }

    /// Sends bytes and reads to the end of the connection, away from the threads on which the server runs.
    func send(_ request: [UInt8]) async throws -> HTTPExchange {
        let port = port
        return try await Self.blocking {
            let connection = try HTTPExchange.Connection(port: port, timeout: 30)
            try connection.send(request)
            return try connection.answer()
        }
    }

    func request(
        _ method: String, _ path: String, headers: [String] = [], body: [UInt8] = []
    ) async throws -> HTTPExchange {
        var lines = ["\(method) \(path) HTTP/1.1", "Host: localhost", "Connection: close"] + headers
        if !body.isEmpty { lines.append("Content-Length: \(body.count)") }
        return try await send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
    }

    /// Sends a document as `curl -F file=@…` does.
    func post(
        _ document: [UInt8], to path: String = "/ocr/pdf", name: String = "file", fileName: String = "scan.pdf"
    ) async throws -> HTTPExchange {
        try await request(
            "POST", path, headers: ["Content-Type: multipart/form-data; boundary=XX"],
            body: Documents.form(document, name: name, fileName: fileName))
    }
}

/// What the tests read of an answer.
struct Answer: Decodable {
    struct Files: Decodable, Equatable {
        var markdown: String
        var json: String
    }
    struct Page: Decodable {
        var number: Int
        var outcome: String
        var reason: String?
        var text: String
        var width: Int
    }
    var status: String
    var detail: String?
    var input_file: String
    var pages_processed: Int
    var local_files: Files?
    var vl_markdown_used: Bool
    var vllm_used: Bool
    var timestamp: String
    var id: String
    var schema_version: Int
    var model: String?
    var markdown: String
    var pages: [Page]
    var timings: [String: Int]
}

extension HTTPExchange {
    func answer() throws -> Answer { try JSONDecoder().decode(Answer.self, from: Data(body.utf8)) }

    /// The error's `detail`; nil where it is none, or no text.
    var detail: String? {
        struct Refusal: Decodable { var detail: String }
        return try? JSONDecoder().decode(Refusal.self, from: Data(body.utf8)).detail
    }
}

/// The log of an api, in a file that has no name.
final class LogLines: Sendable {
    let descriptor: CInt

    init() throws {
        var template = Array("/tmp/coxswain-log-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        unlink(template)
    }

    deinit { close(descriptor) }

    var text: String {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

/// Waits, without blocking a thread, for something that only a failure makes last.
func soon(within limit: Duration = .seconds(20), _ condition: () async throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return try await condition()
}
