/// The state machine of one service: `States.md` draws it, ``transitions`` lists its arrows.
///
/// `stopping` lasts until nothing is left of the instance, so two instances never live at once.
package struct ServiceMachine: Sendable {
    package internal(set) var definition: ServiceDefinition
    /// The definition for the next instance, where the live one still has the old.
    var pending: ServiceDefinition?
    /// The settings no longer name it.
    package internal(set) var isRetired = false
    package internal(set) var state: State = .waiting
    /// When the present state was entered.
    package private(set) var since: Instant
    package internal(set) var lastFailure: Failure?
    /// What it last said of itself, in its own words.
    package internal(set) var status: String?
    /// Starts after the first one.
    package internal(set) var restarts = 0
    /// Ends while it was ready that its work may have caused.
    package internal(set) var crashes = 0
    var started = false
    package internal(set) var budget = RestartBudget()
    /// Until when the GPU memory of the last instance is waited for; nil when it is back, or is none.
    var memoryBy: Instant?
    /// Requests in flight at this service, by who sends them.
    var requests: [InstanceID: Requests] = [:]
    let fault: PlantedFault?

    init(_ definition: ServiceDefinition, fault: PlantedFault?, at now: Instant) {
        self.definition = definition
        self.fault = fault
        since = now
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

    /// Its main process has ended, and something of it may still be alive.
    var hasExited: Bool {
        if case .stopping(let stopping) = state { stopping.exit != nil } else { false }
    }

    /// Nothing keeps it from starting but what it needs.
    var mayStart: Bool {
        guard case .waiting = state else { return false }
        return memoryBy == nil || !definition.usesGPU
    }

    /// What it is at and why, to be put behind its name: of this instance, else of the one before it.
    var condition: String {
        switch state {
        case .stopping(let stopping):
            switch stopping.reason {
            case .failed(let cause, _), .wanting(let cause), .asked(let cause): return "is stopping: \(cause)"
            // Why is known when nothing is left of it.
            case .ended: return stopping.exit == nil ? "is stopping, as it said" : "has ended"
            }
        // By somebody's wish: whatever happened to it before is not why.
        case .stopped: return "is stopped"
        case .failed: return "has failed" + (lastFailure.map { ": \($0.cause)" } ?? "")
        case .backoff: return "waits to be started again" + afterFailure
        case .unready: return "says that it is not well" + afterFailure
        default: return "is \(state.name.rawValue)" + afterFailure
        }
    }

    private var afterFailure: String { lastFailure.map { " after it failed: \($0.cause)" } ?? "" }

    package var hasFailed: Bool {
        if case .failed = state { true } else { false }
    }

    mutating func enter(_ state: State, at now: Instant) {
        self.state = state
        since = now
    }

    /// How long a killed tree may take to go before it is reported.
    static let killPatience = Duration.seconds(5)
    /// Time between two signals to a service that is told to stop while it starts: vLLM loses the first.
    static let signalAgain = Duration.seconds(2)
    /// How long descendants of a hung service have for writing down where they hang, then the main process.
    static let abortPatience = Duration.seconds(1)
    /// How long GPU memory may take to come back.
    static let memoryPatience = Duration.seconds(60)
    static let sigABRT: Int32 = 6

    // MARK: Start

    /// - Parameter latest: when the container as a whole must be ready for the first time.
    mutating func spawn(_ instance: InstanceID, latest: Instant?, at now: Instant) -> [Action] {
        if started { restarts += 1 }
        // A second try may be begun late, as may be one that waited for others' tries: those have their own time.
        let latest = started ? nil : latest.flatMap { $0 > now ? $0 : nil }
        started = true
        status = nil
        memoryBy = nil
        enter(
            .starting(
                Running(instance: instance, spawnedAt: now, readyBy: now + definition.ready.within, latest: latest)),
            at: now)
        return [.spawn(instance)]
    }

    /// - Parameter progress: how far it is; nil when it says something new that nobody understands.
    mutating func progressed(_ progress: Event.Progress?, at now: Instant) -> [Action] {
        guard case .starting(var running) = state else { return [] }
        running.movedAt = now
        running.progress = progress ?? running.progress
        state = .starting(running)
        return []
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
        // What it says of itself comes another way, and may come first.
        case .ready(var running):
            running.pid = pid
            state = .ready(running)
            return [.report(.started(running.instance, pid: pid))]
        case .unready(var running):
            running.pid = pid
            state = .unready(running)
            return [.report(.started(running.instance, pid: pid))]
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
}
