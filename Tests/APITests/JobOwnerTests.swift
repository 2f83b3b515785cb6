import API
import APIKeys
import FoundationEssentials
import TestSupport
import Testing

/// Jobs belong to the key that made them.
@Suite(.serialized, .timeLimit(.minutes(2))) struct JobOwnerTests {
    private struct Job: Decodable, Equatable {
        var id: String
        var status: String
        var status_url: String
    }

    private struct List: Decodable {
        var jobs: [Job]
        var next: String?
    }

    private static let one = KeyTests.one
    private static let two = KeyTests.two

    private static func submit(
        _ api: RunningAPI, _ key: String?, pages: Int = 1, headers: [String] = [], to path: String = "/jobs"
    ) async throws -> HTTPExchange {
        try await api.request(
            "POST", path,
            headers: ["Content-Type: multipart/form-data; boundary=XX"] + headers + (key.map(KeyTests.bearer) ?? []),
            body: Documents.form(Documents.pdf(pages: pages)))
    }

    private static func job(_ exchange: HTTPExchange) throws -> Job {
        try JSONDecoder().decode(Job.self, from: Data(exchange.body.utf8))
    }

    private static func list(_ api: RunningAPI, _ key: String, _ target: String = "/jobs") async throws -> List {
        let exchange = try await api.request("GET", target, headers: KeyTests.bearer(key))
        #expect(exchange.status == 200, "\(exchange.body)")
        return try JSONDecoder().decode(List.self, from: Data(exchange.body.utf8))
    }

    private static func isFinished(_ api: RunningAPI, _ key: String?, _ job: Job) async throws -> Bool {
        try await soon {
            let exchange = try await api.request(
                "GET", job.status_url, headers: key.map(KeyTests.bearer) ?? [])
            return try ["success", "partial", "failed", "cancelled"].contains(Self.job(exchange).status)
        }
    }

    @Test func anotherKeyFindsNothing() async throws {
        try await RunningAPI.serving(change: KeyTests.keys) { api async throws in
            let job = try Self.job(try await Self.submit(api, Self.one, pages: 2))
            #expect(try await Self.isFinished(api, Self.one, job))
            let routes = [
                ("GET", ""), ("GET", "/events"), ("GET", "/result"), ("GET", "/result?format=text"), ("DELETE", ""),
            ]
            for (method, rest) in routes {
                let other = try await api.request(method, job.status_url + rest, headers: KeyTests.bearer(Self.two))
                #expect(other.status == 404, "\(method) \(rest)")
                #expect(other.detail?.contains("There is no such job") == true)
                #expect(try await api.request(method, job.status_url + rest).status == 401, "\(method) \(rest)")
            }
            #expect(try await Self.list(api, Self.two).jobs == [])
            #expect(try await Self.list(api, Self.one).jobs.map(\.id) == [job.id])
            for (method, rest) in routes {
                let own = try await api.request(method, job.status_url + rest, headers: KeyTests.bearer(Self.one))
                #expect(own.status == (method == "DELETE" ? 204 : 200), "\(method) \(rest)")
            }
        }
    }

    @Test func aJobThatRunsIsNotAnothersToCancel() async throws {
        let engine = StandInEngine { _ in .never }
        try await RunningAPI.serving(engine: engine, change: KeyTests.keys) { api async throws in
            let job = try Self.job(try await Self.submit(api, Self.one))
            #expect(await soon { engine.count > 0 })
            #expect(try await api.request("DELETE", job.status_url, headers: KeyTests.bearer(Self.two)).status == 404)
            #expect(
                try Self.job(try await api.request("GET", job.status_url, headers: KeyTests.bearer(Self.one))).status
                    == "running")
            #expect(try await api.request("DELETE", job.status_url, headers: KeyTests.bearer(Self.one)).status == 200)
        }
    }

    @Test func idempotencyKeysAreEachKeysOwn() async throws {
        try await RunningAPI.serving(change: KeyTests.keys) { api async throws in
            let headers = ["Idempotency-Key: invoice-7"]
            let first = try Self.job(try await Self.submit(api, Self.one, headers: headers))
            let other = try Self.job(try await Self.submit(api, Self.two, pages: 2, headers: headers))
            #expect(first.id != other.id)
            #expect(try Self.job(try await Self.submit(api, Self.one, headers: headers)).id == first.id)
            #expect(try await Self.submit(api, Self.one, pages: 2, headers: headers).status == 422)
        }
    }

    @Test func aJobOfAChangedKeyIsStillItsLabels() async throws {
        let folder = try TestFolder()
        let job = try await RunningAPI.serving(
            change: { $0.keys = KeySources(list: "one:\(Self.one)") }, folder: folder
        ) { api async throws in
            let job = try Self.job(try await Self.submit(api, Self.one))
            #expect(try await Self.isFinished(api, Self.one, job))
            return job
        }
        try await RunningAPI.serving(change: { $0.keys = KeySources(list: "one:\(Self.two)") }, folder: folder) {
            api async throws in
            #expect(try await api.request("GET", job.status_url, headers: KeyTests.bearer(Self.two)).status == 200)
        }
        try await RunningAPI.serving(change: { $0.keys = KeySources(list: "two:\(Self.one)") }, folder: folder) {
            api async throws in
            #expect(try await api.request("GET", job.status_url, headers: KeyTests.bearer(Self.one)).status == 404)
        }
    }

    @Test func jobsMadeWithoutKeysAreToBeHadWithoutKeysOnly() async throws {
        let folder = try TestFolder()
        let free = try await RunningAPI.serving(folder: folder) { api async throws in
            let job = try Self.job(try await Self.submit(api, nil))
            #expect(try await Self.isFinished(api, nil, job))
            let refused = try await api.request("GET", "/jobs")
            #expect(refused.status == 403 && refused.detail?.contains("API key") == true)
            return job
        }
        let owned = try await RunningAPI.serving(change: KeyTests.keys, folder: folder) { api async throws in
            #expect(try await api.request("GET", free.status_url, headers: KeyTests.bearer(Self.one)).status == 404)
            #expect(try await Self.list(api, Self.one).jobs == [])
            let job = try Self.job(try await Self.submit(api, Self.one))
            #expect(try await Self.isFinished(api, Self.one, job))
            return job
        }
        try await RunningAPI.serving(folder: folder) { api async throws in
            #expect(try await api.request("GET", free.status_url).status == 200)
            #expect(try await api.request("GET", owned.status_url).status == 404)
            // A key that nobody asked for opens nothing.
            #expect(try await api.request("GET", owned.status_url, headers: KeyTests.bearer(Self.one)).status == 404)
        }
    }

    @Test func aKeyListsItsOwnJobsPageByPage() async throws {
        try await RunningAPI.serving(change: KeyTests.keys) { api async throws in
            var own: [String] = []
            for _ in 0..<5 {
                let job = try Self.job(try await Self.submit(api, Self.one))
                own.insert(job.id, at: 0)
                _ = try await Self.submit(api, Self.two)
                #expect(try await Self.isFinished(api, Self.one, job))
            }
            let all = try await Self.list(api, Self.one)
            #expect(all.jobs.map(\.id) == own && all.next == nil)
            var listed: [String] = []
            var sizes: [Int] = []
            var target: String? = "/jobs?limit=2&status=success"
            while let here = target {
                let list = try await Self.list(api, Self.one, here)
                listed += list.jobs.map(\.id)
                sizes.append(list.jobs.count)
                #expect(list.next == nil || list.next?.contains("status=success") == true)
                target = list.next
            }
            #expect(listed == own && sizes == [2, 2, 1])
            // An entry is what the job itself is answered with.
            let entry = try await api.request("GET", "/jobs?limit=1", headers: KeyTests.bearer(Self.one)).body
            let itself = try await api.request("GET", "/jobs/\(own[0])", headers: KeyTests.bearer(Self.one)).body
            #expect(entry.hasPrefix("{\"jobs\":[\(itself)],\"next\":\"/jobs?limit=1&before="), "\(entry)")
            #expect(try await Self.list(api, Self.one, "/jobs?limit=5").next == nil)
            #expect(try await Self.list(api, Self.one, "/jobs?status=failed").jobs == [])
            #expect(try await Self.list(api, Self.one, "/jobs?before=1").jobs == [])
            for wrong in [
                "limit=0", "limit=201", "limit=x", "limit=", "limit=%2B5", "before=x", "before=-1", "before=",
                "before=99999999999999999999", "status=done", "status=",
            ] {
                let refused = try await api.request("GET", "/jobs?\(wrong)", headers: KeyTests.bearer(Self.one))
                #expect(refused.status == 422, "\(wrong): \(refused.status)")
                #expect(refused.detail?.contains("`\(wrong.prefix { $0 != "=" })`") == true, "\(refused.body)")
            }
        }
    }

    @Test func aKeyHasItsShareOfPages() async throws {
        let folder = try TestFolder()
        let file = try folder.write("keys", "one \(Self.one) pages=3/day\ntwo \(Self.two)\n")
        try await RunningAPI.serving(change: { $0.keys = KeySources(file: file) }, folder: folder) { api async throws in
            // The second goes over the limit, and is read: nobody knew how many pages it has.
            for _ in 0..<2 { #expect(try await Self.submit(api, Self.one, pages: 2, to: "/ocr/pdf").status == 200) }
            for path in ["/ocr/pdf", "/jobs"] {
                let refused = try await Self.submit(api, Self.one, to: path)
                #expect(refused.status == 429)
                #expect(refused.detail?.contains("may have 3 pages read a day") == true, "\(refused.body)")
                #expect((1...86_400).contains(refused.headers["retry-after"].flatMap { Int($0) } ?? 0))
            }
            // What was read stays to be had; forgetting it gives nothing back.
            for job in try await Self.list(api, Self.one).jobs {
                #expect(
                    try await api.request("DELETE", job.status_url, headers: KeyTests.bearer(Self.one)).status == 204)
            }
            #expect(try await Self.submit(api, Self.one).status == 429)
            #expect(try await Self.submit(api, Self.two, pages: 5, to: "/ocr/pdf").status == 200)
        }
        // Nor does another start.
        try await RunningAPI.serving(change: { $0.keys = KeySources(file: file) }, folder: folder) { api async throws in
            #expect(try await Self.submit(api, Self.one).status == 429)
        }
    }
}
