package import Prometheus

/// The container for Prometheus. `docs/reference/metrics.md` lists what is here.
extension ContainerState {
    /// How the names of all our metrics begin.
    package static let metricPrefix = "coxswain_"

    /// What the container says at `/metrics`.
    ///
    /// Every metric is there from the first moment on, so that a rule on it is never silent for want of data; but what is not
    /// known has no sample, since a zero would be a statement.
    ///
    /// - Parameters:
    ///   - reading: what PID 1 measured; nil from others, who know the state alone.
    ///   - isSupervised: PID 1 is there and answers; nil where there is none.
    package func metrics(_ reading: ContainerReading?, isSupervised: Bool?) -> [MetricFamily] {
        let reading = reading ?? ContainerReading()
        var families = stateMetrics
        if let isSupervised {
            families.append(
                gauge(
                    "supervisor_up", "1 when PID 1 answers; at 0 what it alone knows is missing or old.", isSupervised))
        }
        return families + serviceMetrics + countedMetrics(reading) + measuredMetrics(reading) + gpuMetrics(reading)
    }

    private var stateMetrics: [MetricFamily] {
        [
            family("build_info", .gauge, "Version of coxswain.", [.init([.init("version", facts.version)], 1)]),
            gauge("start_time_seconds", "Start of the container, seconds since 1970.", startedAt),
            gauge("ready", "1 when work sent now will be done.", ready),
            gauge("held", "1 when a service is given up and the container stays for inspection.", held),
            family(
                "phase", .gauge, "1 for the phase that the container is in.",
                Phase.allCases.map { .init([.init("phase", $0.rawValue)], $0 == phase ? 1 : 0) }),
            gauge("start_progress_ratio", "Share of the start that is done, 0 to 1.", progress),
            gauge(
                "start_remaining_seconds", "Time until the container is expected to be ready, while it starts.",
                etaSeconds.map { Double($0) }),
            gauge("engine_proven", "1 when the engine runs and what proves it has succeeded.", engineProven),
            family(
                "engine_crashes_total", .counter, "Ends of the engine that its work may have caused.",
                [.init([], Double(engineCrashes))]),
            gauge("storage_durable", "1 when documents in work survive the container.", facts.notDurable == nil),
        ]
    }

    private var serviceMetrics: [MetricFamily] {
        [
            family(
                "service_state", .gauge, "1 for the state that the service is in.",
                services.flatMap { service in
                    ServiceState.states.map { state in
                        .init([Self.label(service.name), .init("state", state)], state == service.state ? 1 : 0)
                    }
                }),
            family(
                "service_ready", .gauge, "1 when the service is ready, or the task done.",
                services.map { .init([Self.label($0.name)], ["ready", "done"].contains($0.state) ? 1 : 0) }),
            family(
                "service_restarts_total", .counter, "Starts of the service after the first one.",
                services.map { .init([Self.label($0.name)], Double($0.restarts)) }),
        ]
    }

    /// What happened.
    private func countedMetrics(_ reading: ContainerReading) -> [MetricFamily] {
        let known = known(reading)
        func counts(_ label: String, _ counts: (ContainerReading.Service) -> [ContainerReading.Count])
            -> [MetricFamily.Sample]
        {
            known.flatMap { service in
                counts(service).map { .init([Self.label(service.name), .init(label, $0.what)], Double($0.count)) }
            }
        }
        return [
            family(
                "service_failures_total", .counter, "Ends of the service that nobody asked for, by their cause.",
                counts("cause", \.failures)),
            family(
                "service_start_duration_seconds", .gauge, "Time that the service's last start took until it was ready.",
                known.compactMap { service in service.startSeconds.map { .init([Self.label(service.name)], $0) } }),
            family(
                "service_start_phase_duration_seconds", .gauge, "Time that a phase of the service's last start took.",
                known.flatMap { service in
                    service.phases.map { .init([Self.label(service.name), .init("phase", $0.name)], $0.seconds) }
                }),
            gauge(
                "time_to_ready_seconds", "Time from the container's start, or from when it was last ready, to ready.",
                reading.timeToReady),
            gauge(
                "ready_timestamp_seconds", "When the container last became ready, seconds since 1970.", reading.readyAt),
            family(
                "service_health_checks_total", .counter, "Health checks of the service by their outcome.",
                counts("outcome", \.healthChecks)),
            family(
                "service_canary_requests_total", .counter,
                "Small requests that prove an idle service alive, by their outcome.", counts("outcome", \.canaries)),
            family(
                "service_canary_duration_seconds", .histogram, "Time until a canary request was answered.",
                known.flatMap { $0.canaryTimes?.samples([Self.label($0.name)]) ?? [] }),
            family(
                "log_records_total", .counter, "Records of the log by their level, dropped ones included.",
                reading.log.records.map { .init([.init("level", $0.what)], Double($0.count)) }),
            family(
                "log_dropped_lines_total", .counter, "Lines of the log that nobody read in time.",
                reading.log.droppedLines.map { [.init([], Double($0))] } ?? []),
        ]
    }

