import API
import FoundationEssentials
import Pipeline
import Synchronization
import TestSupport
import Testing

/// Jobs over HTTP.
@Suite(.serialized, .timeLimit(.minutes(2))) struct JobTests {
    /// As clients read it.
    private struct Job: Decodable {
        var id: String
        var status: String
        var detail: String?
        var error: String?
        var pages_total: Int?
        var pages_done: Int
        var pages_failed: Int
        var result_url: String?
        var events_url: String
        var status_url: String
    }

    private static func job(_ exchange: HTTPExchange) throws -> Job {
        try JSONDecoder().decode(Job.self, from: Data(exchange.body.utf8))
    }

    private static func submit(
        _ api: RunningAPI, pages: Int, fields: [String: String] = [:], headers: [String] = [],
        to path: String = "/jobs"
    ) async throws -> HTTPExchange {
        try await api.request(
            "POST", path, headers: ["Content-Type: multipart/form-data; boundary=XX"] + headers,
            body: Documents.form(Documents.pdf(pages: pages), fields: fields))
    }

    private static func finished(_ api: RunningAPI, _ id: String) async throws -> Job {
        let last = Mutex<Job?>(nil)
        let isOver = try await soon {
            let job = try Self.job(try await api.request("GET", "/jobs/\(id)"))
            last.withLock { $0 = job }
            return !["queued", "running"].contains(job.status)
        }
        #expect(isOver)
        return try #require(last.withLock { $0 })
    }

    @Test func aJobIsTakenFollowedAndFetched() async throws {
        try await RunningAPI.serving { api async throws in
            let accepted = try await Self.submit(api, pages: 3)
            #expect(accepted.status == 202)
            let job = try Self.job(accepted)
            #expect(job.id.count == 32)
            #expect(accepted.headers["location"] == "/jobs/\(job.id)")
            let done = try await Self.finished(api, job.id)
            #expect(done.status == "success")
            #expect(done.pages_total == 3 && done.pages_done == 3 && done.pages_failed == 0)
            let result = try await api.request("GET", "/jobs/\(job.id)/result")
            #expect(result.status == 200)
            let answer = try result.answer()
            #expect(answer.id == job.id && answer.pages.map(\.number) == [1, 2, 3])
            let markdown = try await api.request("GET", "/jobs/\(job.id)/result?format=markdown")
            #expect(markdown.headers["content-type"]?.hasPrefix("text/markdown") == true)
            #expect(markdown.body == answer.markdown)
            let text = try await api.request("GET", "/jobs/\(job.id)/result", headers: ["Accept: text/plain"])
            #expect(text.body == answer.pages.map { "\($0.text)\n" }.joined(separator: "\u{0C}"))
            #expect(try await api.request("GET", "/jobs/\(job.id)/result?format=docx").status == 422)
            // It is forgotten when that is asked for; the user's files stay.
            #expect(try await api.request("DELETE", "/jobs/\(job.id)").status == 204)
            #expect(try await api.request("GET", "/jobs/\(job.id)").status == 404)
            #expect(api.folder.names(in: "output").count == 2)
        }
    }

    @Test func eventsComePageByPageAndGoOnWhereTheyWereLeft() async throws {
        try await RunningAPI.serving { api async throws in
            let job = try Self.job(try await Self.submit(api, pages: 5))
            let all = try await api.request("GET", job.events_url).body
            #expect(all.contains("event: end"))
            let ids = all.split(separator: "\n").filter { $0.hasPrefix("id: ") }
            #expect(ids == (1...5).map { "id: \($0)" })
            let rest = try await api.request("GET", job.events_url, headers: ["Last-Event-ID: 3"]).body
            #expect(rest.split(separator: "\n").filter { $0.hasPrefix("id: ") } == ["id: 4", "id: 5"])
            for number in 1...5 { #expect(all.contains("\"number\":\(number),")) }
        }
    }

    @Test func aJobIsCancelledAtOnce() async throws {
        let engine = StandInEngine { _ in
            .stream(String(repeating: "long ", count: 1000), pause: .milliseconds(20))
        }
        try await RunningAPI.serving(engine: engine) { api async throws in
            let job = try Self.job(try await Self.submit(api, pages: 4))
            #expect(await soon { engine.count > 0 })
            let start = ContinuousClock.now
            let cancelled = try await api.request("DELETE", job.status_url)
            #expect(start.duration(to: .now) < .seconds(1))
            #expect(try Self.job(cancelled).status == "cancelled")
            #expect(await soon { engine.countNow == 0 })
            #expect(try await api.request("GET", "\(job.status_url)/result").status == 410)
            #expect(api.folder.names(in: "state/spool") == [])
        }
    }

    @Test func whoWaitsNoLongerIsToldWhereToAsk() async throws {
        let engine = StandInEngine { _ in
            .stream("slow", pause: .milliseconds(300))
        }
        try await RunningAPI.serving(engine: engine) { api async throws in
            let exchange = try await Self.submit(api, pages: 1, to: "/ocr/pdf?wait=0.2")
            #expect(exchange.status == 202)
            let job = try Self.job(exchange)
            #expect(try await Self.finished(api, job.id).status == "success")
            #expect(try await Self.submit(api, pages: 1, to: "/ocr/pdf?wait=soon").status == 422)
        }
    }

    @Test func theSameRequestTwiceIsOneJob() async throws {
        try await RunningAPI.serving { api async throws in
            let key = ["Idempotency-Key: invoice-7"]
            let first = try await Self.submit(api, pages: 2, headers: key, to: "/ocr/pdf")
            let again = try await Self.submit(api, pages: 2, headers: key, to: "/ocr/pdf")
            #expect(first.status == 200 && again.status == 200)
            #expect(try first.answer().id == again.answer().id)
            #expect(first.body == again.body)
            let other = try await Self.submit(api, pages: 3, headers: key, to: "/ocr/pdf")
            #expect(other.status == 422)
            #expect(other.detail?.contains("Idempotency-Key") == true)
            #expect(api.folder.names(in: "output").count == 2)
        }
    }

    @Test func onlyThePagesThatAreAskedForAreRead() async throws {
        let engine = StandInEngine()
        try await RunningAPI.serving(engine: engine, change: { $0.pipeline.prompts = PagePrompts([:]) }) {
            api async throws in
            let exchange = try await Self.submit(api, pages: 9, fields: ["pages": "2-3,-1"], to: "/ocr/pdf")
            #expect(try exchange.answer().pages.map(\.number) == [2, 3, 9])
            #expect(engine.count == 3)
            for (fields, words) in [
                (["pages": "3-1"], "3-1"), (["pages": "x"], "pages"), (["prompt": "sing"], "prompt"),
                (["prompt": "table"], "ocr"), (["max_pixels": "3"], "max_pixels"),
            ] {
                let refused = try await Self.submit(api, pages: 1, fields: fields, to: "/ocr/pdf")
                #expect(refused.status == 422, "\(fields): \(refused)")
                #expect(refused.detail?.contains(words) == true, "\(refused.body)")
            }
            let beyond = try await Self.submit(api, pages: 2, fields: ["pages": "7"], to: "/ocr/pdf")
            #expect(beyond.status == 422 && beyond.detail?.contains("2 pages") == true, "\(beyond.body)")
        }
    }

    @Test func aFullQueueSaysSo() async throws {
        let engine = StandInEngine { _ in .never }
        try await RunningAPI.serving(engine: engine, change: { $0.maximumJobs = 2 }) { api async throws in
            for _ in 0..<2 { #expect(try await Self.submit(api, pages: 1).status == 202) }
            let refused = try await Self.submit(api, pages: 1)
            #expect(refused.status == 429)
            #expect(refused.headers["retry-after"] != nil)
        }
    }

    @Test func aDiskThatIsLowTakesNothing() async throws {
        try await RunningAPI.serving(change: { $0.minimumFreeBytes = 1 << 50 }) { api async throws in
            let refused = try await Self.submit(api, pages: 1)
            #expect(refused.status == 507)
            #expect(refused.headers["retry-after"] != nil)
        }
    }

    @Test func nobodyFindsAnothersJobs() async throws {
        try await RunningAPI.serving { api async throws in
            #expect(try await api.request("GET", "/jobs").status == 403)
            for path in ["/jobs/1", "/jobs/\(String(repeating: "0", count: 32))", "/jobs/..%2f..%2fetc"] {
                #expect(try await api.request("GET", path).status == 404, "\(path)")
            }
            #expect(try await api.request("PUT", "/jobs/1").headers["allow"] == "GET, HEAD, DELETE")
        }
    }

    @Test func theNextLifeGoesOn() async throws {
        let folder = try TestFolder()
        let id = Mutex("")
        // The first answers two pages and then none.
        let first = StandInEngine { $0 <= 2 ? .text("first") : .never }
        try await RunningAPI.serving(
            engine: first,
            change: {
                $0.stopGrace = .milliseconds(100); $0.pipeline.engineConcurrency = 1
            },
            folder: folder
        ) { api async throws in
            let job = try Self.job(try await Self.submit(api, pages: 5))
            id.withLock { $0 = job.id }
            #expect(
                try await soon { try Self.job(try await api.request("GET", job.status_url)).pages_done == 2 })
        }
        let second = StandInEngine { _ in .text("second") }
        try await RunningAPI.serving(engine: second, folder: folder) { api async throws in
            let job = try await Self.finished(api, id.withLock { $0 })
            #expect(job.status == "success" && job.pages_done == 5)
            let texts = try await api.request("GET", "\(job.status_url)/result").answer().pages.map(\.text)
            #expect(texts.count { $0 == "first" } == 2 && texts.count { $0 == "second" } == 3)
            #expect(second.count == 3)
        }
    }

    @Test func aStopWithEveryPageUnderWayIsNoEnd() async throws {
        let folder = try TestFolder()
        let id = Mutex("")
        let first = StandInEngine { _ in .never }
        try await RunningAPI.serving(
            engine: first, change: { $0.stopGrace = .milliseconds(100) }, folder: folder
        ) { api async throws in
            let job = try Self.job(try await Self.submit(api, pages: 2))
            id.withLock { $0 = job.id }
            #expect(await soon { first.count == 2 })
        }
        #expect(folder.names(in: "output") == [])
        try await RunningAPI.serving(folder: folder) { api async throws in
            let job = try await Self.finished(api, id.withLock { $0 })
            #expect(job.status == "success" && job.pages_done == 2)
        }
    }
}
