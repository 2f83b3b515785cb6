import Prometheus

/// An HTTP answer, before it is put on any wire.
package struct HealthAnswer: Sendable, Equatable {
    /// HTTP status code.
    package var status: Int
    /// Header fields in order; without `Content-Length`, `Date` and `Connection`, which belong to the server.
    package var headers: [(name: String, value: String)]
    package var body: String

    package init(status: Int, headers: [(name: String, value: String)], body: String) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package static func == (left: HealthAnswer, right: HealthAnswer) -> Bool {
        left.status == right.status && left.body == right.body
            && left.headers.map { "\($0.name): \($0.value)" } == right.headers.map { "\($0.name): \($0.value)" }
    }
}

extension HealthAnswer {
    /// - Parameter text: in Prometheus' text format.
    package static func metrics(_ text: String) -> HealthAnswer {
        HealthAnswer(
            status: 200, headers: [("Content-Type", MetricsText.contentType), ("Cache-Control", "no-store")], body: text
        )
    }
}

/// What the caller knows of a request.
package struct HealthRequest: Sendable {
    package var path: String
    /// Query keys and values, already percent-decoded; a key without a value has an empty one.
    package var query: [(key: String, value: String)]

    package init(path: String, query: [(key: String, value: String)] = []) {
        self.path = path
        self.query = query
    }

    /// Splits the request target of HTTP/1.1, for example `/readyz?verbose`.
    package init(target: String) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts.first ?? "/")
        query =
            parts.count < 2
            ? []
            : parts[1].split(separator: "&").map { pair in
                let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(halves[0]), halves.count > 1 ? String(halves[1]) : "")
            }
    }

    func has(_ key: String) -> Bool { query.contains { $0.key == key && $0.value != "false" && $0.value != "0" } }
    func value(_ key: String) -> String? { query.first { $0.key == key }?.value }
}

extension ContainerState {
    /// Answers `/livez`, `/startupz`, `/readyz`, `/health` and `/metrics`; nil for every other path.
    ///
    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - heard: seconds since 1970 at which PID 1 was last heard from. An answer older than ``staleAfter`` says so
    ///     instead of vouching for the container. PID 1 itself passes `now`.
    ///   - reading: PID 1's, measured only if somebody wants it; nil from others.
    package func answer(
        _ request: HealthRequest, now: Double, heard: Double, reading: @autoclosure () -> ContainerReading? = nil
    ) -> HealthAnswer? {
        let silence = now - heard
        let stale = silence > Self.staleAfter
        let staleReason = "the supervisor has not been heard from for \(Int(silence)) s"
        switch request.path {
        case "/livez":
            // A failed container is about to exit; until then it can no longer heal itself. One that holds waits for
            // somebody to look at it, and is not to be killed before.
            let alive = held || (phase != .failed && phase != .stopped)
            return probe(request, passes: alive, reason: reason, now: now)
        case "/startupz":
            return probe(request, passes: startedOnce, reason: reason, now: now)
        case "/readyz":
            return probe(request, passes: ready && !stale, reason: stale ? staleReason : reason, now: now)
        case "/health":
            return health(now: now, reason: stale ? staleReason : reason, ready: ready && !stale)
        case "/metrics":
            let reading = reading()
            return .metrics(MetricsText.text(metrics(reading, isSupervised: reading != nil)))
        default:
            return nil
        }
    }

    /// Seconds of silence after which an answer on PID 1's behalf is no longer given as PID 1's word.
    package static let staleAfter: Double = 15

    /// The answer to work that cannot be taken now: 503, when to come back, and how far the container is.
    package func unavailable(now: Double) -> HealthAnswer {
        let body = Unavailable(
            detail: "Not ready: \(reason.isEmpty ? "try again" : reason)", phase: phase, progress: progress,
            eta_seconds: etaSeconds)
        return HealthAnswer(
            status: 503,
            headers: [("Content-Type", "application/json"), ("Retry-After", String(retryAfter)), Self.noStore],
            body: JSONText.encode(body))
    }

    /// Seconds a client should wait, 1…60.
    package var retryAfter: Int { min(60, max(1, etaSeconds ?? (phase == .draining ? 10 : 5))) }

    private static var noStore: (name: String, value: String) { ("Cache-Control", "no-store") }

