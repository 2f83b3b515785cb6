import API
import APIKeys
import FoundationEssentials
import Pipeline
import Synchronization
import TestSupport
import Testing

/// How requests are answered, whatever they ask for.
@Suite(.serialized, .timeLimit(.minutes(2))) struct MannersTests {
    /// RFC 9457.
    struct Problem: Decodable {
        struct Item: Decodable { var loc: [String] }
        var type: String
        var title: String
        var status: Int
        var detail: String
        var instance: String
        var errors: [Item]?

        init(_ exchange: HTTPExchange) throws {
            self = try JSONDecoder().decode(Problem.self, from: Data(exchange.body.utf8))
        }
    }

    private static let form = "Content-Type: multipart/form-data; boundary=XX"

    /// A finished job's path.
    private static func finished(_ api: RunningAPI, pages: Int = 1) async throws -> String {
        let accepted = try await api.post(Documents.pdf(pages: pages), to: "/jobs")
        let path = try #require(accepted.headers["location"])
        #expect(try await soon { try await api.request("GET", path).body.contains(#""status":"success""#) })
        return path
    }

    @Test func errorsAreProblemsAndPlainOnTheReplacedContainersPaths() async throws {
        try await RunningAPI.serving { api async throws in
            let id = String(repeating: "0", count: 32)
            for (method, path, status, title) in [
                ("GET", "/nowhere", 404, "Not Found"), ("PUT", "/jobs", 405, "Method Not Allowed"),
                ("GET", "/jobs/\(id)", 404, "Not Found"), ("GET", "/jobs", 403, "Forbidden"),
                ("DELETE", "/livez", 405, "Method Not Allowed"), ("GET", "/%ff", 404, "Not Found"),
            ] {
                let exchange = try await api.request(method, path, headers: ["X-Request-Id: r-1"])
                #expect(exchange.status == status, "\(method) \(path)")
                #expect(exchange.headers["content-type"] == "application/problem+json", "\(method) \(path)")
                let problem = try Problem(exchange)
                #expect(problem.type == "about:blank" && problem.title == title && problem.status == status)
                #expect(problem.instance == "/requests/r-1" && !problem.detail.isEmpty)
            }
            let missing = try await api.post(Documents.pdf(pages: 1), to: "/jobs", name: "other")
            #expect(missing.status == 422)
            #expect(try Problem(missing).errors?.first?.loc == ["body", "file"])
            for path in ["/ocr/pdf", "/ocr/image"] {
                let plain = try await api.request("GET", path)
                #expect(plain.status == 405 && plain.headers["content-type"] == "application/json")
                #expect(plain.body == #"{"detail":"Method Not Allowed"}"#)
            }
        }
    }

    @Test func aRequestHasOneNameEverywhere() async throws {
        try await RunningAPI.serving { api async throws in
            let own = try await api.request("GET", "/", headers: ["X-Request-Id: theirs.1_2-3"])
            #expect(own.headers["x-request-id"] == "theirs.1_2-3")
            for sent in ["bad name", String(repeating: "x", count: 129), "a\"b", "<script>"] {
                let id = try await api.request("GET", "/", headers: ["X-Request-Id: \(sent)"]).headers["x-request-id"]
                #expect(id?.count == 32 && id != sent)
            }
            let two = try await api.request("GET", "/", headers: ["X-Request-Id: a", "X-Request-Id: b"])
            #expect(two.headers["x-request-id"]?.count == 32)
            #expect(await soon { api.log.text.contains(#""id":"theirs.1_2-3""#) })
            #expect(!api.log.text.contains("<script>"))
        }
    }

    @Test func everyLineOfARequestHasItsName() async throws {
        try await RunningAPI.serving { api async throws in
            // No room in the store's folder: more than the request's own line is written.
            try? FileManager.default.removeItem(atPath: "\(api.folder.path)/state/spool")
            let body = Documents.form(Documents.pdf(pages: 1))
            _ = try await api.request("POST", "/ocr/pdf", headers: [Self.form, "X-Request-Id: broken-1"], body: body)
            let isThere = await soon { api.log.text.contains(#""message":"request""#) }
            #expect(isThere)
            let lines = api.log.text.split(separator: "\n").filter { $0.contains("broken-1") }
            #expect(lines.count == 2, "\(lines)")
        }
    }

    @Test func aResultComesInTheFormThatIsAskedFor() async throws {
        try await RunningAPI.serving { api async throws in
            let path = try await Self.finished(api) + "/result"
            for (accept, type) in [
                ("*/*", "application/json"), ("text/*", "text/markdown; charset=utf-8"),
                ("text/plain;q=0.9, application/json;q=0.1", "text/plain; charset=utf-8"),
            ] {
                let exchange = try await api.request("GET", path, headers: ["Accept: \(accept)"])
                #expect(exchange.status == 200 && exchange.headers["content-type"] == type, "\(accept)")
            }
            let none = try await api.request("GET", path, headers: ["Accept: image/png, text/html"])
            #expect(none.status == 406)
            #expect(try Problem(none).detail.contains("text/markdown"))
            // What is asked for by name is not a matter of taste.
            let named = try await api.request("GET", "\(path)?format=text", headers: ["Accept: image/png"])
            #expect(named.headers["content-type"] == "text/plain; charset=utf-8")
        }
    }

    @Test func headIsGetWithoutTheBody() async throws {
        try await RunningAPI.serving { api async throws in
            let job = try await Self.finished(api)
            for path in [
                "/", "/docs", "/livez", "/health", "/metrics?engine=false", job, "\(job)/result", "\(job)/events",
                "/nowhere",
            ] {
                // On one connection, so that a body would be taken for the next answer.
                let get = "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                let head = "HEAD \(path) HTTP/1.1\r\nHost: x\r\n\r\n"
                let bytes = try await api.raw(Array((head + get).utf8))
                let text = String(decoding: bytes, as: UTF8.self)
                let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
                let status = path == "/nowhere" ? "404" : "200"
                #expect(parts.count == 2 && parts[0].hasPrefix("HTTP/1.1 \(status) "), "\(path): \(text)")
                #expect(parts[1].hasPrefix("HTTP/1.1 200 ") && parts[1].hasSuffix("\r\n\r\nok\n"), "\(path): \(text)")
            }
            let wrong = try await api.raw(Array("HEAD /ocr/pdf HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8))
            #expect(String(decoding: wrong, as: UTF8.self).hasPrefix("HTTP/1.1 405 "))
            #expect(await soon { api.log.text.contains(#""method":"HEAD""#) })
            #expect(try await api.request("PUT", job).headers["allow"] == "GET, HEAD, DELETE")
        }
    }

    @Test func whatCannotBeExpectedIsSaid() async throws {
        try await RunningAPI.serving { api async throws in
            let wrong = try await api.request("POST", "/jobs", headers: [Self.form, "Expect: a-miracle"], body: [1])
            #expect(wrong.status == 417)
            let coded = try await api.request(
                "POST", "/jobs", headers: [Self.form, "Content-Encoding: gzip"], body: [1])
            #expect(coded.status == 415 && coded.headers["accept-encoding"] == "identity")
            let plain = try await api.request(
                "POST", "/jobs", headers: [Self.form, "Content-Encoding: identity"],
                body: Documents.form(Documents.pdf(pages: 1)))
            #expect(plain.status == 202)
        }
    }

    @Test func aBodyIsAskedForOnlyOfWhoMaySendIt() async throws {
        try await RunningAPI.serving(change: {
            KeyTests.keys(&$0)
            $0.maximumUploadBytes = 100_000
        }) { api async throws in
            func head(_ length: Int, _ fields: String) -> [UInt8] {
                Array(
                    ("POST /jobs HTTP/1.1\r\nHost: x\r\n\(Self.form)\r\nContent-Length: \(length)\r\n"
                        + "Expect: 100-continue\r\n\(fields)\r\n").utf8)
            }
            let form = Documents.form(Documents.pdf(pages: 1))
            #expect(try await api.send(head(form.count, "Connection: close\r\n")).status == 401)
            let key = "X-Api-Key: \(KeyTests.one)\r\n"
            #expect(try await api.send(head(10_000_000, key + "Connection: close\r\n")).status == 413)
            let asked = try await api.send(head(form.count, key) + form)
            #expect(asked.status == 100 && asked.body.hasPrefix("HTTP/1.1 202 "))
        }
    }

    @Test func aBodyInJSONIsAskedForInTheSameWay() async throws {
        try await RunningAPI.serving(change: KeyTests.keys) { api async throws in
            func head(_ length: Int, _ fields: String) -> [UInt8] {
                Array(
                    ("POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: \(length)\r\n"
                        + "Expect: 100-continue\r\n\(fields)\r\n").utf8)
            }
            let body = Array(#"{"url": "http://example.com/x.pdf"}"#.utf8)
            // Refused before anything is asked for: an answer that begins with 100 would be one too many.
            #expect(try await api.send(head(body.count, "Connection: close\r\n")).status == 401)
            let key = "X-Api-Key: \(KeyTests.one)\r\n"
            #expect(try await api.send(head(70_000, key + "Connection: close\r\n")).status == 413)
            let asked = try await api.send(head(body.count, key) + body)
            // URLs are off here, which is known once the body was read.
            #expect(asked.status == 100 && asked.body.hasPrefix("HTTP/1.1 403 "), "\(asked)")
        }
    }

    @Test func whoIsSentAwayIsToldUntilWhen() async throws {
        let engine = StandInEngine { _ in .never }
        try await RunningAPI.serving(
            engine: engine,
            change: {
                $0.maximumJobs = 1; $0.stopGrace = .milliseconds(200)
            }
        ) {
            api async throws in
            #expect(try await api.post(Documents.pdf(pages: 1), to: "/jobs").status == 202)
            let full = try await api.post(Documents.pdf(pages: 1), to: "/jobs")
            #expect(full.status == 429 && full.headers["retry-after"].flatMap { Int($0) } ?? 0 > 0)
        }
        try await RunningAPI.serving(change: { $0.minimumFreeBytes = 1 << 60 }) { api async throws in
            let noRoom = try await api.post(Documents.pdf(pages: 1))
            #expect(noRoom.status == 507 && noRoom.headers["retry-after"] == "60")
        }
    }

    @Test func headersThatAreTooLargeAreToldSo() async throws {
        try await RunningAPI.serving { api async throws in
            let many = (0..<10_000).map { "X-\($0): 1\r\n" }.joined()
            let large = "X-Large: \(String(repeating: "x", count: 1 << 20))\r\n"
            for fields in [many, large] {
                let exchange = try await api.send(Array("GET /livez HTTP/1.1\r\nHost: x\r\n\(fields)\r\n".utf8))
                #expect(exchange.status == 431 && exchange.headers["connection"] == "close")
                #expect(try Problem(exchange).detail.contains("at most 100 fields"))
            }
            for garbage in ["\u{1}\u{2}\u{3}\r\n\r\n", "GET\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"] {
                let exchange = try await api.send(Array(garbage.utf8))
                #expect(exchange.status == 400 && exchange.headers["server"] == "coxswain", "\(garbage)")
                #expect(exchange.headers["x-request-id"]?.count == 32)
            }
            // What comes behind a good request does not harm its answer.
            let behind = try await api.send(Array("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n\u{1}garbage\r\n\r\n".utf8))
            #expect(behind.status == 200 && behind.body.hasPrefix("ok\nHTTP/1.1 400 "), "\(behind)")
        }
    }
}

extension RunningAPI {
    /// Sends bytes and reads to the end of the connection.
    func raw(_ request: [UInt8]) async throws -> [UInt8] {
        let port = port
        return try await Self.blocking {
            let connection = try HTTPExchange.Connection(port: port, timeout: 30)
            try connection.send(request)
            return try connection.everything()
        }
    }
}
