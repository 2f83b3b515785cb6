import Lifecycle
import Testing

/// A container under a virtual clock: says what happens, collects what is done.
struct Life {
    var machine: ContainerMachine
    var now = Instant(.zero)
    private(set) var reports: [Report] = []

    init(_ definitions: [ServiceDefinition], policy: ContainerPolicy = ContainerPolicy()) {
        machine = ContainerMachine(definitions, policy: policy, seed: 1, at: now)
    }

    /// The replaced container's graph: engine → warmup → api.
    static func container(
        policy: ContainerPolicy = ContainerPolicy(), _ change: (inout [ServiceDefinition]) -> Void = { _ in }
    ) -> Life {
        var definitions = [
            ServiceDefinition(
                name: "engine", role: .engine, command: ["engine"],
                ready: Readiness(check: .http(url: "http://127.0.0.1/health", every: .seconds(1))),
                watch: Watch(url: "http://127.0.0.1/health", every: .seconds(5), timeout: .seconds(2), failures: 3)),
            ServiceDefinition(
                name: "warmup", role: .warmup, command: ["warmup"], needs: ["engine"], ready: Readiness(check: .exit)),
            ServiceDefinition(
                name: "api", role: .api, command: ["api"], needs: ["warmup"], ready: Readiness(check: .notify),
                sockets: ["http"]),
        ]
        change(&definitions)
        return Life(definitions, policy: policy)
    }

    /// As the container is today: the api is started at once, and the warm-up proves the engine, which is watched by its
    /// requests (30 s) and, after 60 s without any, by a canary (20 s).
    static func provenContainer(
        policy: ContainerPolicy = ContainerPolicy(), _ change: (inout [ServiceDefinition]) -> Void = { _ in }
    ) -> Life {
        container(policy: policy) {
            $0[0].watch?.silence = .seconds(30)
            $0[0].watch?.canary = Watch.Canary(
                url: "http://127.0.0.1/v1/completions", body: "{}", after: .seconds(60), timeout: .seconds(20))
            $0[1].proves = "engine"
            $0[2].needs = []
            change(&$0)
        }
    }

    /// Brings the container of ``provenContainer(policy:_:)`` to ready: engine #1, api #2, warmup #3.
    mutating func reachProven() {
        _ = happens(.begin)
        start("api")
        start("engine")
        finishTask("warmup")
    }

    /// What the instance of this name says of its requests.
    mutating func says(_ name: String, inFlight: Int, silentFor: Duration = .zero) -> [Action] {
        guard let id = instance(name) else { return [] }
        return happens(.requests(by: id, inFlight: inFlight, silentFor: silentFor))
    }

    /// It says so each second, for so long; nothing may follow from it before the end.
    mutating func keepsSaying(_ name: String, inFlight: Int, silentFor: Duration, for time: Duration) {
        var passed = Duration.zero
        while passed < time {
            let step = min(.seconds(1), time - passed)
            now = now + step
            passed += step
            let actions = says(name, inFlight: inFlight, silentFor: silentFor + passed)
            if !actions.isEmpty { Issue.record("\(actions) after \(passed)") }
            if passed < time, let next = machine.nextDeadline, next <= now {
                Issue.record("something is due after \(passed)")
            }
        }
    }

    /// Why the service of this name was last told to stop.
    func why(_ name: String) -> String? {
        for case .stopping(let id, let why) in reports.reversed()
        where machine.services[id.service].definition.name == name {
            return why
        }
        return nil
    }

    /// Returns what is to be done, without the reports.
    mutating func happens(_ event: Event) -> [Action] {
        machine.handle(event, at: now).filter { action in
            guard case .report(let report) = action else { return true }
            reports.append(report)
            return false
        }
    }

    mutating func pass(_ time: Duration) -> [Action] {
        now = now + time
        return happens(.tick)
    }

    /// Jumps to the next deadline. After it nothing may be due any more, or the driver would never sleep.
    mutating func passToDeadline() -> [Action] {
        guard let deadline = machine.nextDeadline else { return [] }
        now = max(now, deadline)
        let actions = happens(.tick)
        if let next = machine.nextDeadline, next <= now {
            Issue.record("a deadline of \(now - next) ago is left after a tick")
            now = now + .seconds(3600)
        }
        return actions
    }

    func state(_ name: String) -> String {
        machine.services.first { $0.definition.name == name }?.state.name.rawValue ?? "?"
    }

    func instance(_ name: String) -> InstanceID? {
        machine.services.first { $0.definition.name == name }?.live?.instance
    }

    /// Brings the container of ``container(_:)`` to ready.
    mutating func reachReady() {
        _ = happens(.begin)
        start("engine")
        finishTask("warmup")
        start("api")
    }

    mutating func start(_ name: String) {
        guard let id = instance(name) else { return }
        _ = happens(.spawned(id, pid: Int32(100 + id.number)))
        _ = happens(.ready(id))
    }

    mutating func finishTask(_ name: String) {
        guard let id = instance(name) else { return }
        _ = happens(.spawned(id, pid: Int32(100 + id.number)))
        _ = happens(.exited(id, .code(0)))
        _ = happens(.gone(id, Evidence()))
    }

    mutating func dies(_ name: String, _ exit: Exit = .signal(9)) -> [Action] {
        guard let id = instance(name) else { return [] }
        return happens(.exited(id, exit)) + happens(.gone(id, Evidence()))
    }
}