    private func probe(_ request: HealthRequest, passes: Bool, reason: String, now: Double) -> HealthAnswer {
        let status = passes ? 200 : 503
        var headers = [Self.noStore]
        if !passes { headers.append(("Retry-After", String(retryAfter))) }
        if request.value("format") == "json" {
            headers.insert(("Content-Type", "application/json"), at: 0)
            let body = ProbeBody(
                status: passes ? "ok" : "failed", reason: passes ? nil : reason, phase: phase, progress: progress,
                eta_seconds: passes ? nil : etaSeconds, services: request.has("verbose") ? serviceBodies : nil)
            return HealthAnswer(status: status, headers: headers, body: JSONText.encode(body))
        }
        headers.insert(("Content-Type", "text/plain; charset=utf-8"), at: 0)
        var lines: [String] = []
        if request.has("verbose") {
            // The form of Kubernetes' own component probes.
            for service in services {
                let good = service.state == "ready" || service.state == "done"
                lines.append(
                    "[\(good ? "+" : "-")]\(service.name) \(service.state) for \(max(0, Int(now - service.since))) s"
                        + (service.status.map { " (\($0))" } ?? "")
                        + (service.lastFailure.map { "; last failure: \($0.cause)" } ?? ""))
            }
        }
        let wait = etaSeconds.map { ", about \($0) s more" } ?? ""
        lines.append(
            passes ? "ok" : "failed: \(reason) (phase \(phase.rawValue), \(Int(progress * 100)) %\(wait))")
        return HealthAnswer(status: status, headers: headers, body: lines.joined(separator: "\n") + "\n")
    }

    /// `GET /health` in the replaced container's shape, and truthful: 503 until first ready and after giving up.
    private func health(now: Double, reason: String, ready: Bool) -> HealthAnswer {
        let gaveUp = phase == .failed || phase == .stopped
        let good = startedOnce && !gaveUp
        let engine = services.first { $0.name == facts.engineService }
        let body = HealthBody(
            // A container that is being healed may still take traffic (`unready-after`); it is not healthy.
            status: good ? (ready && phase == .ready ? "healthy" : "degraded") : (gaveUp ? "failed" : "starting"),
            phase: phase, ready: ready, reason: reason.isEmpty ? nil : reason, progress: progress,
            eta_seconds: etaSeconds, uptime_seconds: max(0, Int(now - startedAt)),
            version: facts.version, services: serviceBodies,
            models_present: facts.missingModels.isEmpty, missing_models: facts.missingModels,
            models_path: facts.modelsPath,
            vllm_status: engine.map { $0.state == "ready" ? "available" : "unavailable" } ?? "not_checked",
            vllm_url: facts.vllmURL, use_vlm_api: facts.usesVLM, output_dir: facts.outputDirectory,
            s3_storage: facts.objectStoreConfigured ? "configured" : "not_configured",
            durable: facts.notDurable == nil, durable_reason: facts.notDurable)
        var headers = [("Content-Type", "application/json"), Self.noStore] as [(name: String, value: String)]
        if !good { headers.append(("Retry-After", String(retryAfter))) }
        return HealthAnswer(status: good ? 200 : 503, headers: headers, body: JSONText.encode(body))
    }

    private var serviceBodies: [ServiceBody] {
        services.map { service in
            ServiceBody(
                name: service.name, state: service.state, since: service.since, pid: service.pid,
                restarts: service.restarts, status: service.status,
                last_failure: service.lastFailure.map {
                    FailureBody(
                        cause: $0.cause, hint: $0.hint, kind: $0.kind, stack: $0.stack.isEmpty ? nil : $0.stack,
                        at: $0.at)
                })
        }
    }
}

// The names below are the wire: snake_case, as the replaced container's clients read them.

private struct Unavailable: Encodable {
    var detail: String
    var phase: ContainerState.Phase
    var progress: Double
    var eta_seconds: Int?
}

private struct ProbeBody: Encodable {
    var status: String
    var reason: String?
    var phase: ContainerState.Phase
    var progress: Double
    var eta_seconds: Int?
    var services: [ServiceBody]?
}

private struct HealthBody: Encodable {
    var status: String
    var phase: ContainerState.Phase
    var ready: Bool
    var reason: String?
    var progress: Double
    var eta_seconds: Int?
    var uptime_seconds: Int
    var version: String
    var services: [ServiceBody]
    var models_present: Bool
    var missing_models: [String]
    var models_path: String
    var vllm_status: String
    var vllm_url: String
    var use_vlm_api: Bool
    var output_dir: String
    var s3_storage: String
    var durable: Bool
    var durable_reason: String?
}

private struct ServiceBody: Encodable {
    var name: String
    var state: String
    var since: Double
    var pid: Int32?
    var restarts: Int
    var status: String?
    var last_failure: FailureBody?
}

private struct FailureBody: Encodable {
    var cause: String
    var hint: String?
    var kind: String
    var stack: [String]?
    var at: Double
}
