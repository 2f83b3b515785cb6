import API
import FoundationEssentials
import Pipeline
import TestSupport
import Testing

/// The three forms in which a document comes, or is named.
@Suite(.serialized, .timeLimit(.minutes(2))) struct JobFormTests {
    private static func post(
        _ api: RunningAPI, _ type: String, _ body: String, to path: String = "/ocr/pdf"
    ) async throws -> HTTPExchange {
        try await api.request("POST", path, headers: ["Content-Type: \(type)"], body: Array(body.utf8))
    }

    private static let json = "application/json; charset=utf-8"
    private static let urlencoded = "application/x-www-form-urlencoded"

    @Test func aDocumentComesFromWhereItsURLSays() async throws {
        let world = StandInWorld(documents: [
            "/in/scan 1.pdf": Documents.pdf(pages: 3), "/in/scan%201.pdf": Documents.pdf(pages: 3),
        ])
        try await JobDeliveryTests.serving(world) { api, url in
            let inJSON = try await Self.post(
                api, Self.json, #"{"url": "\#(url)/in/scan%201.pdf", "pages": 2, "max_pixels": null}"#)
            #expect(inJSON.status == 200, "\(inJSON)")
            #expect(try inJSON.answer().pages.map(\.number) == [2])
            let inForm = try await Self.post(api, Self.urlencoded, "pages=1-2&url=\(url)/in/scan%25201.pdf&x")
            #expect(inForm.status == 200, "\(inForm)")
            #expect(try inForm.answer().pages.map(\.number) == [1, 2])
            // As a browser's form sends it whose file was not chosen.
            let inParts = try await api.request(
                "POST", "/jobs", headers: ["Content-Type: multipart/form-data; boundary=XX"],
                body: Documents.form([], fileName: "", fields: ["url": "\(url)/in/scan%201.pdf"]))
            #expect(inParts.status == 202, "\(inParts)")
            let metrics = try await api.request("GET", "/metrics").body
            #expect(metrics.contains("coxswain_documents_fetched_total{outcome=\"ok\"} 3"))
            #expect(!api.log.text.contains("scan%201"))
        }
    }

    @Test func whatIsNotThereSaysNothingOfWhatIs() async throws {
        let world = StandInWorld(documents: ["/text": Array("just a text".utf8)])
        try await JobDeliveryTests.serving(world) { api, url in
            let missing = try await Self.post(api, Self.json, #"{"url": "\#(url)/missing"}"#)
            #expect(missing.status == 502, "\(missing)")
            #expect(missing.detail?.contains("127.0.0.1") == false)
            let text = try await Self.post(api, Self.json, #"{"url": "\#(url)/text"}"#)
            #expect(text.status == 400 && text.detail == "File must be a PDF", "\(text)")
            let elsewhere = try await Self.post(api, Self.json, #"{"url": "http://192.168.1.1/x"}"#)
            #expect(elsewhere.status == 403, "\(elsewhere)")
            #expect(api.folder.names(in: "state/spool") == [])
        }
    }

    @Test(arguments: [
        ("[]", 400, "JSON object"), ("", 400, "no body"), ("{", 400, "valid JSON"), ("{}", 422, "Field required"),
        (#"{"url": 7}"#, 422, "`url`"), (#"{"url": ["x"]}"#, 422, "`url`"),
        (#"{"max_pixels": true}"#, 422, "`max_pixels`"),
        (#"{"max_pixels": 1.5}"#, 422, "`max_pixels`"), (#"{"webook": "x"}"#, 422, "member"),
        (#"{"file": "x"}"#, 422, "multipart/form-data"), (#"{"url": "file:///etc/passwd"}"#, 422, "URL"),
        (#"{"url": ""}"#, 422, "Field required"), (#"{"pages": "x", "url": "http://127.0.0.1:1/"}"#, 422, "pages"),
    ]) func bodiesThatSayNothingOfUse(body: String, status: Int, words: String) async throws {
        try await JobDeliveryTests.serving(StandInWorld()) { api, _ in
            let refused = try await Self.post(api, Self.json, body)
            #expect(refused.status == status && refused.body.contains(words), "\(refused)")
        }
    }

    @Test func whatIsTooMuchIsNotRead() async throws {
        try await JobDeliveryTests.serving(StandInWorld()) { api, _ in
            let long = String(repeating: "x", count: 70_000)
            #expect(try await Self.post(api, Self.json, #"{"url": "\#(long)"}"#).status == 413)
            let chunk = "11170\r\n\(long)\r\n0\r\n\r\n"
            let chunked = try await api.send(
                Array(
                    ("POST /ocr/pdf HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
                        + "Content-Type: \(Self.urlencoded)\r\n\r\n\(chunk)").utf8))
            #expect(chunked.status == 413, "\(chunked)")
            let value = String(repeating: "x", count: 5000)
            let field = try await Self.post(api, Self.urlencoded, "url=\(value)")
            #expect(field.status == 422 && field.detail?.contains("`url`") == true)
        }
    }

    @Test func aFileAndAURLAreOneTooMany() async throws {
        try await JobDeliveryTests.serving(StandInWorld()) { api, url in
            let refused = try await JobDeliveryTests.post(api, ["url": "\(url)/x"])
            #expect(refused.status == 422 && refused.detail?.contains("not both") == true, "\(refused)")
        }
    }

    @Test(arguments: ["url", "output", "webhook", "password"])
    func whatMayBeSecretIsNotTakenFromTheQuery(name: String) async throws {
        try await RunningAPI.serving { api async throws in
            let refused = try await api.post(Documents.pdf(pages: 1), to: "/ocr/pdf?\(name)=canary")
            #expect(refused.status == 422 && refused.detail?.contains("`\(name)`") == true, "\(refused)")
            #expect(!api.log.text.contains("canary"))
        }
    }

    @Test func theTraceGoesOnToTheEngine() async throws {
        let world = StandInWorld()
        // The world plays the engine's part: it keeps what it is sent.
        try await JobDeliveryTests.serving(world) { _, url in
            try await RunningAPI.serving(
                atEngine: "\(url)/v1", change: { $0.pipeline.engineModel = "stand-in" }
            ) { api async throws in
                let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
                _ = try await api.request(
                    "POST", "/jobs",
                    headers: ["Content-Type: multipart/form-data; boundary=XX", "traceparent: \(trace)"],
                    body: Documents.form(Documents.pdf(pages: 1)))
                #expect(await soon { world.calls("POST").contains { $0.headers["traceparent"] == trace } })
            }
        }
    }
}
