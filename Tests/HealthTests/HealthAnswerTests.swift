import Health
import Testing

@Suite struct HealthAnswerTests {
    private func state(_ phase: ContainerState.Phase, ready: Bool = false, startedOnce: Bool = false) -> ContainerState
    {
        ContainerState(
            revision: 3, phase: phase, ready: ready, startedOnce: startedOnce,
            reason: ready ? "" : "engine is starting",
            progress: 0.5, etaSeconds: 42, startedAt: 1000,
            services: [ServiceState(name: "engine", state: ready ? "ready" : "starting", since: 1001, pid: 7)],
            facts: Facts(
                version: "9", vllmURL: "http://127.0.0.1:8080/v1/markdown", modelsPath: "/models",
                outputDirectory: "/out"))
    }

    private func status(_ state: ContainerState, _ target: String) -> Int? {
        state.answer(HealthRequest(target: target), now: 1010, heard: 1010)?.status
    }

    @Test(arguments: [
        (ContainerState.Phase.preloading, false, false, [200, 503, 503, 503]),
        (.starting, false, false, [200, 503, 503, 503]),
        (.warming, false, false, [200, 503, 503, 503]),
        (.ready, true, true, [200, 200, 200, 200]),
        (.degraded, false, true, [200, 200, 503, 200]),
        (.draining, false, true, [200, 200, 503, 200]),
        (.failed, false, true, [503, 200, 503, 503]),
        (.stopped, false, true, [503, 200, 503, 503]),
    ]) func eachProbeSaysWhatItMeans(phase: ContainerState.Phase, ready: Bool, once: Bool, expected: [Int]) {
        let state = state(phase, ready: ready, startedOnce: once)
        #expect(["/livez", "/startupz", "/readyz", "/health"].map { status(state, $0) } == expected)
    }

    @Test func oneThatHoldsIsAliveAndNotReady() {
        var state = state(.failed, startedOnce: true)
        state.held = true
        #expect(["/livez", "/startupz", "/readyz", "/health"].map { status(state, $0) } == [200, 200, 503, 503])
    }

    @Test func metricsAreThereFromTheBeginning() throws {
        let answer = try #require(state(.starting).answer(HealthRequest(target: "/metrics"), now: 1010, heard: 1010))
        #expect(answer.status == 200)
        #expect(answer.headers.contains { $0 == ("Content-Type", "text/plain; version=0.0.4; charset=utf-8") })
        let lines = answer.body.split(separator: "\n").map(String.init)
        for line in [
            "coxswain_ready 0", "coxswain_held 0", "coxswain_start_time_seconds 1000",
            "coxswain_phase{phase=\"starting\"} 1", "coxswain_phase{phase=\"ready\"} 0",
            "coxswain_service_ready{service=\"engine\"} 0", "coxswain_service_restarts_total{service=\"engine\"} 0",
        ] { #expect(lines.contains(line), "\(line)") }
        // Each metric says what it is before its first sample.
        #expect(lines.filter { $0.hasPrefix("# TYPE") }.count == lines.filter { $0.hasPrefix("# HELP") }.count)
    }

    @Test func otherPathsAreNobodysProbe() {
        #expect(status(state(.ready), "/ocr/pdf") == nil)
        #expect(status(state(.ready), "/healthz/x") == nil)
    }

    @Test func aFailingProbeSaysWhyAndWhenToComeBack() throws {
        let answer = try #require(state(.starting).answer(HealthRequest(target: "/readyz"), now: 1010, heard: 1010))
        #expect(answer.body == "failed: engine is starting (phase starting, 50 %, about 42 s more)\n")
        #expect(answer.headers.contains { $0 == ("Retry-After", "42") })
    }

    @Test func verboseListsServices() throws {
        let answer = try #require(
            state(.starting).answer(HealthRequest(target: "/livez?verbose"), now: 1010, heard: 1010))
        #expect(answer.body == "[-]engine starting for 9 s\nok\n")
    }

    @Test func jsonIsAskedForByFormat() throws {
        let answer = try #require(
            state(.ready, ready: true).answer(HealthRequest(target: "/readyz?format=json"), now: 1010, heard: 1010))
        #expect(answer.body == #"{"phase":"ready","progress":0.5,"status":"ok"}"#)
        #expect(answer.headers.contains { $0 == ("Content-Type", "application/json") })
    }

    @Test func silenceOfTheSupervisorIsSaid() throws {
        let answer = try #require(
            state(.ready, ready: true, startedOnce: true).answer(
                HealthRequest(target: "/readyz"), now: 1030, heard: 1010))
        #expect(answer.status == 503)
        #expect(answer.body.contains("not been heard from for 20 s"))
    }

    @Test func healthKeepsTheReplacedContainersFields() throws {
        let answer = try #require(
            state(.ready, ready: true, startedOnce: true).answer(
                HealthRequest(target: "/health"), now: 1010, heard: 1010))
        for field in [
            #""status":"healthy""#, #""models_present":true"#, #""missing_models":[]"#, #""models_path":"/models""#,
            #""vllm_status":"available""#, #""vllm_url":"http://127.0.0.1:8080/v1/markdown""#, #""use_vlm_api":true"#,
            #""output_dir":"/out""#, #""s3_storage":"not_configured""#, #""uptime_seconds":10"#,
        ] { #expect(answer.body.contains(field), "\(field) in \(answer.body)") }
    }

    @Test func workIsRefusedWithATime() {
        let answer = state(.starting).unavailable(now: 1010)
        #expect(answer.status == 503)
        #expect(
            answer.body
                == #"{"detail":"Not ready: engine is starting","eta_seconds":42,"phase":"starting","progress":0.5}"#)
    }

    @Test func aStateSurvivesTheWire() throws {
        let state = state(.degraded, startedOnce: true)
        #expect(try JSONText.decode(ContainerState.self, from: JSONText.encode(state)) == state)
    }
}
