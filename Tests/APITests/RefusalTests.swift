import API
import Pipeline
import TestSupport
import Testing

/// What is not taken, and what the client is told.
@Suite(.serialized, .timeLimit(.minutes(2))) struct RefusalTests {
    @Test func everyRefusalSaysWhy() async throws {
        try await RunningAPI.serving(change: { $0.pipeline.maximumPages = 2 }) { api async throws in
            let form = "Content-Type: multipart/form-data; boundary=XX"
            func expect(
                _ status: Int, _ detail: String, _ exchange: HTTPExchange,
                sourceLocation: SourceLocation = #_sourceLocation
            ) {
                #expect(exchange.status == status, sourceLocation: sourceLocation)
                #expect(exchange.detail?.contains(detail) == true, "\(exchange.body)", sourceLocation: sourceLocation)
                #expect(exchange.headers["connection"] == "close", sourceLocation: sourceLocation)
            }
            expect(400, "has no body", try await api.request("POST", "/ocr/pdf", headers: [form, "Content-Length: 0"]))
            expect(415, "not multipart/form-data", try await api.request("POST", "/ocr/pdf", body: Array("{}".utf8)))
            expect(400, "The file is empty", try await api.post([]))
            expect(400, "File must be a PDF", try await api.post(Array("hello".utf8)))
            expect(400, "File must be a PDF", try await api.post([UInt8](repeating: 0, count: 3_000_000)))
            expect(400, "File must be a picture", try await api.post(Array("hello".utf8), to: "/ocr/image"))
            expect(422, "encrypted", try await api.post(Documents.encrypted))
            expect(422, "damaged or cut short", try await api.post(Array("%PDF-1.7\n".utf8)))
            expect(422, "damaged", try await api.post([0xFF, 0xD8, 0xFF, 0xE0] + [UInt8](repeating: 7, count: 900)))
            expect(413, "has 3 pages to be read; at most 2", try await api.post(Documents.pdf(pages: 3)))
            let cut = Array(Documents.form(Documents.pdf(pages: 1)).dropLast(9))
            expect(400, "ended early", try await api.request("POST", "/ocr/pdf", headers: [form], body: cut))
            #expect(api.folder.names(in: "output") == [])
            #expect(api.folder.names(in: "state/spool") == [])
        }
    }

    @Test func aMissingFieldIsReportedAsFastAPIDoes() async throws {
        try await RunningAPI.serving { api async throws in
            let exchange = try await api.post(Documents.pdf(pages: 1), name: "document")
            #expect(exchange.status == 422)
            #expect(
                exchange.body == #"{"detail":[{"loc":["body","file"],"msg":"Field required","type":"missing"}]}"#)
        }
    }

    @Test func aBodyThatIsTooLongIsRefusedByItsLength() async throws {
        try await RunningAPI.serving(change: { $0.maximumUploadBytes = 1000 }) { api async throws in
            let head =
                "POST /ocr/pdf HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=XX\r\n"
                + "Content-Length: 1000000000\r\n"
            // The client waits to be asked for the body, and never is.
            let exchange = try await api.send(Array("\(head)Expect: 100-continue\r\nConnection: close\r\n\r\n".utf8))
            #expect(exchange.status == 413)
            #expect(exchange.detail == "The document is larger than 1000 bytes (COXSWAIN_MAX_UPLOAD_BYTES).")
            // The client sends without being asked: it gets the answer all the same, not a reset.
            let body = [UInt8](repeating: 1, count: 20_000_000)
            #expect(try await api.send(Array("\(head)\r\n".utf8) + body).status == 413)
        }
    }

    @Test func aBodyWithoutALengthIsCounted() async throws {
        try await RunningAPI.serving(change: { $0.maximumUploadBytes = 1000 }) { api async throws in
            let chunk = [UInt8](repeating: 65, count: 65_536)
            var body = Array("4c\r\n".utf8) + Documents.form([]).prefix(76) + Array("\r\n".utf8)
            for _ in 0..<20 { body += Array("10000\r\n".utf8) + chunk + Array("\r\n".utf8) }
            let exchange = try await api.send(
                Array(
                    ("POST /ocr/pdf HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=XX\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n").utf8) + body)
            #expect(exchange.status == 413)
        }
    }

    @Test func theBodyIsAskedForOnceTheHeadIsGood() async throws {
        try await RunningAPI.serving { api async throws in
            let form = Documents.form(Documents.pdf(pages: 1))
            let head =
                "POST /ocr/pdf HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=XX\r\n"
                + "Content-Length: \(form.count)\r\nExpect: 100-continue\r\n\r\n"
            let exchange = try await api.send(Array(head.utf8) + form)
            #expect(exchange.status == 100)
            #expect(exchange.body.hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
    }

    @Test func unknownPathsAndMethodsAreToldApart() async throws {
        try await RunningAPI.serving { api async throws in
            let missing = try await api.request("GET", "/nowhere")
            #expect(missing.status == 404)
            #expect(missing.detail == "Not Found")
            let wrong = try await api.request("GET", "/ocr/pdf")
            #expect(wrong.status == 405)
            #expect(wrong.headers["allow"] == "POST")
            #expect(try await api.request("DELETE", "/health").headers["allow"] == "GET, HEAD")
            // With a body that nobody reads.
            let body = [UInt8](repeating: 1, count: 5_000_000)
            #expect(try await api.request("POST", "/nowhere", body: body).status == 404)
        }
    }

    @Test func probesAndTheDescriptionAreAnswered() async throws {
        try await RunningAPI.serving { api async throws in
            for path in ["/livez", "/readyz", "/startupz"] {
                let exchange = try await api.request("GET", path)
                #expect(exchange.status == 200)
                #expect(exchange.body == "ok\n")
            }
            let health = try await api.request("GET", "/health")
            #expect(health.body.contains("\"status\":\"healthy\""))
            // The same header, its Content-Length too, and no body: what this client takes for one that was cut short.
            await #expect(throws: HTTPExchange.Failure.cutShort) { try await api.request("HEAD", "/health") }
            let description = try await api.request("GET", "/").body
            for key in ["service", "version", "description", "vllm_url", "use_vlm_api", "endpoints", "ocr_pdf"] {
                #expect(description.contains("\"\(key)\":"))
            }
        }
    }
}
