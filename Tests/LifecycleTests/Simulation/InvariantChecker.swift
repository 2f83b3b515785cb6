import Lifecycle

/// Holds one life against every ``Invariant``: what the core is told, what it does, and what is true in the world.
///
/// For each event: ``begin(_:isOld:at:_:)``, ``see(_:_:_:)`` for each action before it is obeyed, ``end(_:_:)``.
final class InvariantChecker {
    let policy: ContainerPolicy
    /// By how much ticks may be late.
    let lateness: Duration
    var coverage = Coverage()
    private(set) var violation: Violation?
    private(set) var eventsSeen = 0
    var begunAt: Instant?
    var hasBegun: Bool { begunAt != nil }
    /// When something that was preloaded was last complete.
    var preloadedAt: Instant?
    /// The container has been ready.
    var wasReady = false
    /// Since when it is not, and whether it may still be called so.
    var unreadySince: Instant?
    var isCalledReady = false
    var hasFinished = false
    var stopAsked: StopRecord?
    var services: [ServiceRecord]
    var portHolder: InstanceID?
    /// Who has requests in flight, as far as anybody has been told, and when that last changed.
    var senders: [InstanceID: SenderRecord] = [:]
    var trafficAt = Instant(.zero)

    // Of the present event.
    var now = Instant(.zero)
    var event = Event.begin
    var isOld = false
    /// The state of each service, followed through what is done.
    var path: [ServiceMachine.State.Name] = []
    var before: [ServiceMachine.State.Name] = []
    var phaseBefore = Phase.starting
    var wasDue = false
    /// The machine's, once it has been dealt with.
    var nextDeadline: Instant?
    /// Of the services, once it has been dealt with.
    var deadlines: [Instant] = []
    var actionsSeen = 0
    /// Of the failure that was reported in this event.
    var diagnosis: Diagnosis?
    /// Who must be stopped for the answer to a canary, and whether as one that hangs.
    var fallsByCanary: (id: InstanceID, hangs: Bool)?
    /// Who must tell that it does not understand canaries.
    var refuser: InstanceID?
    /// The task whose end says so, and the service that it found wanting.
    var wanting: (proof: InstanceID, subject: InstanceID)?
    /// The task whose end is nobody's failure but that of what it was about to prove.
    var overruled: InstanceID?

    init(_ definitions: [ServiceDefinition], policy: ContainerPolicy, lateness: Duration) {
        self.policy = policy
        self.lateness = lateness
        services = definitions.map { ServiceRecord($0) }
        path = definitions.map { _ in .waiting }
    }

    func violate(_ invariant: Invariant, _ message: @autoclosure () -> String) {
        // The first one tells most.
        if violation == nil { violation = Violation(invariant: invariant, message: message()) }
    }

    func require(_ holds: Bool, _ invariant: Invariant, _ message: @autoclosure () -> String) {
        if !holds { violate(invariant, message()) }
    }

    // MARK: An event

    func begin(_ event: Event, isOld: Bool, at now: Instant, _ machine: ContainerMachine) {
        eventsSeen += 1
        coverage.beganEvent()
        self.event = event
        self.isOld = isOld
        self.now = now
        diagnosis = nil
        (fallsByCanary, refuser, wanting, overruled) = (nil, nil, nil, nil)
        actionsSeen = 0
        // What it was after the last event.
        before = path
        phaseBefore = machine.phase
        wasDue = nextDeadline.map { $0 <= now } ?? false
        hear(event, machine)
    }

    private func hear(_ event: Event, _ machine: ContainerMachine) {
        switch event {
        case .begin: begunAt = begunAt ?? now
        case .spawned(let id, let pid): live(id)?.pid = pid
        case .watched(let id, let problem): watched(id, problem, machine)
        case .progressed(let id, _):
            if let record = live(id), record.readyAt == nil, record.leftAt == nil { record.progressAt = now }
        case .requests(let id, let count, let silence): heardOfRequests(id, count, silence)
        case .canaryAnswered(let id, let answer): canaryAnswered(id, answer, machine)
        case .notified(let id, let notice): notified(id, notice, machine)
        case .exited(let id, let exit):
            guard let record = live(id), record.exit == nil else { return }
            (record.exit, record.exitedAt) = (exit, now)
            forget(id)
        case .gone(let id, _):
            guard let record = live(id) else { return }
            judgeProof(record, machine)
            record.isGone = true
            forget(id)
        case .memoryReleased(let service):
            if services.indices.contains(service) { services[service].isMemoryBack = true }
        case .stopRequested: askToStop(.stopped, machine)
        case .hurry(let degree): hurry(degree)
        case .unreadyAnnounced: stopAsked?.isAnnounced = true
        case .reload(let definitions): if stopAsked == nil { reload(definitions) }
        case .ready, .tick, .command: break
        }
    }

