/// Somebody who asks a container how it is, and acts on the answers; one call a simulated second.
///
/// Simplified where that makes it less patient than the real one: it asks at the first moment it may.
struct Platform {
    let settings: PlatformSettings
    /// When it killed the container, or gave it up, and for what.
    private(set) var killed: (at: Int, why: String)?
    /// When it first sent traffic.
    private(set) var trafficAt: Int?
    private(set) var sendsTraffic = false
    private var failures: [String: Int] = [:]
    private var asked: [String: Int] = [:]
    private var started = false

    init(_ settings: PlatformSettings) { self.settings = settings }

    mutating func look(at container: SimulatedContainer) {
        guard killed == nil, container.endedAt == nil else { return }
        if settings.check != nil { askDocker(container) } else { askKubernetes(container) }
        if sendsTraffic, trafficAt == nil { trafficAt = container.now }
        if let deadline = settings.progressDeadline, trafficAt == nil, container.now > deadline {
            killed = (container.now, "not ready within the progress deadline")
        }
    }

    /// Liveness and readiness are asked from the startup probe's success on; delays count from the container's start.
    private mutating func askKubernetes(_ container: SimulatedContainer) {
        if settings.probes["startupProbe"] == nil { started = true }
        for (name, probe) in settings.probes.sorted(by: { $0.key > $1.key }) {
            guard (name == "startupProbe") != started, container.now >= probe.initialDelay,
                container.now >= (asked[name] ?? -probe.period) + probe.period
            else { continue }
            asked[name] = container.now
            let passes = probe.path.map { (200..<400).contains(container.status(of: $0) ?? 0) } ?? container.accepts
            failures[name] = passes ? 0 : (failures[name] ?? 0) + 1
            let isOver = (failures[name] ?? 0) >= probe.failures
            switch name {
            case "startupProbe": started = passes
            case "readinessProbe": sendsTraffic = passes || sendsTraffic && !isOver
            default: break
            }
            if isOver, name != "readinessProbe" { killed = (container.now, name) }
        }
        // Without a readiness probe a started container is a ready one.
        if started, settings.probes["readinessProbe"] == nil { sendsTraffic = true }
    }

    /// Within the start period failures do not count, until the first success. What is unhealthy counts as killed: Swarm
    /// does that.
    private mutating func askDocker(_ container: SimulatedContainer) {
        guard let check = settings.check, container.now > 0, container.now % check.interval == 0 else { return }
        let paths = ["startup": "/startupz", "ready": "/readyz", "live": "/livez"]
        let passes = paths[check.question].flatMap { container.status(of: $0) } == 200
        if passes {
            (started, sendsTraffic) = (true, true)
            failures["check"] = 0
        } else if started || container.now > check.startPeriod {
            failures["check", default: 0] += 1
        }
        if failures["check", default: 0] >= check.retries { killed = (container.now, "unhealthy") }
    }
}
