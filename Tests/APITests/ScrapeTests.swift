import API
import ControlProtocol
import Glibc
import Health
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// `GET /metrics` of a whole api.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ScrapeTests {
    private func value(_ series: String, in text: String) -> Double? {
        text.split(separator: "\n").first { $0.hasPrefix(series + " ") }
            .flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }
    }

    @Test func theReferenceListsWhatThereIs() async throws {
        try await RunningAPI.serving { api in
            #expect(try await api.post(Documents.pdf(pages: 2)).status == 200)
            #expect(try await api.post(Array("nothing".utf8)).status == 400)
            let exchange = try await api.request("GET", "/metrics")
            #expect(exchange.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            let exposed = ExposedMetrics(exchange.body)
            var documented = try DocumentedMetrics().types
            // Nobody supervises this one.
            documented["coxswain_supervisor_up"] = nil
            #expect(exposed.types == documented)
            #expect(exposed.helped == Set(exposed.types.keys))
            for (name, labels) in try DocumentedMetrics([.api]).labels where !labels.isEmpty {
                #expect(exposed.labels[name] == labels, "\(name)")
            }
        }
    }

    @Test func whatWasDoneIsCounted() async throws {
        try await RunningAPI.serving { api in
            #expect(try await api.post(Documents.pdf(pages: 2)).status == 200)
            #expect(try await api.post(Array("nothing".utf8)).status == 400)
            #expect(try await api.request("GET", "/jobs/nobodys").status == 404)
            let text = try await api.request("GET", "/metrics").body
            for (series, expected) in [
                (#"coxswain_pages_total{outcome="ok",reason="none"}"#, 2.0),
                (#"coxswain_pages_total{outcome="failed",reason="engine_crashed"}"#, 0),
                (#"coxswain_pictures_total{outcome="ok"}"#, 2), ("coxswain_page_duration_seconds_count", 2),
                ("coxswain_page_render_duration_seconds_count", 2),
                ("coxswain_engine_request_duration_seconds_count", 2),
                ("coxswain_engine_prompt_tokens_total", 2), ("coxswain_engine_completion_tokens_total", 4),
                (#"coxswain_documents_accepted_total{kind="pdf"}"#, 1),
                (#"coxswain_documents_refused_total{reason="unsupported"}"#, 1),
                (#"coxswain_jobs_finished_total{outcome="success"}"#, 1),
                (#"coxswain_jobs{status="running"}"#, 0), ("coxswain_pages_waiting", 0),
                ("coxswain_renderer_pages_total", 2), ("coxswain_renderer_processes", 1),
                ("coxswain_engine_requests_in_flight", 0), ("coxswain_http_requests_in_flight", 1),
                ("coxswain_queue_oldest_age_seconds", 0), ("coxswain_ready", 1),
                (#"coxswain_http_requests_total{code="200",method="POST",route="/ocr/pdf"}"#, 1),
                (#"coxswain_http_requests_total{code="400",method="POST",route="/ocr/pdf"}"#, 1),
            ] { #expect(value(series, in: text) == expected, "\(series)") }
            #expect(value("coxswain_documents_received_bytes_total", in: text) == Double(Documents.pdf(pages: 2).count))
            #expect((value("coxswain_state_free_bytes", in: text) ?? 0) > 0)
            #expect((value("coxswain_state_database_bytes", in: text) ?? 0) > 0)
        }
    }

    @Test(.enabled(if: Promtool.isThere, "\(Promtool.absence)"))
    func prometheusHasNothingToComplainOf() async throws {
        try await RunningAPI.serving { api in
            #expect(try await api.post(Documents.pdf(pages: 1)).status == 200)
            let result = try Promtool.check(metrics: try await api.request("GET", "/metrics?engine=false").body)
            #expect(result.status == 0, "\(result.text)")
        }
    }

    @Test func headHasNoBody() async throws {
        _ = try await RunningAPI.serving { api in
            // Its header says how long the body would have been, and none comes.
            await #expect(throws: HTTPExchange.Failure.cutShort) { try await api.request("HEAD", "/metrics") }
        }
    }

    @Test func aBrokenEngineCostsItsOwnLinesAlone() async throws {
        let engine = StandInEngine()
        engine.show(
            metrics: """
                # TYPE vllm:num_requests_running gauge
                vllm:num_requests_running{engine="0"} 3.0
                coxswain_ready 0
                up 0
                vllm:broken{a="b 1
                vllm:num_requests_running{engine="0"} 4.0
                vllm:last 7
                """)
        try await RunningAPI.serving(engine: engine) { api in
            let text = try await api.request("GET", "/metrics").body
            #expect(text.hasSuffix("\nvllm:last 7\n"))
            #expect(value(#"vllm:num_requests_running{engine="0"}"#, in: text) == 3)
            #expect(value("coxswain_ready", in: text) == 1)
            #expect(!text.contains("vllm:broken") && !text.contains("\nup "))
            #expect(value("coxswain_engine_scrape_up", in: text) == 1)
            #expect(value("coxswain_engine_scrape_rejected_lines", in: text) == 4)
            let own = try await api.request("GET", "/metrics?engine=false").body
            #expect(!own.contains("vllm:") && !own.contains("engine_scrape"))
        }
    }

    @Test func whatIsNoMetricsIsNone() async throws {
        // No arguments of the test: they would all be printed.
        for body in ["<html>500</html>", "", String(repeating: "a 1\n", count: 400_000)] {
            let engine = StandInEngine()
            engine.show(metrics: body)
            try await RunningAPI.serving(engine: engine) { api in
                let text = try await api.request("GET", "/metrics").body
                #expect(value("coxswain_engine_scrape_up", in: text) == 0)
                #expect(value("coxswain_ready", in: text) == 1)
                #expect(!text.contains("html") && !text.contains("\na 1"))
            }
        }
    }

    @Test func anEngineThatIsAwayIsSaid() async throws {
        try await RunningAPI.serving { api in
            // There is no such thing there.
            let text = try await api.request("GET", "/metrics").body
            #expect(value("coxswain_engine_scrape_up", in: text) == 0)
        }
        try await RunningAPI.serving(atEngine: "http://127.0.0.1:9/v1") { api in
            let text = try await api.request("GET", "/metrics").body
            #expect(value("coxswain_engine_scrape_up", in: text) == 0)
            #expect(value("coxswain_ready", in: text) == 1)
        }
    }

    @Test func whatPID1MeasuresIsPassedOn() async throws {
        var reading = ContainerReading()
        reading.memory.usedBytes = 4711
        var service = ContainerReading.Service(name: "engine")
        service.failures = [.init("crash", 2)]
        reading.services = [service]
        let supervisor = try ControlSocket(reading: reading)
        supervisor.server.publish(
            ContainerState(
                revision: 1, phase: .ready, ready: true, startedOnce: true, engineProven: true, reason: "",
                services: [ServiceState(name: "engine", state: "ready", since: 0)]))
        try await RunningAPI.serving(
            change: { $0.controlSocket = supervisor.path }, folder: supervisor.folder
        ) { api in
            let text = try await api.request("GET", "/metrics").body
            #expect(value("coxswain_supervisor_up", in: text) == 1)
            #expect(value("coxswain_memory_used_bytes", in: text) == 4711)
            #expect(value(#"coxswain_service_failures_total{service="engine",cause="crash"}"#, in: text) == 2)
            #expect(ExposedMetrics(text).types == (try DocumentedMetrics().types))
        }
        withExtendedLifetime(supervisor) {}
    }

    /// One that hangs: it is there, and says nothing.
    @Test func aSilentPID1CostsWhatItAloneKnows() async throws {
        let supervisor = try ControlSocket(reading: nil, answers: false)
        try await RunningAPI.serving(
            change: { $0.controlSocket = supervisor.path }, folder: supervisor.folder
        ) { api in
            let start = ContinuousClock.now
            let text = try await api.request("GET", "/metrics").body
            #expect(start.duration(to: .now) < .seconds(5))
            #expect(value("coxswain_supervisor_up", in: text) == 0)
            #expect(value("coxswain_ready", in: text) == 0)
            #expect(value("coxswain_memory_used_bytes", in: text) == nil)
            #expect(ExposedMetrics(text).types == (try DocumentedMetrics().types))
        }
    }

    @Test func noPathOrHostMakesASeries() async throws {
        try await RunningAPI.serving { api in
            func series() async throws -> Set<Substring> {
                let text = try await api.request("GET", "/metrics?engine=false").body
                return Set(
                    text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap {
                        $0.split(separator: " ").first
                    })
            }
            let methods = ["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "BREW", "LOCK"]
            func ask(_ number: Int) async throws {
                let word = "secret-\(UInt64.random(in: .min ... .max))"
                let path = ["/\(word)", "/jobs/\(word)", "/jobs/\(word)/events", "/\(word)?\(word)=1"][number % 4]
                _ = try await api.request(methods[number % methods.count], path, headers: ["Host: \(word)"])
            }
            for number in 0..<64 { try await ask(number) }
            // The second one knows of the first.
            _ = try await series()
            let before = try await series()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for start in 0..<8 {
                    group.addTask { for number in 0..<117 { try await ask(start + number * 8) } }
                }
                try await group.waitForAll()
            }
            let after = try await series()
            #expect(after.subtracting(before).isEmpty)
            #expect(after.contains { $0.contains("route=\"none\"") })
            #expect(after.allSatisfy { !$0.contains("secret") })
        }
    }
}

/// PID 1's end of the control socket.
private final class ControlSocket: Sendable {
    let path: String
    let server: ControlServer
    /// It is there as long as somebody holds it: the socket goes with it.
    let folder: TestFolder
    private let descriptor: CInt

    /// - Parameter answers: false for one that is listened on, and on which nobody accepts.
    init(reading: ContainerReading?, answers: Bool = true) throws {
        folder = try TestFolder()
        path = "\(folder.path)/control.sock"
        var sources = ControlSources()
        sources.reading = { reading }
        server = ControlServer(
            group: MultiThreadedEventLoopGroup.singleton, sources: sources, acknowledged: { _ in })
        descriptor = try LocalSocket.bind(toPath: path)
        guard listen(descriptor, 16) == 0 else { throw HTTPExchange.Failure.other(errno) }
        if answers { _ = try server.accept(on: descriptor).wait() }
    }
}
