/// The state machine of one service: `States.md` draws it, ``transitions`` lists its arrows.
///
/// `stopping` lasts until nothing is left of the instance, so two instances never live at once.
package struct ServiceMachine: Sendable {
    package internal(set) var definition: ServiceDefinition
    /// The definition for the next instance, where the live one still has the old.
    var pending: ServiceDefinition?
    /// The settings no longer name it.
    package internal(set) var isRetired = false
    package private(set) var state: State = .waiting
    /// When the present state was entered.
    package private(set) var since: Instant
    package internal(set) var lastFailure: Failure?
    /// What it last said of itself, in its own words.
    package private(set) var status: String?
    /// Starts after the first one.
    package internal(set) var restarts = 0
    var started = false
    var budget = RestartBudget()
    /// Until when the GPU memory of the last instance is waited for; nil when it is back, or is none.
    var memoryBy: Instant?
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

    /// Nothing keeps it from starting but what it needs.
    var mayStart: Bool {
        guard case .waiting = state else { return false }
        return memoryBy == nil || !definition.usesGPU
    }

    package var hasFailed: Bool {
        if case .failed = state { true } else { false }
    }

    /// The next moment at which something is due by itself.
    package var deadline: Instant? {
        switch state {
        case .starting(let running):
            fault == .watchdogBeforeReady
                ? min(running.readyBy, running.spawnedAt + (definition.watchdog ?? definition.ready.within))
                : running.readyBy
        case .ready(let running), .unready(let running): watchdogDue(running)
        case .backoff(let backoff): memoryBy.map { min($0, backoff.until) } ?? backoff.until
        case .stopping(let stopping): stopping.deadline
        case .waiting, .stopped, .failed, .done: memoryBy
        }
    }

    /// Armed from ready on: what is slow to start is judged by its readiness alone.
    private func watchdogDue(_ running: Running) -> Instant? {
        guard let watchdog = definition.watchdog, let readyAt = running.readyAt else { return nil }
        return max(running.heardAt ?? readyAt, readyAt) + watchdog
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

    mutating func spawn(_ instance: InstanceID, at now: Instant) -> [Action] {
        if started { restarts += 1 }
        started = true
        status = nil
        memoryBy = nil
        enter(
            .starting(Running(instance: instance, spawnedAt: now, readyBy: now + definition.ready.within)), at: now)
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

    // MARK: While it runs

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
            var hangs = false
            if case .silent = problem { hangs = true }
            if running.failures >= watch.failures {
                let cause = "\(running.failures) health checks failed: \(problem.text)"
                return stop(because: .failed(cause, hangs: hangs), at: now)
            }
            // One unanswered check proves nothing; an answer that says "not well" is believed at once.
            if !hangs, isReady {
                enter(.unready(running), at: now)
                return [.report(.unwell(running.instance, problem.text))]
            }
            if isReady { state = .ready(running) } else { state = .unready(running) }
            return []
        default:
            return []
        }
    }

    mutating func notified(_ notice: Event.Notice, at now: Instant) -> [Action] {
        switch notice {
        case .status(let text):
            status = String(text.prefix(200))
        case .alive:
            switch state {
            case .ready(var running):
                running.heardAt = now
                state = .ready(running)
            case .unready(var running):
                running.heardAt = now
                state = .unready(running)
            default: break
            }
        case .trouble:
            if isReady || state.name == .unready {
                return stop(because: .failed("it says that it hangs (WATCHDOG=trigger)", hangs: true), at: now)
            }
        case .extend(let time):
            extend(by: time, at: now)
        case .stopping:
            switch state {
            case .starting(let running), .ready(let running), .unready(let running):
                return leave(running, because: .ended, killAt: now + definition.stop.grace, at: now)
            default: break
            }
        }
        return []
    }

    /// Never by more than the time it has anyway, so that it must go on asking; and not beyond what a stop may take.
    private mutating func extend(by time: Duration, at now: Instant) {
        switch state {
        case .starting(var running):
            running.readyBy = max(running.readyBy, now + min(time, definition.ready.within))
            state = .starting(running)
        case .stopping(var stopping):
            guard let killAt = stopping.killAt, !stopping.firm else { return }
            let grace = definition.stop.grace
            stopping.killAt = max(killAt, min(now + min(time, grace), stopping.stoppedAt + grace * 3))
            state = .stopping(stopping)
        default: break
        }
    }

    // MARK: Stop

    /// Asks the instance to end, and sets the time of its kill.
    mutating func stop(
        because reason: Reason, next: Next = .policy, at now: Instant
    ) -> [Action] {
        guard let running = live else { return [] }
        if case .stopping(var stopping) = state {
            // What was asked for last is what happens; how it ends stays as it is.
            if next != .policy { stopping.next = next }
            state = .stopping(stopping)
            return []
        }
        let why: String
        var hangs = false
        switch reason {
        case .asked(let cause): why = cause
        case .failed(let cause, let hung): (why, hangs) = (cause, hung)
        case .ended: why = ""
        }
        var actions = leave(running, because: reason, next: next, killAt: now + definition.stop.grace, at: now)
        actions.append(.report(.stopping(running.instance, why)))
        guard case .stopping(var stopping) = state else { return actions }
        if hangs {
            // It does not listen: graceful would be in vain. It may still say where it hangs; its children first, since
            // the end of the main process is the end of them all.
            stopping.abortAt = now + Self.abortPatience
            stopping.killAt = now + Self.abortPatience * 2
            stopping.firm = true
            actions += [.report(.aborting(running.instance)), .signalDescendants(running.instance, Self.sigABRT)]
        } else {
            if running.readyAt == nil, fault != .asksOnce { stopping.repeatAt = now + Self.signalAgain }
            actions.append(.signal(running.instance, definition.stop.signal))
        }
        if fault == .neverKills { (stopping.killAt, stopping.firm) = (nil, true) }
        state = .stopping(stopping)
        return actions
    }

    /// From here on it is no longer counted on.
    private mutating func leave(
        _ running: Running, because reason: Reason, next: Next = .policy, killAt: Instant?, at now: Instant
    ) -> [Action] {
        enter(
            .stopping(Stopping(running: running, reason: reason, next: next, stoppedAt: now, killAt: killAt)), at: now)
        var actions: [Action] = [.unwatch(running.instance)]
        if !definition.sockets.isEmpty, fault != .forgetsPort { actions.append(.takePortBack) }
        return actions
    }

    /// The main process is gone; the shim is killing what is left of the tree.
    mutating func exited(_ exit: Exit, at now: Instant) -> [Action] {
        var actions: [Action] = []
        if let running = live, state.name != .stopping {
            actions = leave(running, because: .ended, killAt: nil, at: now)
        }
        guard case .stopping(var stopping) = state else { return [] }
        stopping.exit = exit
        (stopping.repeatAt, stopping.abortAt, stopping.killAt) = (nil, nil, nil)
        stopping.stuckAt = now + Self.killPatience
        state = .stopping(stopping)
        return actions
    }

    /// Brings the kill of a stopping instance forward, for good.
    mutating func hasten(to latest: Instant) {
        guard case .stopping(var stopping) = state, let killAt = stopping.killAt else { return }
        stopping.killAt = min(killAt, latest)
        stopping.firm = true
        state = .stopping(stopping)
    }

    // MARK: Afterwards

    /// Nothing is left of the instance: what now?
    ///
    /// - Parameter containerStops: nothing is started any more.
    mutating func gone(
        _ evidence: Evidence, containerStops: Bool, at now: Instant, random: inout SeededRandom
    ) -> [Action] {
        guard case .stopping(let stopping) = state else { return [] }
        let instance = stopping.running.instance
        let ran = now - stopping.running.spawnedAt
        let succeeded = definition.isTask && stopping.reason == .ended && stopping.exit?.isSuccess == true
        let heldMemory = definition.usesGPU && !containerStops
        if let pending { (definition, self.pending) = (pending, nil) }
        let readyFor = stopping.running.readyAt.map { stopping.stoppedAt - $0 }
        if let readyFor { budget.ran(readyFor, policy: definition.restart) }

        var actions: [Action] = []
        var failure: Diagnosis?
        switch stopping.reason {
        case .asked:
            actions.append(.report(.stopped(instance, stopping.exit, took: now - stopping.stoppedAt)))
        case .ended where succeeded:
            actions.append(.report(.done(instance, after: ran)))
        case .ended, .failed:
            var why: String?
            if case .failed(let cause, _) = stopping.reason { why = cause }
            let diagnosis = Diagnosis.of(
                exit: stopping.exit ?? (why == nil ? .unseen : nil), failure: why,
                wasReady: stopping.running.readyAt != nil, evidence: evidence)
            failure = diagnosis
            lastFailure = Failure(diagnosis: diagnosis, at: now)
            if fault != .swallowsExit || stopping.next == .policy {
                actions.append(.report(.failed(instance, diagnosis, ran: ran)))
            }
        }

        if containerStops || isRetired || stopping.next == .stay {
            enter(.stopped, at: now)
        } else if stopping.next == .startAgain {
            enter(.waiting, at: now)
        } else if let failure {
            actions += fail(failure, instance.service, readyFor: readyFor, at: now, random: &random)
        } else {
            enter(succeeded ? .done : .stopped, at: now)
        }
        if heldMemory, fault != .forgetsMemory {
            // Whatever follows: somebody may start it any time.
            memoryBy = now + Self.memoryPatience
            actions.append(.awaitMemory(service: instance.service))
        }
        return actions
    }

    private mutating func fail(
        _ diagnosis: Diagnosis, _ service: Int, readyFor: Duration?, at now: Instant, random: inout SeededRandom
    ) -> [Action] {
        guard diagnosis.canRetry else {
            enter(.failed(.hopeless), at: now)
            return [.report(.gaveUp(service: service, "no retry can help", definition.restart.whenSpent))]
        }
        var policy = definition.restart
        if fault == .forgivesOneMore { policy.limit += 1 }
        switch budget.failed(at: now, readyFor: readyFor, policy: policy, random: &random) {
        case .retry(let after, let attempt, let of):
            enter(after > .zero ? .backoff(Backoff(until: now + after)) : .waiting, at: now)
            return [.report(.restarting(service: service, in: after, attempt: attempt, of: of))]
        case .spent(let why):
            enter(.failed(.budgetSpent), at: now)
            return [.report(.gaveUp(service: service, why, definition.restart.whenSpent))]
        }
    }

    /// What is due by now.
    mutating func tick(_ service: Int, at now: Instant) -> [Action] {
        var actions: [Action] = []
        while let deadline, deadline <= now, !(fault == .keepsDeadline && state.name == .stopping) {
            actions += due(service, at: now)
        }
        return actions
    }

    private mutating func due(_ service: Int, at now: Instant) -> [Action] {
        switch state {
        case .backoff(let backoff) where backoff.until <= now:
            enter(.waiting, at: now)
            return []
        case .waiting, .backoff:
            memoryBy = nil
            guard definition.usesGPU else { return [] }
            return [.report(.memoryHeld(service: service, after: Self.memoryPatience))]
        case .stopped, .failed, .done:
            memoryBy = nil
            return []
        case .starting:
            return stop(
                because: .failed("it was not ready within \(definition.ready.within.readable)", hangs: true), at: now)
        case .ready, .unready:
            let silence = definition.watchdog?.readable ?? ""
            return stop(because: .failed("its watchdog has not been heard for \(silence)", hangs: true), at: now)
        case .stopping(var stopping):
            let actions = due(&stopping, at: now)
            state = .stopping(stopping)
            return actions
        }
    }

    private func due(_ stopping: inout Stopping, at now: Instant) -> [Action] {
        let instance = stopping.running.instance
        if let killAt = stopping.killAt, killAt <= now {
            (stopping.repeatAt, stopping.abortAt, stopping.killAt) = (nil, nil, nil)
            stopping.stuckAt = now + Self.killPatience
            return [.report(.killing(instance, after: now - stopping.stoppedAt)), .kill(instance)]
        }
        if let abortAt = stopping.abortAt, abortAt <= now {
            stopping.abortAt = nil
            return [.signal(instance, Self.sigABRT)]
        }
        if let repeatAt = stopping.repeatAt, repeatAt <= now {
            stopping.repeatAt = now + Self.signalAgain
            return [.signal(instance, definition.stop.signal)]
        }
        stopping.stuckAt = nil
        return [.report(.stuck(instance))]
    }

    // MARK: Operators

    /// Starts what does not run, with all its tries before it.
    mutating func start(at now: Instant) {
        switch state {
        case .stopped, .failed, .done, .backoff:
            budget = RestartBudget()
            enter(.waiting, at: now)
        case .stopping(var stopping):
            stopping.next = .startAgain
            budget = RestartBudget()
            state = .stopping(stopping)
        case .waiting, .starting, .ready, .unready: break
        }
    }

    /// Nothing of it runs, and nothing will before somebody says so.
    mutating func stayStopped(because why: String, at now: Instant) -> [Action] {
        switch state {
        case .waiting, .backoff:
            enter(.stopped, at: now)
            return []
        default:
            return stop(because: .asked(why), next: .stay, at: now)
        }
    }

    mutating func restart(because why: String, at now: Instant) -> [Action] {
        guard live != nil else {
            start(at: now)
            return []
        }
        if state.name == .stopping { start(at: now) }
        return stop(because: .asked(why), next: .startAgain, at: now)
    }

    /// Takes on another definition: at once what can be, with a new instance what cannot.
    mutating func redefine(_ other: ServiceDefinition, at now: Instant) -> [Action] {
        let returns = isRetired
        isRetired = false
        guard let running = live, fault != .reloadsInPlace else {
            let isOther = definition.needsNewInstance(for: other)
            definition = other
            if fault == .reloadsInPlace, live != nil { enter(.waiting, at: now) }
            // Other settings may cure what failed, and what a task proved was proved of the old ones.
            if returns || hasFailed || isOther && state.name == .done { start(at: now) }
            return []
        }
        // It was being stopped for good.
        if returns { start(at: now) }
        if (pending ?? definition).needsNewInstance(for: other) || pending != nil {
            pending = other
            // Two definitions of different ages could need each other in a circle.
            definition.needs = other.needs
            // What an operator stopped stays so.
            if case .stopping(let stopping) = state, stopping.next == .stay { return [] }
            return stop(because: .asked("its settings changed"), next: .startAgain, at: now)
        }
        let watchChanged = definition.watch != other.watch
        definition = other
        guard watchChanged, isReady || state.name == .unready else { return [] }
        if other.watch != nil { return [.unwatch(running.instance), .watch(running.instance)] }
        guard case .unready(let running) = state else { return [.unwatch(running.instance)] }
        // Nobody would ever say that it is well again.
        enter(.ready(running), at: now)
        return [.unwatch(running.instance), .report(.recovered(running.instance))]
    }
}
