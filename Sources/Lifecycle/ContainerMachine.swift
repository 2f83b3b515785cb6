/// The life of the whole container: the state machines of its services, and the one above them.
///
/// A value without clock, randomness of its own, or I/O: events and the time come in, actions go out. The same life can
/// be lived again, event by event.
package struct ContainerMachine: Sendable {
    package private(set) var services: [ServiceMachine]
    package private(set) var phase: Phase = .starting
    /// Why the container is not ready; empty when it is.
    package private(set) var reason = "the container is starting"
    /// The container has been ready at least once.
    package private(set) var startedOnce = false

    /// For each service the indices of all that it needs, directly or through others.
    private let allNeeds: [Set<Int>]
    private let policy: ContainerPolicy
    private var random: SeededRandom
    private var instances = 0
    private var begun = false
    private var stop: Stop?

    /// The way out, once it is taken.
    private struct Stop: Sendable {
        var code: ExitCode
        var why: String
        var since: Instant
        /// Until when the API goes on taking work.
        var drainUntil: Instant
        var announced: Bool
        /// The API still takes work; the first service has not been stopped yet.
        var draining = true
        /// When everything still alive is killed; nil once it has been.
        var killAt: Instant?
        /// When PID 1 leaves, whatever is left.
        var finishAt: Instant
        var finished = false

        /// When the first service is stopped. An announcement that never comes is not waited for longer than the drain,
        /// or a second.
        var drainEnds: Instant { announced ? drainUntil : max(drainUntil, since + .seconds(1)) }
    }

    /// - Parameter definitions: every need named in them is the name of one of them, and there is no cycle.
    package init(_ definitions: [ServiceDefinition], policy: ContainerPolicy, seed: UInt64, at now: Instant) {
        services = definitions.map { ServiceMachine($0, at: now) }
        allNeeds = Self.closure(of: definitions)
        self.policy = policy
        random = SeededRandom(seed: seed)
    }

    package var isReady: Bool { stop == nil && services.allSatisfy(\.isSatisfied) && begun }

    /// Share of the services that are ready and of the tasks that are done, 0…1.
    package var progress: Double {
        services.isEmpty ? 1 : Double(services.count(where: \.isSatisfied)) / Double(services.count)
    }

    /// The next moment at which ``handle(_:at:)`` wants a `tick`.
    package var nextDeadline: Instant? {
        var deadlines = services.compactMap(\.deadline)
        if let stop {
            // After the last action nothing is due: PID 1 leaves.
            guard !stop.finished else { return nil }
            if stop.draining { deadlines.append(stop.drainEnds) }
            if let killAt = stop.killAt { deadlines.append(killAt) }
            deadlines.append(stop.finishAt)
        }
        return deadlines.min()
    }

    /// Takes in what happened, and says what is to be done.
    package mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .begin:
            begun = true
        case .spawned(let id, let pid):
            actions += withCurrent(id) { $0.spawned(pid: pid, at: now) }
        case .ready(let id):
            actions += withCurrent(id) { $0.becameReady(at: now) }
        case .watched(let id, let problem):
            actions += withCurrent(id) { $0.watched(problem, at: now) }
        case .exited(let id, let exit):
            actions += withCurrent(id) { $0.exited(exit, at: now) }
        case .gone(let id):
            actions += handleGone(id, at: now)
        case .tick:
            for index in services.indices { actions += services[index].tick(at: now) }
        case .stopRequested(let by):
            beginStop(.stopped, why: by, at: now)
        case .hurry(let degree):
            hurry(degree, at: now)
        case .unreadyAnnounced:
            stop?.announced = true
        }
        actions += advance(at: now)
        return actions
    }

    // MARK: Parts

    private static func closure(of definitions: [ServiceDefinition]) -> [Set<Int>] {
        definitions.map { definition in
            var found: Set<Int> = []
            var names = definition.needs
            while let name = names.popLast() {
                guard let index = definitions.firstIndex(where: { $0.name == name }), found.insert(index).inserted
                else { continue }
                names += definitions[index].needs
            }
            return found
        }
    }

    private mutating func withCurrent(_ id: InstanceID, _ body: (inout ServiceMachine) -> [Action]) -> [Action] {
        // News of an instance that is not the live one is old news.
        guard services.indices.contains(id.service), services[id.service].live?.instance == id else { return [] }
        return body(&services[id.service])
    }

    private mutating func handleGone(_ id: InstanceID, at now: Instant) -> [Action] {
        guard services.indices.contains(id.service), services[id.service].live?.instance == id else { return [] }
        var random = self.random
        let actions = services[id.service].gone(at: now, stoppingAll: stop != nil, random: &random)
        self.random = random
        if case .failed = services[id.service].state {
            let name = services[id.service].definition.name
            beginStop(
                .budgetSpent, why: "\(name) keeps failing: \(services[id.service].lastFailure?.cause ?? "")", at: now)
        }
        return actions
    }

    private mutating func beginStop(_ code: ExitCode, why: String, at now: Instant) {
        guard stop == nil else { return }
        // Without anybody serving there is nothing to drain, and no reason to wait.
        let serving = services.contains { !$0.definition.sockets.isEmpty && $0.isReady }
        let finishAt = now + policy.shutdownGrace
        // What is left of the grace after the kill is for the dead to be reaped.
        let reserve = min(.seconds(2), policy.shutdownGrace / 4)
        stop = Stop(
            code: code, why: why, since: now, drainUntil: serving && code == .stopped ? now + policy.drainDelay : now,
            announced: !serving, killAt: finishAt - reserve, finishAt: finishAt)
    }

    private mutating func hurry(_ degree: Int, at now: Instant) {
        guard var stop, degree > 0 else { return }
        stop.drainUntil = min(stop.drainUntil, now)
        stop.announced = true
        let left: Duration = degree == 1 ? .seconds(2) : .zero
        stop.killAt = stop.killAt.map { min($0, now + left) }
        self.stop = stop
        for index in services.indices { services[index].hasten(to: now + left) }
    }

    private mutating func advance(at now: Instant) -> [Action] {
        var actions: [Action] = []
        if stop != nil {
            actions += advanceStop(at: now)
        } else if begun {
            rerunTasks(at: now)
            actions += startWhatCan(at: now)
        }
        actions += changePhase()
        if var stop, !stop.finished, services.allSatisfy(\.isIdle) || now >= stop.finishAt {
            stop.finished = true
            self.stop = stop
            actions.append(.finish(stop.code))
        }
        return actions
    }

    private mutating func startWhatCan(at now: Instant) -> [Action] {
        var actions: [Action] = []
        for index in services.indices {
            guard case .waiting = services[index].state, needsAreMet(index) else { continue }
            instances += 1
            actions += services[index].spawn(InstanceID(service: index, number: instances), at: now)
        }
        return actions
    }

    private func needsAreMet(_ index: Int) -> Bool {
        services[index].definition.needs.allSatisfy { need in
            services.contains { $0.definition.name == need && $0.isSatisfied }
        }
    }

    /// A task proved something about what it needs. When that is being replaced, the proof is void: it runs again.
    private mutating func rerunTasks(at now: Instant) {
        for index in services.indices {
            guard case .done = services[index].state else { continue }
            let needs = services[index].definition.needs
            let lost = services.contains { service in
                guard needs.contains(service.definition.name), !service.definition.isTask else { return false }
                switch service.state {
                case .ready, .unready: return false
                default: return true
                }
            }
            if lost { services[index].enter(.waiting, at: now) }
        }
    }

    private mutating func advanceStop(at now: Instant) -> [Action] {
        guard var stop else { return [] }
        var actions: [Action] = []
        for index in services.indices {
            switch services[index].state {
            case .waiting, .backoff: services[index].enter(.stopped, at: now)
            default: break
            }
        }
        let hurried = stop.killAt.map { $0 <= now } ?? true
        guard hurried || now >= stop.drainEnds else { return [] }
        stop.draining = false
        for index in services.indices.reversed() where services[index].live != nil {
            // In the reverse order of need, also through tasks that are long done.
            let needed = services.indices.contains { services[$0].live != nil && allNeeds[$0].contains(index) }
            guard hurried || !needed else { continue }
            actions += services[index].stop(because: .shutdown, grace: hurried ? .zero : nil, at: now)
            if hurried { services[index].hasten(to: now) }
            actions += services[index].tick(at: now)
        }
        if hurried { stop.killAt = nil }
        self.stop = stop
        return actions
    }

    private mutating func changePhase() -> [Action] {
        let (phase, reason) = currentPhase()
        if phase == .ready { startedOnce = true }
        guard phase != self.phase || reason != self.reason else { return [] }
        let changed = phase != self.phase
        self.phase = phase
        self.reason = reason
        return changed ? [.report(.phase(phase, reason: reason))] : []
    }

    private func currentPhase() -> (Phase, String) {
        if let stop {
            if stop.finished || services.allSatisfy(\.isIdle) {
                return (stop.code == .stopped ? .stopped : .failed, stop.why)
            }
            return (stop.code == .stopped ? .draining : .failed, stop.why)
        }
        guard let blocking = services.first(where: { !$0.isSatisfied }) else { return (.ready, "") }
        let reason =
            "\(blocking.definition.name) is \(blocking.stateName)"
            + (blocking.lastFailure.map { " after it failed: \($0.cause)" } ?? "")
        if startedOnce { return (.degraded, reason) }
        switch blocking.definition.role {
        case .preload: return (.preloading, reason)
        case .warmup: return (.warming, reason)
        case .engine, .api, .other: return (.starting, reason)
        }
    }
}
