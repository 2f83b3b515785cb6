import API
import APIKeys
import FoundationEssentials
import Glibc
import NIOCore
import Synchronization
import TestSupport
import Testing

/// Who is let in, and who is not.
@Suite(.serialized, .timeLimit(.minutes(2))) struct KeyTests {
    static let one = "one-0123456789abcdef"
    static let two = "two-0123456789abcdef"

    /// Two keys.
    static func keys(_ settings: inout APISettings) {
        settings.keys = KeySources(list: "one:\(one),two:\(two)")
    }

    static func bearer(_ key: String) -> [String] { ["Authorization: Bearer \(key)"] }

    @Test func aKeyIsFoundInEitherHeader() async throws {
        let (one, two) = (Self.one, Self.two)
        let long = String(repeating: "k", count: 10_000)
        let cases: [([String], Int)] = [
            (["Authorization: Bearer \(one)"], 200), (["authorization: bearer \(two)"], 200),
            (["X-Api-Key: \(one)"], 200),
            (["x-api-key:   \(one)  "], 200), (["Authorization:   Bearer   \(one)   "], 200),
            (["Authorization: Bearer \(one)", "X-Api-Key: \(one)"], 200),
            (["Authorization: Basic dXNlcjpwYXNz", "X-Api-Key: \(one)"], 200),
            ([], 401), (["Authorization: Bearer"], 401), (["Authorization:"], 401), (["X-Api-Key:"], 401),
            (["Authorization: Bearer wrong-0123456789abcdef"], 401), (["Authorization: Basic \(one)"], 401),
            (["Authorization: \(one)"], 401), (["Authorization: Bearer \(one.uppercased())"], 401),
            (["Authorization: Bearer \(one)", "X-Api-Key: \(two)"], 401),
            (["X-Api-Key: \(one)", "X-Api-Key: \(two)"], 401),
            (["Authorization: Bearer \(one) \(one)"], 401), (["Authorization: Bearer \(one.dropLast())"], 401),
            (["Authorization: Bearer \(one)x"], 401), (["X-Api-Key: one:\(one)"], 401), (["X-Api-Key: one"], 401),
            (["Authorization: Bearer \(long)"], 401), (["X-Api-Key: \(long)"], 401), (["Cookie: key=\(one)"], 401),
        ]
        try await RunningAPI.serving(change: Self.keys) { api async throws in
            for (headers, status) in cases {
                let exchange = try await api.request("GET", "/docs", headers: headers)
                #expect(exchange.status == status, "\(headers)")
                guard status == 401 else { continue }
                #expect(exchange.headers["www-authenticate"]?.hasPrefix("Bearer realm=") == true)
                #expect(exchange.headers["content-type"] == "application/problem+json")
                #expect(exchange.detail?.contains("API key") == true, "\(exchange.body)")
            }
            // In the URL it would end up in every log on the way.
            #expect(try await api.request("GET", "/docs?api_key=\(one)").status == 401)
            // Who sits before a browser is told in words what to do.
            let browser = "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
            let page = try await api.request("GET", "/docs", headers: [browser])
            #expect(page.status == 401 && page.headers["content-type"] == "text/plain; charset=utf-8")
            #expect(page.body.contains("curl -H 'X-Api-Key: KEY' localhost/docs") && !page.body.contains("{"))
            #expect(page.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
            let odd = try await api.send(
                Array("GET /docs HTTP/1.1\r\nHost: a'$(x)\r\n\(browser)\r\nConnection: close\r\n\r\n".utf8))
            #expect(!odd.body.contains("$("))
        }
    }

    @Test func onlyProbesAreOpen() async throws {
        try await RunningAPI.serving(change: Self.keys) { api async throws in
            for path in ["/livez", "/readyz", "/startupz", "/health", "/", "/livez?verbose", "/readyz?format=json"] {
                #expect(try await api.request("GET", path).status == 200, "\(path)")
            }
            let id = String(repeating: "0", count: 32)
            for (method, path) in [
                ("GET", "/docs"), ("GET", "/metrics"), ("GET", "/jobs"), ("GET", "/jobs/\(id)"),
                ("DELETE", "/jobs/\(id)"),
                ("GET", "/jobs/\(id)/events"), ("GET", "/jobs/\(id)/result"), ("POST", "/jobs"), ("POST", "/ocr/pdf"),
                ("POST", "/ocr/image"), ("GET", "/nowhere"), ("PUT", "/jobs"), ("OPTIONS", "/ocr/pdf"),
                ("GET", "/livez/x"),
                ("GET", "//livez"), ("GET", "/livez/../jobs"), ("GET", "/%6c%69vez"), ("GET", "/metrics?x=/livez"),
            ] {
                #expect(try await api.request(method, path).status == 401, "\(method) \(path)")
            }
            #expect(try await api.request("GET", "/metrics", headers: Self.bearer(Self.one)).status == 200)
            #expect(try await api.request("GET", "/nowhere", headers: Self.bearer(Self.one)).status == 404)
            // The same header as GET's and no body, which this client takes for one that was cut short.
            await #expect(throws: HTTPExchange.Failure.cutShort) { try await api.request("HEAD", "/docs") }
        }
        try await RunningAPI.serving(
            change: {
                Self.keys(&$0)
                $0.metricsAreOpen = true
            }
        ) { api async throws in
            #expect(try await api.request("GET", "/metrics").status == 200)
            #expect(try await api.request("GET", "/docs").status == 401)
        }
    }

    @Test func anUploadWithoutAKeyIsRefusedBeforeItIsRead() async throws {
        try await RunningAPI.serving(change: Self.keys) { api async throws in
            let head =
                "POST /ocr/pdf HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=XX\r\n"
                + "Content-Length: 100000000\r\n"
            // The client waits to be asked for the body, and never is.
            let asked = try await api.send(Array("\(head)Expect: 100-continue\r\nConnection: close\r\n\r\n".utf8))
            #expect(asked.status == 401)
            // The client sends without being asked: it gets the answer all the same, not a reset.
            let sent = try await api.send(Array("\(head)\r\n".utf8) + [UInt8](repeating: 1, count: 100_000_000))
            #expect(sent.status == 401)
            #expect(sent.headers["connection"] == "close")
            #expect(api.folder.names(in: "state/spool") == [])
        }
    }

    @Test func aKeyHasItsShareOfRequests() async throws {
        let folder = try TestFolder()
        let file = try folder.write("keys", "slow \(Self.one) requests=3/min\nfast \(Self.two)\n")
        try await RunningAPI.serving(change: { $0.keys = KeySources(file: file) }) { api async throws in
            for _ in 0..<3 {
                #expect(try await api.request("GET", "/docs", headers: Self.bearer(Self.one)).status == 200)
            }
            let refused = try await api.request("GET", "/docs", headers: Self.bearer(Self.one))
            #expect(refused.status == 429)
            #expect(refused.detail?.contains("\"slow\" may send 3 requests a minute") == true, "\(refused.body)")
            let wait = try #require(refused.headers["retry-after"].flatMap { Int($0) })
            #expect((1...20).contains(wait))
            for _ in 0..<10 {
                #expect(try await api.request("GET", "/docs", headers: Self.bearer(Self.two)).status == 200)
                #expect(try await api.request("GET", "/livez", headers: Self.bearer(Self.one)).status == 200)
            }
        }
    }

    @Test func keysChangeWhileTheyAreInUse() async throws {
        let folder = try TestFolder()
        let file = try folder.write("keys", "one \(Self.one)\n")
        try await RunningAPI.serving(change: { $0.keys = KeySources(file: file) }) { api async throws in
            #expect(try await api.request("GET", "/docs", headers: Self.bearer(Self.one)).status == 200)
            try folder.write("new", "one \(Self.two)\n")
            #expect(rename("\(folder.path)/new", file) == 0)
            #expect(
                try await soon { try await api.request("GET", "/docs", headers: Self.bearer(Self.two)).status == 200 })
            #expect(try await api.request("GET", "/docs", headers: Self.bearer(Self.one)).status == 401)
            #expect(api.log.text.contains("the API keys were read again"))
            try folder.write("new", "one\n")
            #expect(rename("\(folder.path)/new", file) == 0)
            let isTold = try await soon {
                let exchange = try await api.request("GET", "/docs", headers: Self.bearer(Self.two))
                #expect(exchange.status == 200)
                return api.log.text.contains("those from before stay valid")
            }
            #expect(isTold)
            #expect(api.log.text.contains("\(file):1: there is no key"))
        }
    }

    @Test func eventsEndWithTheirKey() async throws {
        let folder = try TestFolder()
        let file = try folder.write("keys", "one \(Self.one)\ntwo \(Self.two)\n")
        let engine = StandInEngine { _ in .never }
        try await RunningAPI.serving(
            engine: engine,
            change: {
                $0.keys = KeySources(file: file)
                $0.stopGrace = .milliseconds(200)
            }
        ) { api async throws in
            func events(_ key: String) async throws -> HTTPExchange {
                let taken = try await api.request(
                    "POST", "/jobs", headers: Self.bearer(key) + ["Content-Type: multipart/form-data; boundary=XX"],
                    body: Documents.form(Documents.pdf(pages: 1)))
                let path = try #require(taken.headers["location"])
                return try await api.request("GET", "\(path)/events", headers: Self.bearer(key))
            }
            let isOver = Mutex(false)
            async let stays: Void = {
                _ = try? await events(Self.two)
                isOver.withLock { $0 = true }
            }()
            async let ends = events(Self.one)
            #expect(await soon { api.log.text.components(separatedBy: "/events").count > 2 })
            try folder.write("new", "two \(Self.two)\n")
            #expect(rename("\(folder.path)/new", file) == 0)
            // Nobody else asks anything: the stream itself looks.
            let events = try await ends
            #expect(
                events.status == 200 && events.body.contains("event: status") && !events.body.contains("event: end"))
            #expect(!isOver.withLock { $0 })
            await api.server.stop()
            await stays
        }
    }

    @Test func anEmptyFileLetsNobodyIn() async throws {
        let folder = try TestFolder()
        let file = try folder.write("keys", "# nobody yet\n")
        try await RunningAPI.serving(change: { $0.keys = KeySources(file: file) }) { api async throws in
            #expect(try await api.request("GET", "/docs").status == 401)
            #expect(try await api.request("GET", "/jobs", headers: Self.bearer(Self.one)).status == 401)
            #expect(try await api.request("GET", "/readyz").status == 200)
            #expect(api.log.text.contains("every request but probes is refused"))
        }
    }

    @Test func anOpenPortIsAWarningUnlessOnlyThisMachineReachesIt() async throws {
        try await RunningAPI.serving { api async throws in
            #expect(try await api.request("GET", "/docs").status == 200)
            #expect(!api.log.text.contains("no API keys are set"))
        }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        // Any address, any port.
        #expect(listen(descriptor, 5) == 0)
        try await RunningAPI.serving(inherited: descriptor) { api async throws in
            #expect(await soon { api.log.text.contains("no API keys are set: whoever reaches") })
        }
        try await RunningAPI.serving(change: Self.keys, inherited: descriptor) { api async throws in
            #expect(await soon { api.log.text.contains("requests need an API key") })
            #expect(!api.log.text.contains("no API keys are set"))
        }
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true), ("0.0.0.0", false),
        ("::", false), ("10.0.0.1", false), ("128.0.0.1", false), ("::ffff:10.0.0.1", false), ("::2", false),
        ("fe80::1", false), ("::7f00:1", false),
    ])
    func tellsLoopbackFromOthers(_ address: String, _ isLoopback: Bool) throws {
        #expect(try SocketAddress(ipAddress: address, port: 1).isOfThisMachineOnly == isLoopback)
    }

    @Test func noLogAndNoAnswerShowsAKey() async throws {
        let folder = try TestFolder()
        let wrong = "wrong-0123456789abcdef"
        let file = try folder.write("keys", "one \(Self.one) requests=30/min pages=1/day\ntwo \(Self.two)\n")
        try await RunningAPI.serving(change: { $0.keys = KeySources(file: file) }) { api async throws in
            var answers = ""
            for key in [Self.one, Self.two, wrong] {
                for path in ["/docs", "/", "/jobs", "/nowhere", "/metrics", "/health", "/jobs/\(key)", "/\(key)"] {
                    for header in ["Authorization: Bearer \(key)", "X-Api-Key: \(key)"] {
                        let exchange = try await api.request("GET", path, headers: [header])
                        answers += "\(exchange.headers) \(exchange.body)\n"
                    }
                }
                for _ in 0..<2 {
                    let headers = Self.bearer(key) + ["Content-Type: multipart/form-data; boundary=XX"]
                    let exchange = try await api.request(
                        "POST", "/ocr/pdf", headers: headers, body: Documents.form(Documents.pdf(pages: 1)))
                    answers += "\(exchange.headers) \(exchange.body)\n"
                }
            }
            for _ in 0..<20 {
                answers += try await api.request("GET", "/docs", headers: Self.bearer(Self.one)).body
            }
            #expect(answers.contains("requests a minute") && answers.contains("pages read a day"))
            try folder.write("new", "two \(Self.two) \(Self.one)\n")
            #expect(rename("\(folder.path)/new", file) == 0)
            #expect(
                await soon {
                    _ = try? await api.request("GET", "/docs", headers: Self.bearer(Self.two))
                    return api.log.text.contains("those from before stay valid")
                })
            let log = api.log.text
            #expect(log.contains("\"caller\":\"one\"") && log.contains("\"status\":401"))
            for key in [Self.one, Self.two, wrong] {
                #expect(!log.contains(key) && !answers.contains(key))
            }
            // Nor what would do instead of one.
            #expect(!log.contains("0123456789abcdef") && !answers.contains("0123456789abcdef"))
        }
    }

    @Test func keysThatCannotBeUsedEndTheProgram() async throws {
        let folder = try TestFolder()
        let file = try folder.write("keys", "one \(Self.one)\ntwo short-secret\n")
        for (variable, value, place) in [
            ("COXSWAIN_API_KEYS_FILE", file, "\(file):2: the key has fewer than 16 characters"),
            ("COXSWAIN_API_KEYS_FILE", "/nowhere/keys", "/nowhere/keys: it cannot be read"),
            ("COXSWAIN_API_KEYS", "one:\(Self.one),one:\(Self.two)", "COXSWAIN_API_KEYS, entry 2: its label"),
            ("COXSWAIN_API_KEY", "short-secret", "COXSWAIN_API_KEY: the key has fewer than 16 characters"),
        ] {
            let environment = [
                variable: value, "OUTPUT_DIR": folder.path, "COXSWAIN_ENGINE_URL": "http://127.0.0.1:9/v1",
            ]
            let result = try await RunningAPI.blocking {
                try Shell.run(
                    Programs.path("coxswain-ocr"), ["serve", "--listen", "127.0.0.1:0"], environment: environment)
            }
            #expect(result.status == 78, "\(result.errors)")
            #expect(result.errors.contains(place), "\(result.errors)")
            #expect(!result.errors.contains("0123456789") && !result.errors.contains("short-secret"))
        }
    }
}
