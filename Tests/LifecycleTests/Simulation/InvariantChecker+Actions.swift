import Lifecycle

/// What must hold at the moment of an action.
extension InvariantChecker {
    func see(_ action: Action, _ machine: ContainerMachine, _ processes: [SimulatedProcess]) {
        coverage.saw(action)
        actionsSeen += 1
        require(!hasFinished, .lifeEnds, "after the finish it wants \(action)")
        switch action {
        case .spawn(let id): spawn(id, machine, processes)
        case .checkReadiness(let id):
            require(live(id) != nil, .livingOnly, "checks of \(name(id)), which does not live")
        case .watch(let id): require(live(id) != nil, .livingOnly, "a watch of \(name(id)), which does not live")
        case .sendCanary(let id): sendCanary(id, machine)
        case .unwatch(let id): unwatch(id, machine)
        case .signal(let id, let number): signal(id, number)
        case .signalDescendants(let id, let number):
            require(live(id) != nil && number == 6, .livingOnly, "\(Signal.name(number)) below \(name(id))")
            live(id)?.areChildrenAsked = true
        case .kill(let id): kill(id)
        case .handOverPort(let id):
            require(portHolder == nil, .portHeldOnce, "\(name(id)) gets the port, which another has")
            portHolder = id
        case .takePortBack: portHolder = nil
        case .awaitMemory(let service):
            require(services[service].live == nil, .memoryAwaited, "\(name(service)) still lives")
            services[service].memoryAwaitedAt = now
            services[service].isMemoryBack = false
        case .report(let report): see(report, machine)
        case .finish(let code): finish(code)
        }
    }

    // MARK: Start

    private func spawn(_ id: InstanceID, _ machine: ContainerMachine, _ processes: [SimulatedProcess]) {
        require(id.number == processes.count + 1, .oneInstance, "\(name(id)) has the number of another instance")
        require(stopAsked == nil, .nothingAfterStop, "\(name(id)) is started")
        require(hasBegun, .needsFirst, "\(name(id)) is started before the beginning")
        let service = services[id.service]
        if let last = service.last {
            require(
                !processes[last.id.number - 1].isAlive, .oneInstance,
                "\(name(id)) is started while something of #\(last.id.number) is alive")
            require(last.isGone, .oneInstance, "nobody has said that #\(last.id.number) of \(name(id)) is gone")
        }
        for need in needs(of: id.service) where !isSatisfied(need) {
            violate(.needsFirst, "\(name(id)) is started, and \(name(need)) is \(machine.services[need].state.name)")
        }
        require(!service.isRetired && service.isWanted, .wishesKept, "\(name(id)) is started, which nobody wants")
        let definition = machine.services[id.service].definition
        require(definition == service.definition, .settingsHold, "\(name(id)) is started with former settings")
        explain(id, service)
        let record = InstanceRecord(id, definition, at: now)
        // Only first starts have to be over by then, and not one that could not begin before.
        let isPreload = definition.role == .preload && definition.isTask
        let began = preloadedAt.map { max($0, begunAt ?? $0) } ?? begunAt
        if service.last == nil, !wasReady, !isPreload, let latest = began.map({ $0 + policy.startWithin }), latest > now
        {
            record.latest = latest
        }
        service.last = record
        step(id.service, to: .starting)
    }

    private func explain(_ id: InstanceID, _ service: ServiceRecord) {
        if let last = service.last {
            require(service.mayStart || last.outcome == .done, .startsExplained, "why is \(name(id)) started?")
            if let notBefore = service.notBefore {
                require(now >= notBefore, .startsExplained, "\(name(id)) is started \(notBefore - now) too early")
            }
            if last.definition.usesGPU, service.definition.usesGPU {
                let patience = service.memoryAwaitedAt.map { $0 + .seconds(60) }
                let isDue = patience.map { now >= $0 } ?? false
                require(patience != nil, .memoryAwaited, "\(name(id)) is started, and nobody looked for memory")
                require(service.isMemoryBack || isDue, .memoryAwaited, "\(name(id)) is started too early")
            }
        }
        service.mayStart = false
        service.notBefore = nil
        service.memoryAwaitedAt = nil
    }

    // MARK: End

    private func unwatch(_ id: InstanceID, _ machine: ContainerMachine) {
        require(live(id) != nil || isGoing(id), .livingOnly, "checks of \(name(id)) end again")
        if case .reload = event, [.ready, .unready].contains(machine.services[id.service].state.name) { return }
        leave(id, machine)
    }

    /// Nothing is left of it since this very event.
    private func isGoing(_ id: InstanceID) -> Bool {
        if case .gone(id, _) = event { services[id.service].last?.id == id } else { false }
    }

    private func leave(_ id: InstanceID, _ machine: ContainerMachine) {
        guard let record = services[id.service].last, record.id == id else { return }
        require(record.leftAt == nil, .alongTheDrawing, "\(name(id)) is stopped a second time")
        record.leftAt = now
        record.killBy = now + machine.services[id.service].definition.stop.grace
        step(id.service, to: .stopping)
    }

    private func signal(_ id: InstanceID, _ number: Int32) {
        guard let record = live(id), record.exit == nil else {
            return violate(.livingOnly, "\(Signal.name(number)) to \(name(id)), which does not live")
        }
        require(portHolder != id, .portHeldOnce, "\(name(id)) is told to end while it has the port")
        require(record.killedAt == nil, .livingOnly, "\(Signal.name(number)) to \(name(id)), which was killed")
        if number == 6 {
            record.aborts += 1
            require(record.isHung && record.aborts == 1, .livingOnly, "SIGABRT to \(name(id))")
        } else {
            if record.signals > 0 {
                require(record.readyAt == nil, .signalRepeated, "\(name(id)) had been ready and is told again")
                let since = record.signalledAt.map { now - $0 } ?? .zero
                require(since >= .seconds(2), .signalRepeated, "\(name(id)) is told again after \(since)")
            }
            require(!record.isHung, .signalRepeated, "\(name(id)) hangs, and is asked gracefully")
            record.signals += 1
            record.signalledAt = now
        }
    }

    private func kill(_ id: InstanceID) {
        guard let record = live(id), record.exit == nil, record.killedAt == nil else {
            return violate(.livingOnly, "\(name(id)) is killed, which is dead")
        }
        if let leftAt = record.leftAt, record.isHung, lateness == .zero, now - leftAt >= .seconds(2) {
            require(record.aborts == 1, .hungAsked, "\(name(id)) is killed before it was asked where it hangs")
        }
        record.killedAt = now
    }

    // MARK: States

    /// Follows a service through the changes of one event, each of which must be an arrow of the drawing.
    func step(_ service: Int, to state: ServiceMachine.State.Name) {
        // The only way into `starting`; and what passes `waiting` at once leaves no other trace.
        if state == .starting, path[service] != .waiting { step(service, to: .waiting) }
        let from = path[service]
        coverage.took(from, state)
        let arrows = ServiceMachine.transitions[from] ?? []
        require(arrows.contains(state), .alongTheDrawing, "\(name(service)) goes from \(from) to \(state)")
        path[service] = state
    }
}
