import Lifecycle
import VariableCatalog

/// Settings that are right one by one, and not together. What can never work is a mistake; what only has no effect is noted.
struct Plausibility {
    /// Each with the keys that it is about, the likeliest one first.
    private(set) var problems: [(keys: [String], message: String)] = []
    private(set) var notes: [String] = []

    /// - Parameter isSaid: whether somebody has set a key; defaults are not complained of.
    init(_ configuration: Configuration, _ services: [ServiceDefinition], isSaid: (String) -> Bool) {
        checkStop(configuration.policy, services)
        if configuration.stateDirectory == configuration.outputDirectory {
            problems.append(
                (
                    ["state-dir", "output-dir"],
                    "`state-dir` is the same folder as `output-dir`: it is ours alone, mode 0700, and results are yours"
                ))
        }
        for service in services {
            checkTask(service, isSaid: isSaid)
            checkTimes(service, configuration.policy, isSaid: isSaid)
            checkOwnTimes(service)
        }
    }

    /// The way out takes the drain, then the graces of those that wait for each other.
    private mutating func checkStop(_ policy: ContainerPolicy, _ services: [ServiceDefinition]) {
        let grace = DurationText.write(policy.shutdownGrace)
        if policy.drainDelay > .zero, policy.drainDelay >= policy.shutdownGrace {
            problems.append(
                (
                    ["shutdown-grace", "drain-delay"],
                    "`drain-delay` (\(DurationText.write(policy.drainDelay))) is not below `shutdown-grace` (\(grace)): the whole stop would be over before anything is stopped"
                ))
            return
        }
        let (names, time) = longestStop(services)
        // As PID 1 keeps it for the dead to be reaped.
        let reserve = min(.seconds(2), policy.shutdownGrace / 4)
        guard !names.isEmpty, policy.drainDelay + time > policy.shutdownGrace - reserve else { return }
        let parts = [("drain-delay", policy.drainDelay)] + names.map { ("\($0.name)'s stop.grace", $0.stop.grace) }
        notes.append(
            "a stop may need \(DurationText.write(policy.drainDelay + time)) ("
                + parts.map { "\($0) \(DurationText.write($1))" }.joined(separator: ", then ")
                + "), and shutdown-grace is \(grace): what is not done \(DurationText.write(reserve)) before its end is killed"
        )
    }

    /// The longest chain of services that end one after the other: each before what it needs, and the API before engines.
    private func longestStop(_ services: [ServiceDefinition]) -> (services: [ServiceDefinition], time: Duration) {
        var chains: [String: (services: [ServiceDefinition], time: Duration)] = [:]
        var longest: (services: [ServiceDefinition], time: Duration) = ([], .zero)
        // In order of need; a task has ended by then, and holds nobody up.
        for service in services {
            let before = services.filter { other in
                service.needs.contains(other.name)
                    || service.role == .api && other.role == .engine && !other.needs.contains(service.name)
            }
            let rest = before.compactMap { chains[$0.name] }.max { $0.time < $1.time } ?? ([], .zero)
            let counts = !service.isTask && !service.isElsewhere
            let chain = counts ? ([service] + rest.services, service.stop.grace + rest.time) : rest
            chains[service.name] = chain
            if chain.1 > longest.time { longest = chain }
        }
        return longest
    }

    /// A task ends by itself: there is nothing to look after.
    private mutating func checkTask(_ service: ServiceDefinition, isSaid: (String) -> Bool) {
        guard service.isTask else { return }
        let path = "service.\(service.name)"
        if service.watch != nil {
            problems.append(
                (
                    ["\(path).watch"],
                    "service `\(service.name)` is a task (ready = { exit = true }): it ends, and there is nothing to watch"
                ))
        }
        if service.watchdog != nil, isSaid("\(path).watchdog") {
            problems.append(
                (
                    ["\(path).watchdog"],
                    "service `\(service.name)` is a task (ready = { exit = true }): a watchdog counts from ready on, and it is never ready"
                ))
        }
        if !service.sockets.isEmpty {
            problems.append(
                (
                    ["\(path).sockets", path],
                    "service `\(service.name)` is a task (ready = { exit = true }): it cannot be given the public port"
                ))
        }
    }

    /// What our programs are told by variables, beside what PID 1 gives them.
    private mutating func checkOwnTimes(_ service: ServiceDefinition) {
        func seconds(_ name: String) -> Duration? {
            service.environment[name].flatMap(Double.init).map { .milliseconds(Int($0 * 1000)) }
        }
        if service.role == .warmup, let deadline = seconds("COXSWAIN_WARMUP_DEADLINE"), deadline >= service.ready.within
        {
            notes.append(
                "COXSWAIN_WARMUP_DEADLINE (\(DurationText.write(deadline))) is not below service.\(service.name).ready.within (\(DurationText.write(service.ready.within))): a warm-up without an answer is killed before it can say so"
            )
        }
        if service.role == .api, let grace = seconds("COXSWAIN_STOP_GRACE"), grace >= service.stop.grace {
            notes.append(
                "COXSWAIN_STOP_GRACE (\(DurationText.write(grace))) is not below service.\(service.name).stop.grace (\(DurationText.write(service.stop.grace))): requests in flight are cut off before"
            )
        }
    }

    private mutating func checkTimes(
        _ service: ServiceDefinition, _ policy: ContainerPolicy, isSaid: (String) -> Bool
    ) {
        let path = "service.\(service.name)"
        let within = DurationText.write(service.ready.within)
        if service.ready.within > policy.startWithin, !service.isPreload, isSaid("\(path).ready.within") {
            notes.append(
                "\(path).ready.within = \(within) holds for later starts alone: the first one ends with start-within = \(DurationText.write(policy.startWithin))"
            )
        }
        guard let stall = service.ready.stall, isSaid("\(path).ready.stall") else { return }
        if stall >= service.ready.within {
            notes.append(
                "\(path).ready.stall = \(DurationText.write(stall)) has no effect: the start ends before, with within = \(within)"
            )
        } else if service.logFormat == nil {
            notes.append(
                "\(path).ready.stall has no effect: without `log` nobody knows what progress is in \(service.name)'s log"
            )
        }
    }
}
