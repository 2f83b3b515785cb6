/// The state machine of one service.
///
///     waiting ─► starting ─► ready ◄─► unready        a task goes from starting to done
///        ▲           │          │         │
///        │           └──────────┴─────────┴─► stopping ─► backoff ─► waiting
///        │                                       ├─► stopped           asked for
///        └── a need was started again (tasks)    └─► failed            the budget is spent
///
/// `stopping` lasts until nothing is left of the instance, so two instances never live at once.
package struct ServiceMachine: Sendable {
    package let definition: ServiceDefinition
    package internal(set) var state: State = .waiting
    /// When the present state was entered.
    package internal(set) var since: Instant
    package internal(set) var lastFailure: Failure?
    /// Starts after the first one.
    package internal(set) var restarts = 0
    var started = false
    var budget = RestartBudget()

    package enum State: Sendable, Equatable {
        case waiting
        case starting(Running)
        case ready(Running)
        case unready(Running)
        case stopping(Stopping)
        case backoff(until: Instant)
        case stopped
        case failed
        case done
    }

    package struct Running: Sendable, Equatable {
        package var instance: InstanceID
        package var pid: Int32?
        package var spawnedAt: Instant
        package var readyAt: Instant?
        /// Failed watch checks in a row.
        var failures = 0
    }

    package struct Stopping: Sendable, Equatable {
        package var running: Running
        package var reason: Reason
        package var exit: Exit?
        var stoppedAt: Instant
        /// When the tree is killed; nil once it has been.
        var killAt: Instant?
        /// When a tree that outlives its kill is reported; nil once it has been.
        var stuckAt: Instant?
    }

    package enum Reason: Sendable, Equatable {
        /// The container stops.
        case shutdown
        /// It ended by itself.
        case ended
        /// We end it, since it failed: why.
        case failed(String)
    }

    package struct Failure: Sendable, Equatable {
        package var cause: String
        package var at: Instant
    }

    init(_ definition: ServiceDefinition, at now: Instant) {
        self.definition = definition
        self.since = now
    }

    /// The instance of which something may still be alive.
    package var live: Running? {
        switch state {
        case .starting(let running), .ready(let running), .unready(let running): running
        case .stopping(let stopping): stopping.running
        case .waiting, .backoff, .stopped, .failed, .done: nil
        }
    }

    /// What needs this one may start.
    package var isSatisfied: Bool {
        switch state {
        case .ready: !definition.isTask
        case .done: true
        default: false
        }
    }

    package var isReady: Bool {
        if case .ready = state { true } else { false }
    }

    /// Nothing of it is alive, and it will not start by itself before something else happens.
    package var isIdle: Bool { live == nil }

    /// The word for it in `/health` and on the command line.
    package var stateName: String {
        switch state {
        case .waiting: "waiting"
        case .starting: "starting"
        case .ready: "ready"
        case .unready: "unready"
        case .stopping: "stopping"
        case .backoff: "backoff"
        case .stopped: "stopped"
        case .failed: "failed"
        case .done: "done"
        }
    }

    /// The next moment at which something is due by itself.
    var deadline: Instant? {
        switch state {
        case .starting(let running): running.spawnedAt + definition.ready.within
        case .backoff(let until): until
        case .stopping(let stopping): [stopping.killAt, stopping.stuckAt].compactMap { $0 }.min()
        case .waiting, .ready, .unready, .stopped, .failed, .done: nil
        }
    }

    mutating func enter(_ state: State, at now: Instant) {
        self.state = state
        since = now
    }

    /// How long a killed tree may take to go before it is reported.
    static let killPatience = Duration.seconds(5)

    // MARK: Transitions

    mutating func spawn(_ instance: InstanceID, at now: Instant) -> [Action] {
        if started { restarts += 1 }
        started = true
        enter(.starting(Running(instance: instance, spawnedAt: now)), at: now)
        return [.spawn(instance)]
    }

    mutating func spawned(pid: Int32, at now: Instant) -> [Action] {
        switch state {
        case .starting(var running):
            running.pid = pid
            state = .starting(running)
            var actions: [Action] = [.report(.started(running.instance, pid: pid))]
            switch definition.ready.check {
            case .spawned: actions += becameReady(at: now)
            case .http: actions.append(.checkReadiness(running.instance))
            case .notify, .exit: break
            }
            return actions
        case .stopping(var stopping):
            stopping.running.pid = pid
            state = .stopping(stopping)
            return []
        default:
            return []
        }
    }

    mutating func becameReady(at now: Instant) -> [Action] {
        guard case .starting(var running) = state, !definition.isTask else { return [] }
        running.readyAt = now
        enter(.ready(running), at: now)
        var actions: [Action] = []
        if !definition.sockets.isEmpty { actions.append(.handOverPort(running.instance)) }
        actions.append(.report(.ready(running.instance, after: now - running.spawnedAt)))
        if definition.watch != nil { actions.append(.watch(running.instance)) }
        return actions
    }

    mutating func watched(_ problem: Event.Problem?, at now: Instant) -> [Action] {
        guard let watch = definition.watch else { return [] }
        switch (state, problem) {
        case (.ready(var running), nil):
            running.failures = 0
            state = .ready(running)
            return []
        case (.unready(var running), nil):
            running.failures = 0
            enter(.ready(running), at: now)
            return [.report(.recovered(running.instance))]
        case (.ready(var running), .some(let problem)), (.unready(var running), .some(let problem)):
            running.failures += 1
            if running.failures >= watch.failures {
                return stop(because: .failed("\(running.failures) health checks failed: \(problem.text)"), at: now)
            }
            // One unanswered check proves nothing; an answer that says "not well" is believed at once.
            if case .unwell(let text) = problem, isReady {
                enter(.unready(running), at: now)
                return [.report(.unwell(running.instance, text))]
            }
            if isReady { state = .ready(running) } else { state = .unready(running) }
            return []
        default:
            return []
        }
    }

    /// Signals the instance and sets the time of its kill.
    mutating func stop(because reason: Reason, grace: Duration? = nil, at now: Instant) -> [Action] {
        guard let running = live else { return [] }
        if case .stopping = state { return [] }
        let grace = min(grace ?? definition.stop.grace, definition.stop.grace)
        let why: String
        switch reason {
        case .shutdown: why = "the container stops"
        case .failed(let cause): why = cause
        case .ended: why = ""
        }
        var actions: [Action] = [.unwatch(running.instance)]
        if !definition.sockets.isEmpty { actions.append(.takePortBack) }
        actions.append(.report(.stopping(running.instance, why)))
        actions.append(.signal(running.instance, definition.stop.signal))
        enter(
            .stopping(
                Stopping(running: running, reason: reason, stoppedAt: now, killAt: now + grace, stuckAt: nil)), at: now)
        return actions
    }

    /// The main process is gone; the shim is killing what is left of the tree.
    mutating func exited(_ exit: Exit, at now: Instant) -> [Action] {
        switch state {
        case .starting(let running), .ready(let running), .unready(let running):
            var actions: [Action] = [.unwatch(running.instance)]
            if !definition.sockets.isEmpty { actions.append(.takePortBack) }
            enter(
                .stopping(
                    Stopping(
                        running: running, reason: .ended, exit: exit, stoppedAt: now, killAt: nil,
                        stuckAt: now + Self.killPatience)), at: now)
            return actions
        case .stopping(var stopping):
            stopping.exit = exit
            stopping.killAt = nil
            stopping.stuckAt = now + Self.killPatience
            state = .stopping(stopping)
            return []
        default:
            return []
        }
    }

    /// Nothing is left of the instance: what now?
    mutating func gone(at now: Instant, stoppingAll: Bool, random: inout SeededRandom) -> [Action] {
        guard case .stopping(let stopping) = state else { return [] }
        let instance = stopping.running.instance
        let ran = now - stopping.running.spawnedAt
        let cause: String
        switch stopping.reason {
        case .shutdown:
            enter(.stopped, at: now)
            return [.report(.stopped(instance, stopping.exit, took: now - stopping.stoppedAt))]
        case .ended:
            if definition.isTask, stopping.exit?.isSuccess == true {
                enter(.done, at: now)
                return [.report(.done(instance, after: ran))]
            }
            let exit = stopping.exit ?? .unseen
            // An exit that nobody asked for is a failure, whatever its status.
            cause = exit.isSuccess ? "\(exit), which nobody asked for" : "\(exit)"
        case .failed(let why):
            cause = why
        }
        lastFailure = Failure(cause: cause, at: now)
        var actions: [Action] = [.report(.failed(instance, cause: cause, ran: ran))]
        guard !stoppingAll else {
            enter(.stopped, at: now)
            return actions
        }
        let readyFor = stopping.running.readyAt.map { stopping.stoppedAt - $0 }
        switch budget.failed(at: now, readyFor: readyFor, policy: definition.restart, random: &random) {
        case .retry(let after, let attempt, let of):
            enter(.backoff(until: now + after), at: now)
            actions.append(.report(.restarting(service: instance.service, in: after, attempt: attempt, of: of)))
        case .spent(let why):
            enter(.failed, at: now)
            actions.append(.report(.gaveUp(service: instance.service, why)))
        }
        return actions
    }

    /// What is due by now.
    mutating func tick(at now: Instant) -> [Action] {
        guard let deadline, deadline <= now else { return [] }
        switch state {
        case .backoff:
            enter(.waiting, at: now)
            return []
        case .starting:
            return stop(because: .failed("it was not ready within \(definition.ready.within.readable)"), at: now)
        case .stopping(var stopping):
            if let killAt = stopping.killAt, killAt <= now {
                stopping.killAt = nil
                stopping.stuckAt = now + Self.killPatience
                state = .stopping(stopping)
                let waited = now - stopping.stoppedAt
                return [
                    .report(.killing(stopping.running.instance, after: waited)), .kill(stopping.running.instance),
                ]
            }
            stopping.stuckAt = nil
            state = .stopping(stopping)
            return [.report(.stuck(stopping.running.instance))]
        case .waiting, .ready, .unready, .stopped, .failed, .done:
            return []
        }
    }

    /// Brings the kill of a stopping instance forward.
    mutating func hasten(to latest: Instant) {
        guard case .stopping(var stopping) = state, let killAt = stopping.killAt, latest < killAt else { return }
        stopping.killAt = latest
        state = .stopping(stopping)
    }
}
