import API
import FoundationEssentials
import Jobs
import TestSupport
import Testing
import VariableCatalog
import Webhooks

/// Results that go elsewhere and news of their jobs' ends, over HTTP.
@Suite(.serialized, .timeLimit(.minutes(2))) struct JobDeliveryTests {
    static let secret = "a secret of more than sixteen bytes"

    struct Delivery: Decodable {
        var kind: String
        var target: String
        var status: String
        var attempts: Int
        var detail: String?
        var next_attempt_at: Double?
    }

    struct Job: Decodable {
        var id: String
        var status: String
        var deliveries: [Delivery]?
        var s3_files: RunningAPI.Files?
    }

    struct News: Decodable {
        var type: String
        var timestamp: String
        var data: Job
    }

    /// An api in whose settings this machine is the world outside, and a world there.
    static func serving(
        _ world: StandInWorld, engine: StandInEngine = StandInEngine(), folder: TestFolder? = nil,
        change: @escaping @Sendable (inout APISettings) -> Void = { _ in },
        _ body: @escaping @Sendable (RunningAPI, _ world: String) async throws -> Void
    ) async throws {
        try await world.serving { url in
            try await RunningAPI.serving(
                engine: engine,
                change: {
                    $0.outside.webhooks = true
                    $0.outside.webhookSecret = Secret(secret)
                    $0.outside.urlSources = true
                    $0.outside.egressNetworks = "127.0.0.0/8"
                    $0.outside.store = [
                        "AWS_ENDPOINT_URL_S3": url, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key",
                        "COXSWAIN_S3_ALLOW": "s3://bucket/out", "COXSWAIN_S3_PATH_STYLE": "true",
                    ]
                    change(&$0)
                }, folder: folder
            ) { try await body($0, url) }
        }
    }

    static func post(
        _ api: RunningAPI, _ fields: [String: String], to path: String = "/ocr/pdf", pages: Int = 1,
        fileName: String = "Скан 1.pdf"
    ) async throws -> HTTPExchange {
        try await api.request(
            "POST", path, headers: ["Content-Type: multipart/form-data; boundary=XX"],
            body: Documents.form(Documents.pdf(pages: pages), fileName: fileName, fields: fields))
    }

    private static func job(_ exchange: HTTPExchange) throws -> Job {
        try JSONDecoder().decode(Job.self, from: Data(exchange.body.utf8))
    }

    // MARK: Uploads

    @Test func aResultGoesWhereItsRequestWantsIt() async throws {
        let world = StandInWorld()
        try await Self.serving(world) { api, _ in
            let exchange = try await Self.post(api, ["output": "s3://bucket/out/a b"], pages: 2)
            #expect(exchange.status == 200, "\(exchange)")
            let answer = try exchange.answer()
            let files = try #require(answer.local_files)
            let stem = try #require(files.json.split(separator: "/").last?.dropLast(5))
            let job = try Self.job(exchange)
            #expect(
                job.s3_files
                    == .init(markdown: "s3://bucket/out/a b/\(stem).md", json: "s3://bucket/out/a b/\(stem).json"))
            #expect(job.deliveries?.map(\.status) == ["done"] && job.deliveries?.first?.kind == "objects")
            #expect(job.deliveries?.first?.target == "s3://bucket/out/a b/")
            // The same bytes there and here.
            let puts = world.calls("PUT")
            #expect(puts.map(\.path) == ["/bucket/out/a b/\(stem).md", "/bucket/out/a b/\(stem).json"])
            #expect(puts.first?.body == (try String(contentsOfFile: files.markdown, encoding: .utf8)))
            #expect(puts.last?.body == (try String(contentsOfFile: files.json, encoding: .utf8)))
            // And so says who asks later.
            let later = try await api.request("GET", "/jobs/\(job.id)")
            #expect(try Self.job(later).s3_files == job.s3_files)
            #expect(!api.log.text.contains("a b"), "\(api.log.text)")
        }
    }

    @Test func everyResultGoesWhereTheOperatorWantsIt() async throws {
        let world = StandInWorld()
        try await Self.serving(
            world, change: { $0.outside.store["COXSWAIN_S3_RESULTS"] = "s3://results/ocr-results/" }
        ) { api, _ in
            #expect(try await Self.post(api, [:]).status == 200)
            #expect(world.calls("PUT").allSatisfy { $0.path.hasPrefix("/results/ocr-results/") })
            let both = try Self.job(try await Self.post(api, ["output": "s3://bucket/out/"]))
            #expect(both.deliveries?.map(\.target) == ["s3://bucket/out/", "s3://results/ocr-results/"])
            #expect(both.s3_files?.json.hasPrefix("s3://bucket/out/") == true)
            #expect(world.calls("PUT").count == 6)
        }
    }

    @Test func aStoreThatIsAwayLosesNothingAndHoldsUpNobody() async throws {
        let world = StandInWorld()
        world.answer(403)
        let folder = try TestFolder()
        try await Self.serving(world, folder: folder) { api, _ in
            let exchange = try await Self.post(api, ["output": "s3://bucket/out/"])
            #expect(exchange.status == 200)
            let job = try Self.job(exchange)
            let delivery = try #require(job.deliveries?.first)
            #expect(delivery.status == "waiting" && delivery.attempts == 1 && delivery.detail != nil)
            #expect(delivery.next_attempt_at != nil && job.s3_files == nil)
            #expect(try exchange.answer().local_files != nil)
            #expect(api.log.text.contains("a delivery failed and is tried again"))
            // Nobody else minds.
            #expect(try await Self.post(api, [:]).status == 200)
            let metrics = try await api.request("GET", "/metrics").body
            #expect(metrics.contains("coxswain_deliveries_waiting{kind=\"objects\"} 1"))
            #expect(metrics.contains("coxswain_delivery_failures_total{kind=\"objects\"} 1"))
        }
        // The next start tries at once what the last one could not do.
        world.answer(200)
        let before = world.calls("PUT").count
        try await Self.serving(world, folder: folder) { api, _ in
            #expect(await soon { world.calls("PUT").count == before + 2 })
        }
    }

    // MARK: Webhooks

    @Test func theEndOfAJobIsToldSigned() async throws {
        let world = StandInWorld()
        try await Self.serving(world) { api, url in
            let exchange = try await Self.post(api, ["webhook": "\(url)/hook?token=hidden-one"], to: "/jobs")
            #expect(exchange.status == 202)
            let id = try Self.job(exchange).id
            #expect(await soon { world.calls("POST").count == 1 })
            let call = try #require(world.calls("POST").first)
            #expect(call.path == "/hook")
            let news = try JSONDecoder().decode(News.self, from: Data(call.body.utf8))
            #expect(news.type == "job.finished" && news.data.id == id && news.data.status == "success")
            #expect(news.timestamp.hasSuffix("Z"))
            let (hook, time) = (call.headers["webhook-id"] ?? "", call.headers["webhook-timestamp"] ?? "")
            let signature = WebhookSignature.header(
                id: hook, timestamp: Int64(time) ?? 0, body: Array(call.body.utf8), secret: Array(Self.secret.utf8))
            #expect(call.headers["webhook-signature"] == signature && hook.count == 32)
            #expect(
                try await soon {
                    try Self.job(try await api.request("GET", "/jobs/\(id)")).deliveries?.first?.status == "done"
                })
            // What may be a secret is shown to nobody.
            let shown = try await api.request("GET", "/jobs/\(id)").body
            #expect(shown.contains("/hook") && !shown.contains("hidden-one"))
            #expect(!api.log.text.contains("hook?") && !api.log.text.contains("hidden-one"))
        }
    }

    @Test func alsoACancelledAndAFailedJobAreTold() async throws {
        let world = StandInWorld()
        let engine = StandInEngine { _ in .never }
        try await Self.serving(world, engine: engine) { api, url in
            let job = try Self.job(try await Self.post(api, ["webhook": "\(url)/a"], to: "/jobs"))
            #expect(await soon { engine.count > 0 })
            #expect(try await api.request("DELETE", "/jobs/\(job.id)").status == 200)
            let broken = try await api.request(
                "POST", "/jobs", headers: ["Content-Type: multipart/form-data; boundary=XX"],
                body: Documents.form(Array("%PDF-1.4 broken".utf8), fields: ["webhook": "\(url)/b"]))
            #expect(broken.status == 202)
            #expect(await soon { world.calls("POST").count == 2 })
            let states = try world.calls("POST").map {
                try JSONDecoder().decode(News.self, from: Data($0.body.utf8)).data.status
            }
            #expect(Set(states) == ["cancelled", "failed"])
        }
    }

    @Test func whoForgetsAJobForgetsWhatWasToBeToldOfIt() async throws {
        let world = StandInWorld()
        world.answer(500)
        try await Self.serving(world) { api, url in
            let job = try Self.job(try await Self.post(api, ["webhook": "\(url)/hook"]))
            #expect(job.deliveries?.first?.attempts == 1)
            #expect(try await api.request("DELETE", "/jobs/\(job.id)").status == 204)
            let metrics = try await api.request("GET", "/metrics").body
            #expect(metrics.contains("coxswain_deliveries_waiting{kind=\"webhook\"} 0"))
        }
    }

    // MARK: What is not taken

    @Test func whatTheOperatorHasNotAllowedIsRefusedAtOnce() async throws {
        let engine = StandInEngine()
        try await RunningAPI.serving(engine: engine) { api async throws in
            for (fields, word) in [
                (["output": "s3://bucket/out/"], "COXSWAIN_S3_ALLOW"),
                (["webhook": "https://example.com/"], "COXSWAIN_WEBHOOKS"),
            ] {
                let refused = try await Self.post(api, fields)
                #expect(refused.status == 403 && refused.detail?.contains(word) == true, "\(refused)")
            }
            let url = try await api.request(
                "POST", "/jobs", headers: ["Content-Type: application/json"],
                body: Array(#"{"url": "https://example.com/a.pdf"}"#.utf8))
            #expect(url.status == 403 && url.detail?.contains("COXSWAIN_URL_SOURCES") == true, "\(url)")
            #expect(engine.count == 0 && api.folder.names(in: "state/spool") == [])
        }
    }

    @Test(arguments: [
        ("output", "s3://bucket/other/", 403), ("output", "s3://bucket/outside", 403),
        ("output", "s3://bucket/out/../x", 422), ("output", "https://bucket/out", 422), ("output", "s3://", 422),
        ("output", "s3://bucket/out/" + String(repeating: "x", count: 900), 422),
        ("webhook", "ftp://example.com/", 422), ("webhook", "http://10.0.0.1/", 403),
        ("webhook", "http://169.254.169.254/latest/", 403), ("webhook", "http://user:pass@example.com/", 422),
        ("webhook", String(repeating: "x", count: 5000), 422),
    ]) func targetsThatAreNone(name: String, value: String, status: Int) async throws {
        try await Self.serving(StandInWorld()) { api, _ in
            let refused = try await Self.post(api, [name: value])
            #expect(refused.status == status && refused.detail?.contains("`\(name)`") == true, "\(refused)")
        }
    }

    @Test func aSettingThatCannotBeUsedIsSaidAtTheStart() async throws {
        let cases: [(change: @Sendable (inout OutsideSettings) -> Void, variable: String)] = [
            ({ $0.webhookSecret = nil }, "COXSWAIN_WEBHOOKS"),
            ({ $0.webhookSecret = Secret("short") }, "COXSWAIN_WEBHOOK_SECRET"),
            ({ $0.webhookSecretFile = "/nowhere" }, "COXSWAIN_WEBHOOK_SECRET_FILE"),
            ({ $0.egressNetworks = "10.0.0.0/99" }, "COXSWAIN_EGRESS_NETWORKS"),
            ({ $0.store = ["COXSWAIN_S3_ALLOW": "bucket"] }, "COXSWAIN_S3_ALLOW"),
        ]
        for (change, variable) in cases {
            let problem = await #expect(throws: VariableProblem.self) {
                try await Self.serving(StandInWorld(), change: { change(&$0.outside) }) { _, _ in }
            }
            #expect(problem?.variable == variable)
            #expect(problem?.description.contains("short") != true)
        }
    }
}

extension RunningAPI {
    typealias Files = Answer.Files
}
