import API
import APIKeys
import Foundation
import Jobs
import OpenAPI
import Pipeline
import TestSupport
import Testing

/// The description of the api, held against the api.
@Suite(.serialized, .timeLimit(.minutes(2))) struct OpenAPITests {
    private static let key = "one-0123456789abcdef"
    private static let form = "Content-Type: multipart/form-data; boundary=XX"

    @Test func thereIsWhatIsDescribedAndNothingElse() async throws {
        let described = Set(
            APIDocument.operations.flatMap { operation in operation.methods.map { "\($0) \(operation.path)" } })
        try await RunningAPI.serving { api async throws in
            #expect(Set(api.server.routes) == described)
            for path in Set(APIDocument.operations.map(\.path)) {
                let request = path.replacing("{id}", with: String(repeating: "0", count: 32))
                let methods = try #require(APIDocument.methods(of: path)).components(separatedBy: ", ")
                for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] where !methods.contains(method) {
                    let exchange = try await api.request(method, request)
                    #expect(exchange.status == 405, "\(method) \(path)")
                    #expect(exchange.headers["allow"] == methods.joined(separator: ", "), "\(method) \(path)")
                }
            }
        }
    }

    @Test func itsWordsAreThoseOfTheCode() {
        #expect(Schemas.jobStates == JobStatus.allCases.map(\.rawValue))
        #expect(Set(Schemas.tasks) == Set(PageTask.allCases.map(\.rawValue)))
        let result = APIDocument.operations.first { $0.name == "getResult" }
        let formats = result?.parameters.first { $0.name == "format" }?.schema["enum"]?.elements.compactMap(\.text)
        #expect(formats == ResultText.Format.allCases.map(\.rawValue))
    }

    @Test func browsersGetAPageAndTerminalsText() async throws {
        try await RunningAPI.serving { api async throws in
            for accept in ["text/html,application/xhtml+xml,*/*;q=0.8", "text/html"] {
                let page = try await api.request("GET", "/docs", headers: ["Accept: \(accept)"])
                #expect(page.headers["content-type"] == "text/html; charset=utf-8")
                #expect(page.headers["content-security-policy"] == HelpPage.policy)
                #expect(page.headers["x-content-type-options"] == "nosniff")
                #expect(page.body.hasPrefix("<!DOCTYPE html>"))
            }
            for headers in [[], ["Accept: */*"], ["Accept: text/plain"], ["Accept: application/json"]] {
                let text = try await api.request("GET", "/docs", headers: headers)
                #expect(text.headers["content-type"] == "text/plain; charset=utf-8")
                #expect(text.body == HelpText.text())
            }
            let document = try await api.request("GET", "/openapi.json")
            #expect(document.headers["content-type"] == "application/json")
            let value = try JSONSerialization.jsonObject(with: Data(document.body.utf8)) as? [String: Any]
            #expect(value?["openapi"] as? String == "3.1.1")
            #expect(try await api.request("GET", "/").body.contains("\"openapi\":\"/openapi.json\""))
        }
    }

    // MARK: Real answers

    /// One answer as `conformance.py` reads it.
    private struct Line: Encodable {
        var method: String
        var path: String
        var status: Int
        var headers: [String: String]
        var body: String
    }

    /// Asks for all that can be had quickly, and returns the answers as lines.
    private static func answers(of api: RunningAPI, key: String?) async throws -> [Line] {
        var lines: [Line] = []
        let keys = key.map { ["X-Api-Key: \($0)"] } ?? []
        @discardableResult func ask(
            _ method: String, _ path: String, _ headers: [String] = [], _ body: [UInt8] = []
        ) async throws -> HTTPExchange {
            let exchange = try await api.request(method, path, headers: keys + headers, body: body)
            lines.append(
                Line(
                    method: method, path: path, status: exchange.status, headers: exchange.headers, body: exchange.body)
            )
            return exchange
        }
        for path in ["/livez", "/readyz", "/startupz"] {
            for query in ["", "?verbose", "?format=json", "?verbose&format=json"] { try await ask("GET", path + query) }
        }
        for path in ["/health", "/", "/docs", "/openapi.json", "/metrics", "/jobs", "/jobs?limit=0", "/jobs?limit=1"] {
            try await ask("GET", path)
        }
        try await ask("GET", "/docs", ["Accept: text/html"])
        for path in ["/ocr/pdf", "/ocr/image", "/jobs"] {
            for document in [
                Documents.pdf(pages: 2), Documents.encrypted, Documents.pdf(pages: 3), [], Array("x".utf8),
            ] {
                try await ask("POST", path, [form], Documents.form(document))
            }
            try await ask("POST", path, [form], Documents.form(Documents.tiff, fields: ["pages": "9-"]))
            try await ask("POST", path, [form], Documents.form(Documents.tiff, fields: ["prompt": "poetry"]))
            try await ask("POST", path, [form], Documents.form(Documents.tiff, name: "document"))
            try await ask("POST", path, [form], Array("--XX\r\nnothing".utf8))
            try await ask("POST", path, ["Content-Type: text/plain"], Array("hello".utf8))
            try await ask("POST", path, ["Content-Type: application/json"], Array("{}".utf8))
            try await ask("POST", path, ["Content-Type: application/json"], Array(#"{"url":"http://[::1]/"}"#.utf8))
            try await ask("POST", path, ["Content-Type: application/x-www-form-urlencoded"], Array("url=s3://a/b".utf8))
            try await ask(
                "POST", path, ["Content-Type: application/x-www-form-urlencoded"], Array("url=x&webhook=y".utf8))
            try await ask("POST", path, [form, "Idempotency-Key:  "], Documents.form(Documents.tiff))
            try await ask("POST", path + "?wait=0", [form], Documents.form(Documents.tiff))
        }
        try await ask("POST", "/ocr/pdf?wait=soon", [form], Documents.form(Documents.tiff))
        for document in [Documents.pdf(pages: 1), Documents.encrypted] {
            let made = try await ask("POST", "/jobs", [form], Documents.form(document))
            // Without a key there is none.
            guard let job = made.headers["location"] else { continue }
            try await ask("GET", job)
            try await ask("GET", "\(job)/events")
            try await ask("GET", job)
            for format in ["", "?format=json", "?format=markdown", "?format=text", "?format=word"] {
                try await ask("GET", "\(job)/result\(format)")
            }
            try await ask("GET", "\(job)/result", ["Accept: text/markdown"])
            try await ask("GET", "\(job)/result", ["Accept: image/png"])
            try await ask("DELETE", job)
            for (method, path) in [("GET", job), ("DELETE", job), ("GET", "\(job)/events"), ("GET", "\(job)/result")] {
                try await ask(method, path)
            }
        }
        return lines
    }

    /// - Returns: what is wrong.
    private static func check(_ lines: [Line], against document: String) throws -> String {
        let folder = try TestFolder()
        let file = try folder.write("openapi.json", document)
        let encoder = JSONEncoder()
        let text = try lines.map { String(decoding: try encoder.encode($0), as: UTF8.self) }.joined(separator: "\n")
        // Debian's own: another python3 may come first.
        let result = try Shell.run(
            "/usr/bin/python3",
            [RepositoryFile.path("Tests/APITests/conformance.py"), file, try folder.write("answers", text)])
        return result.status == 0 ? "" : result.output + result.errors
    }

    @Test func everyAnswerIsAsDescribed() async throws {
        try await RunningAPI.serving(change: { $0.pipeline.maximumPages = 2 }) { api async throws in
            let document = try await api.request("GET", "/openapi.json").body
            let lines = try await Self.answers(of: api, key: nil)
            let problems = try await RunningAPI.blocking { try Self.check(lines, against: document) }
            #expect(problems == "")
            // What is not described is found.
            var wrong = lines[0]
            wrong.status = 418
            let one = wrong
            #expect(
                try await RunningAPI.blocking { try Self.check([one], against: document) }.contains("not described"))
        }
    }

    @Test func answersToKeysAreAsDescribed() async throws {
        let change: @Sendable (inout APISettings) -> Void = { $0.keys = KeySources(list: "one:\(Self.key)") }
        try await RunningAPI.serving(change: change) { api async throws in
            let document = try await api.request("GET", "/openapi.json", headers: ["X-Api-Key: \(Self.key)"]).body
            let lines =
                try await Self.answers(of: api, key: Self.key)
                + Self.answers(of: api, key: nil).filter {
                    $0.status == 401
                }
            #expect(lines.contains { $0.status == 401 })
            #expect(try await RunningAPI.blocking { try Self.check(lines, against: document) } == "")
        }
    }

    @Test func anEngineThatIsAwayIsDescribedToo() async throws {
        let engine = StandInEngine { _ in .status(500) }
        try await RunningAPI.serving(engine: engine, change: { $0.pipeline.pageDeadline = .seconds(1) }) {
            api async throws in
            let document = try await api.request("GET", "/openapi.json").body
            let lines = try await Self.answers(of: api, key: nil)
            #expect(lines.contains { $0.status == 502 })
            #expect(try await RunningAPI.blocking { try Self.check(lines, against: document) } == "")
        }
    }
}
