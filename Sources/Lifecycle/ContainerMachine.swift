/// The life of the whole container: the state machines of its services, and the one above them.
///
/// A value without clock, randomness of its own, or I/O: events and the time come in, actions go out. The same life can
/// be lived again, event by event.
package struct ContainerMachine: Sendable {
    /// One for each service that there ever was; an index is never used again.
    package internal(set) var services: [ServiceMachine]
    package private(set) var phase: Phase = .starting
    /// Why the container is not ready; empty when it is.
    package private(set) var reason = "the container is starting"
    /// The container has been ready at least once.
    package private(set) var startedOnce = false
    /// What the container says of itself: ready, or healed soon enough not to say otherwise.
    package internal(set) var isCalledReady = false
    /// Since when it is not ready any more.
    var unreadySince: Instant?

    /// For each service the indices of what it needs.
    var needs: [[Int]] = []
    /// For each service those that end after it: what it needs, directly or through others, and the engines it asks.
    var endsBefore: [Set<Int>] = []
    let policy: ContainerPolicy
    let fault: PlantedFault?
    var random: SeededRandom
    var stop: Stop?
    private var instances = 0
    /// From when on the time for the start counts; nil before the beginning.
    private var startsAt: Instant?
    private var begun: Bool { startsAt != nil }

    /// - Parameters:
    ///   - definitions: every need named in them is the name of one of them, and there is no cycle.
    ///   - fault: for tests alone.
    package init(
        _ definitions: [ServiceDefinition], policy: ContainerPolicy, seed: UInt64, at now: Instant,
        fault: PlantedFault? = nil
    ) {
        services = definitions.map { ServiceMachine($0, fault: fault, at: now) }
        self.policy = policy
        self.fault = fault
        random = SeededRandom(seed: seed)
        findNeeds()
    }

    package var isReady: Bool {
        guard stop == nil, begun else { return false }
        if fault == .readyTooSoon { return first { !$0.isSatisfied && $0.live == nil } == nil }
        return first { !$0.isSatisfied } == nil
    }

    /// No further try is made with some service, and the container stays for somebody to look at it.
    package var isHeld: Bool { stop == nil && first { $0.hasFailed } != nil }

    /// Instances that the next tick would take for hung, since their watchdogs were not heard. Whoever knows that one of them
    /// was not given a processor can say so: `notified(…, .alive)`.
    package func overdueWatchdogs(at now: Instant) -> [InstanceID] {
        services.compactMap { $0.isWatchdogOverdue(at: now) ? $0.live?.instance : nil }
    }

    /// Share of the services that are ready and of the tasks that are done, 0…1.
    package var progress: Double {
        let present = services.filter { !$0.isRetired }
        return present.isEmpty ? 1 : Double(present.count(where: \.isSatisfied)) / Double(present.count)
    }

    /// The next moment at which ``handle(_:at:)`` wants a `tick`.
    package var nextDeadline: Instant? {
        var next: Instant?
        func consider(_ deadline: Instant?) {
            guard let deadline else { return }
            next = next.map { min($0, deadline) } ?? deadline
        }
        if let stop {
            // After the last action nothing is due: PID 1 leaves.
            guard !stop.finished else { return nil }
            if stop.draining { consider(stop.drainEnds) }
            consider(stop.killAt)
            consider(stop.finishAt)
        }
        if isCalledReady, !isReady { consider(unreadySince.map { $0 + policy.unreadyAfter }) }
        // By index, here and wherever it is often asked for: a machine is much to copy.
        for index in services.indices { consider(services[index].deadline) }
        return next
    }

    /// Takes in what happened, and says what is to be done.
    package mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .begin:
            startsAt = startsAt ?? now
        case .spawned(let id, let pid):
            actions += withCurrent(id) { $0.spawned(pid: pid, at: now) }
        case .ready(let id):
            actions += withCurrent(id) { $0.becameReady(at: now) }
        case .watched(let id, let problem):
            actions += withCurrent(id) { $0.watched(problem, at: now) }
        case .progressed(let id, let progress):
            actions += withCurrent(id) { $0.progressed(progress, at: now) }
        case .requests(let id, let inFlight, let silentFor):
            // What an instance said before its end may be read after that.
            guard isNews(of: id), !services[id.service].hasExited else { break }
            for index in services.indices where services[index].definition.role == .engine {
                services[index].heard(inFlight: inFlight, silentFor: silentFor, from: id, at: now)
            }
        case .canaryAnswered(let id, let answer):
            actions += withCurrent(id) { $0.canaryAnswered(answer, at: now) }
        case .notified(let id, let notice):
            actions += withCurrent(id) { $0.notified(notice, at: now) }
        case .exited(let id, let exit):
            actions += withCurrent(id) { $0.exited(exit, at: now) }
            for index in services.indices { services[index].forget(sender: id) }
            if fault == .startsBesideRemains { actions += gone(id, Evidence(), at: now) }
        case .gone(let id, let evidence):
            actions += gone(id, evidence, at: now)
        case .memoryReleased(let service):
            if services.indices.contains(service) { services[service].memoryBy = nil }
        case .tick:
            for index in services.indices { actions += services[index].tick(index, at: now) }
        case .stopRequested(let by):
            beginStop(.stopped, why: by, at: now)
        case .hurry(let degree):
            hurry(degree, at: now)
        case .unreadyAnnounced:
            stop?.announced = true
        case .command(let command, let service):
            actions += obey(command, service, at: now)
        case .reload(let definitions):
            if stop == nil { actions += reload(definitions, at: now) }
        }
        actions += advance(at: now)
        return actions
    }

    // MARK: Parts

    private mutating func withCurrent(_ id: InstanceID, _ body: (inout ServiceMachine) -> [Action]) -> [Action] {
        guard isNews(of: id) else { return [] }
        return body(&services[id.service])
    }

    /// News of an instance that is not the live one is old news.
    private func isNews(of id: InstanceID) -> Bool {
        guard services.indices.contains(id.service) else { return false }
        return services[id.service].live?.instance == id || fault == .believesFormerInstances
    }

    private mutating func gone(_ id: InstanceID, _ evidence: Evidence, at now: Instant) -> [Action] {
        guard isNews(of: id) else { return [] }
        var random = self.random
        let containerStops = stop != nil && fault != .startsWhileStopping
        let blamed = blamedService(by: services[id.service])
        let isPreload = services[id.service].definition.isPreload
        var actions = withCurrent(id) { service in
            // Nobody saw how it ended.
            let before = service.state.name == .stopping ? [] : service.exited(.unseen, at: now)
            return before
                + service.gone(
                    evidence, containerStops: containerStops, blamesOther: blamed != nil, at: now, random: &random)
        }
        self.random = random
        // The time for the start is that of what takes about as long each time, and not of a download.
        if isPreload, actions.contains(where: { if case .report(.done) = $0 { true } else { false } }) {
            startsAt = now
        }
        if let blamed, !containerStops { actions += replace(blamed, wantingFor: services[id.service], at: now) }
        for index in services.indices { services[index].forget(sender: id) }
        let service = services[id.service]
        if case .failed(let code) = service.state, service.definition.restart.whenSpent == .exit {
            let cause = service.lastFailure.map { ": \($0.cause)" } ?? ""
            let verdict = code == .budgetSpent ? "keeps failing" : "cannot run"
            beginStop(code, why: "\(service.definition.name) \(verdict)\(cause)", at: now)
        }
        return actions
    }

    private mutating func obey(_ command: Event.Command, _ service: Int, at now: Instant) -> [Action] {
        guard stop == nil, services.indices.contains(service), !services[service].isRetired else { return [] }
        let report = Action.report(.commanded(command, service: service))
        switch command {
        case .start:
            services[service].start(at: now)
            return [report]
        case .stop:
            return [report] + services[service].stayStopped(because: "an operator stops it", at: now)
        case .restart:
            return [report] + services[service].restart(because: "an operator restarts it", at: now)
        }
    }

    /// What follows from what has just happened.
    private mutating func advance(at now: Instant) -> [Action] {
        var actions: [Action] = []
        if stop != nil {
            actions += advanceStop(at: now)
        }
        if stop == nil || fault == .startsWhileStopping, begun {
            actions += voidProofs(at: now)
            actions += startWhatCan(at: now)
        }
        var finish: [Action] = []
        if var stop, !stop.finished, services.allSatisfy({ $0.live == nil }) || now >= stop.finishAt {
            stop.finished = true
            self.stop = stop
            finish = [.finish(stop.code)]
        }
        actions += changePhase()
        callReady(at: now)
        return actions + finish
    }

    private mutating func startWhatCan(at now: Instant) -> [Action] {
        var actions: [Action] = []
        for index in services.indices {
            guard services[index].mayStart, !services[index].isRetired,
                fault == .ignoresNeeds || needs[index].allSatisfy({ services[$0].isSatisfied })
            else { continue }
            instances += 1
            let latest = startsAt.map { $0 + policy.startWithin }
            actions += services[index].spawn(
                InstanceID(service: index, number: instances),
                latest: startedOnce || services[index].definition.isPreload ? nil : latest, at: now)
        }
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

    /// The first service of which this is so, of those that the settings name.
    func first(where isSo: (ServiceMachine) -> Bool) -> Int? {
        services.indices.first { !services[$0].isRetired && isSo(services[$0]) }
    }

    private func currentPhase() -> (Phase, String) {
        if let stop {
            if stop.finished || services.allSatisfy({ $0.live == nil }) {
                return (stop.code == .stopped ? .stopped : .failed, stop.why)
            }
            return (stop.code == .stopped ? .draining : .failed, stop.why)
        }
        if isReady { return (.ready, "") }
        guard let index = first(where: { $0.hasFailed }) ?? first(where: { !$0.isSatisfied }) else {
            return (phase, reason)
        }
        let blocking = services[index]
        let reason = "\(blocking.definition.name) \(blocking.condition)"
        if blocking.hasFailed { return (.failed, reason) }
        if startedOnce { return (.degraded, reason) }
        switch blocking.definition.role {
        case .preload: return (.preloading, reason)
        case .warmup: return (.warming, reason)
        case .engine, .api, .other: return (.starting, reason)
        }
    }
}
