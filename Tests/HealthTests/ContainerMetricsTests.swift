import Health
import Prometheus
import TestSupport
import Testing

@Suite struct ContainerMetricsTests {
    private let state = ContainerState(
        phase: .ready, ready: true, startedOnce: true, engineProven: true, engineCrashes: 2, reason: "", progress: 1,
        etaSeconds: 7, startedAt: 1000,
        services: [
            ServiceState(name: "engine", state: "ready", since: 1001, pid: 7, restarts: 3),
            ServiceState(name: "api", state: "backoff", since: 1002),
        ],
        facts: Facts(version: "9.1"))

    /// As much as there may be.
    private var reading: ContainerReading {
        var engine = ContainerReading.Service(name: "engine")
        engine.usage = .init(memoryBytes: 123, processorSeconds: 1.5, processes: 4)
        engine.groupMemoryBytes = 456
        engine.failures = [.init("crash", 1), .init("gpu-memory", 0)]
        engine.healthChecks = [.init("ok", 10), .init("unwell", 0), .init("silent", 1)]
        engine.canaries = [.init("alive", 2)]
        var times = Histogram(bounds: [0.1, 1])
        times.observe(0.05)
        times.observe(3)
        engine.canaryTimes = times
        engine.startSeconds = 61.5
        engine.phases = [.init("loading weights", 40)]
        // One that the settings do not name any more.
        let gone = ContainerReading.Service(name: "gone")
        var reading = ContainerReading()
        reading.services = [engine, gone, ContainerReading.Service(name: "api")]
        reading.memory.usedBytes = 1000
        reading.memory.limitBytes = 2000
        reading.memory.peakBytes = 1500
        reading.memory.outOfMemoryKills = 0
        reading.gpus = [.init(number: "0.1", uuid: "MIG-1", name: "H100", usedBytes: 5, totalBytes: 80)]
        reading.gpusReadAt = 1005
        reading.log.records = [.init("info", 12), .init("error", 1)]
        reading.log.droppedLines = 3
        reading.supervisor = .init(memoryBytes: 9, processorSeconds: 0.25, processes: 1)
        reading.timeToReady = 62
        reading.readyAt = 1062
        return reading
    }

    private func text(_ reading: ContainerReading?, isSupervised: Bool? = true) -> String {
        MetricsText.text(state.metrics(reading, isSupervised: isSupervised))
    }

    @Test func whatIsKnownIsSaid() {
        let lines = text(reading).split(separator: "\n").map(String.init)
        for line in [
            #"coxswain_build_info{version="9.1"} 1"#, "coxswain_supervisor_up 1", "coxswain_ready 1",
            "coxswain_engine_proven 1", "coxswain_engine_crashes_total 2", "coxswain_start_remaining_seconds 7",
            "coxswain_storage_durable 1", #"coxswain_phase{phase="ready"} 1"#,
            #"coxswain_service_state{service="engine",state="ready"} 1"#,
            #"coxswain_service_state{service="engine",state="failed"} 0"#,
            #"coxswain_service_state{service="api",state="backoff"} 1"#,
            #"coxswain_service_restarts_total{service="engine"} 3"#,
            #"coxswain_service_failures_total{service="engine",cause="crash"} 1"#,
            #"coxswain_service_failures_total{service="engine",cause="gpu-memory"} 0"#,
            #"coxswain_service_start_duration_seconds{service="engine"} 61.5"#,
            #"coxswain_service_start_phase_duration_seconds{service="engine",phase="loading weights"} 40"#,
            "coxswain_time_to_ready_seconds 62", "coxswain_ready_timestamp_seconds 1062",
            #"coxswain_service_health_checks_total{service="engine",outcome="silent"} 1"#,
            #"coxswain_service_canary_duration_seconds_bucket{service="engine",le="0.1"} 1"#,
            #"coxswain_service_canary_duration_seconds_bucket{service="engine",le="+Inf"} 2"#,
            #"coxswain_service_canary_duration_seconds_count{service="engine"} 2"#,
            #"coxswain_service_resident_memory_bytes{service="engine"} 123"#,
            #"coxswain_service_group_memory_bytes{service="engine"} 456"#,
            #"coxswain_service_cpu_seconds_total{service="engine"} 1.5"#,
            "coxswain_memory_limit_bytes 2000", "coxswain_oom_kills_total 0",
            #"coxswain_gpu_info{gpu="0.1",name="H100",uuid="MIG-1"} 1"#,
            #"coxswain_gpu_memory_total_bytes{gpu="0.1"} 80"#, #"coxswain_log_records_total{level="error"} 1"#,
            "coxswain_log_dropped_lines_total 3", "coxswain_supervisor_resident_memory_bytes 9",
        ] { #expect(lines.contains(line), "\(line)") }
        #expect(!text(reading).contains("gone"))
    }

    @Test func whatIsNotKnownHasNoSample() {
        let lines = text(nil, isSupervised: false).split(separator: "\n").map(String.init)
        #expect(lines.contains("coxswain_supervisor_up 0"))
        #expect(lines.contains(#"coxswain_service_restarts_total{service="engine"} 3"#))
        for name in ["coxswain_memory_limit_bytes", "coxswain_log_dropped_lines_total", "coxswain_gpu_info"] {
            #expect(lines.filter { $0.hasPrefix(name) }.isEmpty)
            #expect(lines.contains { $0.hasPrefix("# TYPE \(name) ") })
        }
        #expect(!text(nil, isSupervised: nil).contains("supervisor_up"))
    }

    @Test func theReferenceListsWhatThereIs() throws {
        let exposed = ExposedMetrics(text(reading))
        let documented = try DocumentedMetrics([.container])
        #expect(exposed.types == documented.types)
        #expect(exposed.helped == Set(exposed.types.keys))
        // Each has a sample here, so that its labels can be compared.
        #expect(exposed.labels == documented.labels.filter { !$0.value.isEmpty })
        // And nothing is missing before there is anything to say.
        #expect(ExposedMetrics(text(ContainerReading())).types == documented.types)
    }

    @Test(.enabled(if: Promtool.isThere, "\(Promtool.absence)"))
    func prometheusHasNothingToComplainOf() throws {
        for text in [text(reading), text(nil), text(ContainerReading(), isSupervised: nil)] {
            let result = try Promtool.check(metrics: text)
            #expect(result.status == 0, "\(result.text)")
        }
    }

    @Test func theStateIsFilledWithWhatServicesUse() {
        let measured = state.measured(by: reading)
        #expect(measured.services.map(\.memoryBytes) == [123, nil])
        #expect(measured.revision == state.revision)
        #expect(measured.measured(by: nil) == state)
    }

    @Test func theReadingIsTakenOnlyForWhoWantsIt() {
        var count = 0
        func take() -> ContainerReading? {
            count += 1
            return reading
        }
        for path in ["/readyz?verbose", "/health", "/livez", "/elsewhere"] {
            _ = state.answer(HealthRequest(target: path), now: 1010, heard: 1010, reading: take())
        }
        #expect(count == 0)
        let answer = state.answer(HealthRequest(target: "/metrics"), now: 1010, heard: 1010, reading: take())
        #expect(count == 1)
        #expect(answer?.body == text(reading))
        #expect(answer?.headers.first?.value == "text/plain; version=0.0.4; charset=utf-8")
    }
}