    /// What is used.
    private func measuredMetrics(_ reading: ContainerReading) -> [MetricFamily] {
        let known = known(reading)
        func values(_ value: (ContainerReading.Service) -> Double?) -> [MetricFamily.Sample] {
            known.compactMap { service in value(service).map { .init([Self.label(service.name)], $0) } }
        }
        let memory = reading.memory
        return [
            family(
                "service_resident_memory_bytes", .gauge, "Resident memory of the service's processes, added up.",
                values { $0.usage.memoryBytes.map { Double($0) } }),
            family(
                "service_group_memory_bytes", .gauge,
                "Memory that the service's control group counts, page cache included.",
                values { $0.groupMemoryBytes.map { Double($0) } }),
            family(
                "service_cpu_seconds_total", .counter,
                "Processor time of the service's processes, over all its starts.",
                values { $0.usage.processorSeconds }),
            family(
                "service_processes", .gauge, "Processes of the service.",
                values { $0.usage.processes.map { Double($0) } }
            ),
            gauge(
                "supervisor_resident_memory_bytes", "Resident memory of PID 1.",
                reading.supervisor.memoryBytes.map { Double($0) }),
            family(
                "supervisor_cpu_seconds_total", .counter, "Processor time of PID 1.",
                reading.supervisor.processorSeconds.map { [.init([], $0)] } ?? []),
            gauge(
                "memory_used_bytes", "Memory of the container that the kernel cannot simply take back.",
                memory.usedBytes.map { Double($0) }),
            gauge(
                "memory_limit_bytes", "Memory that the container may use; missing where there is no limit.",
                memory.limitBytes.map { Double($0) }),
            gauge(
                "memory_peak_bytes", "The most memory that the container ever used, page cache included.",
                memory.peakBytes.map { Double($0) }),
            family(
                "oom_kills_total", .counter, "Processes of the container that the kernel killed for want of memory.",
                memory.outOfMemoryKills.map { [.init([], Double($0))] } ?? []),
        ]
    }

    private func gpuMetrics(_ reading: ContainerReading) -> [MetricFamily] {
        func label(_ gpu: ContainerReading.GPU) -> MetricFamily.Label { .init("gpu", gpu.number) }
        return [
            family(
                "gpu_info", .gauge, "The GPUs of this container.",
                reading.gpus.map { .init([label($0), .init("name", $0.name), .init("uuid", $0.uuid)], 1) }),
            family(
                "gpu_memory_used_bytes", .gauge, "Memory of the GPU in use, by whomever.",
                reading.gpus.compactMap { gpu in gpu.usedBytes.map { .init([label(gpu)], Double($0)) } }),
            family(
                "gpu_memory_total_bytes", .gauge, "Memory of the GPU.",
                reading.gpus.compactMap { gpu in gpu.totalBytes.map { .init([label(gpu)], Double($0)) } }),
            gauge(
                "gpu_read_timestamp_seconds", "When the GPUs were last asked, seconds since 1970.", reading.gpusReadAt),
        ]
    }

    /// In the order of the state, and nothing of services that there are no more.
    private func known(_ reading: ContainerReading) -> [ContainerReading.Service] {
        services.compactMap { service in reading.services.first { $0.name == service.name } }
    }

    private static func label(_ service: String) -> MetricFamily.Label { .init("service", service) }

    private func family(
        _ name: String, _ kind: MetricFamily.Kind, _ help: String, _ samples: [MetricFamily.Sample]
    ) -> MetricFamily {
        MetricFamily(Self.metricPrefix + name, kind, help, samples)
    }

    private func gauge(_ name: String, _ help: String, _ value: Double?) -> MetricFamily {
        MetricFamily(Self.metricPrefix + name, .gauge, help, value)
    }

    private func gauge(_ name: String, _ help: String, _ value: Bool) -> MetricFamily {
        gauge(name, help, value ? 1.0 : 0)
    }
}