    /// - Returns: nil when it is not an instance of which something may be alive, as far as anybody has been told.
    func live(_ id: InstanceID) -> InstanceRecord? {
        guard services.indices.contains(id.service), let record = services[id.service].live, record.id == id else {
            return nil
        }
        return record
    }

    private func watched(_ id: InstanceID, _ problem: Event.Problem?, _ machine: ContainerMachine) {
        guard let record = live(id), record.readyAt != nil, record.leftAt == nil,
            let watch = machine.services[id.service].definition.watch
        else { return }
        switch problem {
        case nil: (record.badChecks, record.isUnwell) = (0, false)
        case .silent where record.workedAt.map { now - $0 < patience(id, watch, machine) } ?? false:
            coverage.occurred(.silentBesideWork)
            if !record.isUnwell { record.badChecks = 0 }
        case .silent: record.badChecks += 1
        case .unwell:
            record.badChecks += 1
            record.isUnwell = true
        }
    }

    private func notified(_ id: InstanceID, _ notice: Event.Notice, _ machine: ContainerMachine) {
        guard let record = live(id) else { return }
        switch notice {
        case .alive: if record.readyAt != nil { record.heardAt = now }
        case .extend(let time):
            let definition = machine.services[id.service].definition
            if let leftAt = record.leftAt {
                guard let killBy = record.killBy, !record.isHung, !record.isFirm else { return }
                let grace = max(record.definition.stop.grace, definition.stop.grace)
                record.killBy = max(killBy, min(now + min(time, grace), leftAt + grace * 3))
            } else if record.readyAt == nil {
                let until = now + min(time, definition.ready.within)
                record.readyBy = max(record.readyBy, until)
                record.needsUntil = max(record.needsUntil ?? until, until)
                record.progressAt = now
            }
        case .status, .trouble, .stopping: break
        }
    }

    private func reload(_ definitions: [ServiceDefinition]) {
        for index in services.indices where !services[index].isRetired {
            let name = services[index].definition.name
            if !definitions.contains(where: { $0.name == name }) { services[index].isRetired = true }
        }
        for definition in definitions {
            guard let index = services.firstIndex(where: { $0.definition.name == definition.name }) else {
                services.append(ServiceRecord(definition))
                before.append(.waiting)
                path.append(.waiting)
                continue
            }
            let live = services[index].live
            if services[index].definition.watch != definition.watch { changeWatch(live) }
            // Whoever is ending is followed by one with the new settings.
            if services[index].isRetired || isOther(services[index].definition, definition) { live?.isOverruled = true }
            if services[index].isRetired || before[index] == .failed {
                // Whoever was given up has another try, and all its tries.
                if services[index].isRetired { services[index].isWanted = true }
                services[index].isRetired = false
                services[index].mayStart = true
                services[index].notBefore = nil
                services[index].forgive()
            } else if services[index].definition != definition {
                services[index].mayStart = true
            }
            // Another one of what is done would have another proof to give, and another one of what waits for its next try
            // may be cured: at once, and with all its tries.
            if [.done, .backoff].contains(before[index]), isOther(services[index].definition, definition) {
                services[index].notBefore = nil
                services[index].forgive()
            }
            services[index].definition = definition
        }
        for index in services.indices {
            let needs = needs(of: index)
            services[index].provenWith = services[index].provenWith.filter { needs.contains($0.key) }
        }
    }

    /// Indices of what the settings say that it needs.
    func needs(of index: Int) -> [Int] {
        let definition = services[index].definition
        // Whoever proves something needs it.
        return (definition.needs + (definition.proves.map { [$0] } ?? [])).compactMap { need in
            services.firstIndex { $0.definition.name == need && !$0.isRetired }
        }
    }

    /// It may be counted on: in truth, as far as anybody has been told.
    func isSatisfied(_ index: Int) -> Bool {
        guard let last = services[index].last, last.isSatisfied else { return false }
        guard last.isTask else { return true }
        // What a task proved was proved of the instances of then.
        guard !isOther(last.definition, services[index].definition) else { return false }
        return services[index].provenWith.allSatisfy { need, number in
            guard let last = services[need].last else { return false }
            return last.id.number == number && last.leftAt == nil && !last.isSettled
        }
    }

    /// For messages.
    func name(_ id: InstanceID) -> String { "\(name(id.service)) #\(id.number)" }
    func name(_ service: Int) -> String {
        services.indices.contains(service) ? services[service].definition.name : "service \(service)"
    }
}
