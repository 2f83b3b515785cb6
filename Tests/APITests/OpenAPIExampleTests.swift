import API
import APIKeys
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import OpenAPI
import TestSupport
import Testing

/// The command lines of `/docs` and `/openapi.json`, run as they stand there. docs/reference/endpoints.md comes from the same table:
/// documented commands that say `run: examples` are these.
@Suite(.serialized, .timeLimit(.minutes(2))) struct OpenAPIExampleTests {
    private static let key = "one-0123456789abcdef"

    /// Whatever stands at https://example.com: a document, and somebody who takes what he is sent.
    private static func example<Value: Sendable>(
        _ body: @escaping @Sendable (String) async throws -> Value
    ) async throws -> Value {
        let router = Router()
        router.get("/document.pdf") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/pdf"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: Documents.pdf(pages: 2))))
        }
        router.post("/hook") { _, _ in HTTPResponse.Status.noContent }
        let (ports, port) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) })
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            var iterator = ports.makeAsyncIterator()
            let value = try await body("http://127.0.0.1:\(await iterator.next() ?? 0)")
            group.cancelAll()
            return value
        }
    }

    private struct Described: Decodable {
        struct Operation: Decodable {
            struct Sample: Decodable { var source: String }
            var samples: [Sample]?
            private enum CodingKeys: String, CodingKey { case samples = "x-codeSamples" }
        }
        var paths: [String: [String: Operation]]
    }

    @Test func everyExampleWorks() async throws {
        let shown = Set(APIDocument.operations.flatMap(\.examples).map { $0.line(at: APIDocument.standardServer) })
        try await Self.example { elsewhere in
            let settings = [
                "COXSWAIN_URL_SOURCES": "true", "COXSWAIN_EGRESS_NETWORKS": "127.0.0.0/8", "COXSWAIN_WEBHOOKS": "true",
                "COXSWAIN_WEBHOOK_SECRET": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
                "COXSWAIN_API_KEYS": "one:\(Self.key)",
            ]
            let read = try APISettings(environment: settings, availableCores: 1)
            try await RunningAPI.serving(change: { $0 = read }) { api async throws in
                let authorization = ["X-Api-Key: \(Self.key)"]
                let document = try await api.request("GET", "/openapi.json", headers: authorization).body
                let described = try JSONDecoder().decode(Described.self, from: Data(document.utf8))
                let lines = described.paths.values.flatMap(\.values).flatMap { $0.samples ?? [] }.map(\.source)
                #expect(Set(lines) == shown && lines.count == shown.count && lines.count > 10)

                let folder = try TestFolder()
                for name in ["document.pdf", "page.png"] {
                    try Data(Documents.pdf(pages: 2)).write(to: URL(filePath: "\(folder.path)/\(name)"))
                }
                for line in lines {
                    let made = try await api.request(
                        "POST", "/jobs", headers: authorization + ["Content-Type: multipart/form-data; boundary=XX"],
                        body: Documents.form(Documents.pdf(pages: 1)))
                    let job = try #require(made.headers["location"])
                    // Comes to its end when the job does.
                    _ = try await api.request("GET", "\(job)/events", headers: authorization)
                    let real = line.replacing(APIDocument.standardServer, with: "http://127.0.0.1:\(api.port)")
                        .replacing("https://example.com", with: elsewhere)
                    let script = """
                        set -euo pipefail
                        cd '\(folder.path)'
                        curl() { command curl -sS --fail-with-body -H "X-Api-Key: $KEY" "$@"; }
                        id=\(job.split(separator: "/").last ?? "")
                        \(real)
                        """
                    let result = try await RunningAPI.blocking {
                        try Shell.run(
                            "bash", ["-c", script],
                            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "KEY": Self.key])
                    }
                    #expect(result.status == 0, "\(line)\n\(result.output)\n\(result.errors)")
                    #expect(line.contains("-X DELETE") || !result.output.isEmpty, "\(line)")
                }
            }
        }
    }
}
