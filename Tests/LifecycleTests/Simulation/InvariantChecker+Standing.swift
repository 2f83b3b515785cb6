import Lifecycle

/// What must hold once an event has been dealt with.
extension InvariantChecker {
    func end(_ machine: ContainerMachine, _ processes: [SimulatedProcess]) {
        if isOld { checkOldNews(machine) }
        let isOver = hasFinished
        deadlines = []
        nextDeadline = machine.nextDeadline
        for index in machine.services.indices {
            // One copy for all that is asked of it.
            let service = machine.services[index]
            let state = service.state.name
            if path[index] != state { step(index, to: state) }
            if isOver { continue }
            let record = services[index]
            let deadline = service.deadline
            if let deadline { deadlines.append(deadline) }
            checkState(index, record, state, service, machine)
            checkTimers(index, record, state, deadline, service)
            guard let last = record.last else { continue }
            checkKnowledge(last, state, service)
            guard !last.isGone else { continue }
            checkEnd(of: last, deadline)
            checkPatience(last, service)
            checkTraffic(last, service)
            checkHang(last, service, processes[last.id.number - 1])
            checkChecks(last, service, processes)
        }
        if !isOver { checkProofs(machine) }
        checkContainer(machine)
        checkPort()
        checkStop()
        if case .tick = event, let next = nextDeadline {
            require(next > now, .noTimerLeak, "a deadline of \(now - next) ago is left after a tick")
        }
        checkPeople()
        if hasFinished { require(nextDeadline == nil, .noTimerLeak, "all is over, and something is due") }
    }

    private func checkOldNews(_ machine: ContainerMachine) {
        // What is due by now happens whatever the news.
        guard !wasDue, hasBegun else { return }
        require(actionsSeen == 0, .oldNewsIgnored, "\(event) leads to \(actionsSeen) actions")
        for index in before.indices where before[index] != machine.services[index].state.name {
            violate(.oldNewsIgnored, "\(event) changes \(name(index))")
        }
    }

    /// What people say takes effect at once.
    private func checkPeople() {
        guard stopAsked == nil else { return }
        switch event {
        case .command(let command, let index):
            guard services.indices.contains(index), !services[index].isRetired else { return }
            let runs: Set<ServiceMachine.State.Name> = [.waiting, .starting, .ready, .unready, .stopping]
            let isObeyed =
                command == .stop
                ? ![.ready, .unready, .waiting, .starting, .backoff].contains(path[index]) : runs.contains(path[index])
            require(isObeyed, .wishesKept, "\(name(index)) is \(path[index]) after \(command)")
        case .reload:
            for index in services.indices where !services[index].isRetired && path[index] == .failed {
                violate(.settingsHold, "\(name(index)) is not tried again with new settings")
            }
        default: break
        }
    }

    // MARK: One service

    private func checkState(
        _ index: Int, _ record: ServiceRecord, _ state: ServiceMachine.State.Name, _ service: ServiceMachine,
        _ machine: ContainerMachine
    ) {
        require(
            service.isRetired == record.isRetired, .settingsHold, "\(name(index)): is it in the settings or not?")
        require(
            service.live?.instance == record.live?.id, .oneInstance,
            "\(name(index)) is \(state), and its last instance is \(record.live == nil ? "" : "not ")gone")
        let isEager = state == .waiting || state == .backoff
        require(!record.isRetired || !isEager, .wishesKept, "\(name(index)) is \(state), and nobody names it any more")
        guard stopAsked == nil, !record.isRetired else { return }
        if state == .stopped { require(!record.isWanted, .wishesKept, "\(name(index)) is stopped, which nobody wants") }
        if state == .waiting, hasBegun, !isWaitingForMemory(record) {
            let isNeedy = needs(of: index).contains { !machine.services[$0].isSatisfied }
            require(isNeedy, .notKeptWaiting, "\(name(index)) waits, and all that it needs is there")
        }
        guard case .reload = event, let live = record.live, live.leftAt == nil else { return }
        let isSame = !isOther(live.definition, record.definition)
        require(isSame, .settingsHold, "\(name(live.id)) runs with former settings")
    }

    /// Whether a running instance of the one has to make way for the other.
    func isOther(_ has: ServiceDefinition, _ wants: ServiceDefinition) -> Bool {
        has.command != wants.command || has.environment != wants.environment || has.sockets != wants.sockets
            || has.ready.check != wants.ready.check || has.watchdog != wants.watchdog || has.usesGPU != wants.usesGPU
            || has.proves != wants.proves
    }

    private func isWaitingForMemory(_ record: ServiceRecord) -> Bool {
        guard record.definition.usesGPU, let since = record.memoryAwaitedAt, !record.isMemoryBack else { return false }
        return now <= since + .seconds(60) + lateness
    }

    private func checkTimers(
        _ index: Int, _ record: ServiceRecord, _ state: ServiceMachine.State.Name, _ deadline: Instant?,
        _ service: ServiceMachine
    ) {
        switch state {
        case .starting, .backoff:
            require(deadline != nil, .noTimerLeak, "\(name(index)) is \(state) for ever")
        case .waiting, .stopped, .failed, .done:
            let awaitsMemory = record.memoryAwaitedAt != nil && !record.isMemoryBack
            require(
                deadline == nil || awaitsMemory && stopAsked == nil, .noTimerLeak,
                "\(name(index)) is \(state) and has a deadline")
        case .ready, .unready:
            let isWatched = service.definition.watchdog != nil || record.last.map { awaitsProof($0, service) } ?? false
            require(
                (deadline != nil) == isWatched, .noTimerLeak, "\(name(index)) is watched, and has no deadline, or not")
        case .stopping: break
        }
        guard let deadline else { return }
        require(deadline + lateness >= now || wasDue || mayBeLateAtOnce, .noTimerLeak, "\(name(index)) is overdue")
    }

    private func checkKnowledge(
        _ last: InstanceRecord, _ state: ServiceMachine.State.Name, _ service: ServiceMachine
    ) {
        let reports = last.isGone ? 1 : 0
        require(last.reports == reports, .exitsCounted, "the end of \(name(last.id)) was told \(last.reports) times")
        guard !last.isGone else { return }
        let pid = service.live?.pid
        require(pid == last.pid, .coreKnows, "\(name(last.id)) has pid \(last.pid ?? 0), not \(pid ?? 0)")
        switch state {
        case .starting:
            require(last.readyAt == nil && last.exit == nil, .coreKnows, "\(name(last.id)) counts as starting")
        case .ready: require(last.isSatisfied, .readyIsTrue, "\(name(last.id)) counts as ready")
        case .unready:
            require(last.isUnwell && last.exit == nil, .coreKnows, "\(name(last.id)) counts as unwell")
            require(service.definition.watch != nil, .checksFollow, "nobody will ever call \(name(last.id)) well again")
        case .stopping: require(last.leftAt != nil, .coreKnows, "\(name(last.id)) counts as stopping")
        case .waiting, .backoff, .stopped, .failed, .done: break
        }
    }

    private func checkPatience(_ last: InstanceRecord, _ service: ServiceMachine) {
        guard last.leftAt == nil else { return }
        guard let readyAt = last.readyAt else {
            let by = min(last.readyBy, last.latest ?? last.readyBy)
            require(now <= by + lateness, .hangsNoticed, "\(name(last.id)) is late and left alone")
            // New settings may make it late at once: then it is the next tick's.
            if let stalls = stallsAt(last, service), !mayBeLateAtOnce, !wasDue {
                require(now <= stalls + lateness, .hangsNoticed, "\(name(last.id)) stalls and is left alone")
            }
            return
        }
        if let watchdog = last.definition.watchdog {
            let heard = max(last.heardAt ?? readyAt, readyAt)
            require(now <= heard + watchdog + lateness, .hangsNoticed, "\(name(last.id)) was heard \(now - heard) ago")
        }
        if case .watched(last.id, .some) = event, let watch = service.definition.watch {
            require(last.badChecks < watch.failures, .hangsNoticed, "\(name(last.id)) failed \(last.badChecks) checks")
        }
        if case .notified(last.id, .trouble) = event { violate(.hangsNoticed, "\(name(last.id)) said that it hangs") }
    }

    private func checkChecks(_ last: InstanceRecord, _ service: ServiceMachine, _ processes: [SimulatedProcess]) {
        let checks = processes[last.id.number - 1].checks
        if last.leftAt != nil {
            require(checks == nil, .checksFollow, "\(name(last.id)) is ending, and checks of it go on")
        } else if last.readyAt != nil {
            let isWatched = checks == .watch
            let hasWatch = service.definition.watch != nil
            require(isWatched == hasWatch, .checksFollow, "\(name(last.id)) is \(isWatched ? "" : "not ")watched")
        } else if last.pid != nil, case .http = last.definition.ready.check {
            require(checks == .readiness, .checksFollow, "nobody looks whether \(name(last.id)) is ready")
        }
    }

    // MARK: The container

    private func checkContainer(_ machine: ContainerMachine) {
        if machine.phase != phaseBefore {
            coverage.took(phaseBefore, machine.phase)
            let arrows = Phase.transitions[phaseBefore] ?? []
            require(
                arrows.contains(machine.phase), .alongTheDrawing,
                "the phase goes from \(phaseBefore) to \(machine.phase)")
        }
        require(
            (machine.phase == .ready) == machine.isReady, .readyIsTrue,
            "phase \(machine.phase), ready \(machine.isReady)")
        require(services.count == machine.services.count, .settingsHold, "services are missing")
        if machine.isReady { checkReady() }
        checkCalledReady(machine)
        let isHeld =
            stopAsked == nil
            && services.indices.contains { path[$0] == .failed && !services[$0].isRetired }
        require(machine.isHeld == isHeld, .heldStays, "held: \(machine.isHeld)")
        if isHeld { require(machine.phase == .failed, .heldStays, "held, and the phase is \(machine.phase)") }
    }

    private func checkReady() {
        require(stopAsked == nil && hasBegun, .readyIsTrue, "ready, and it stops or has not begun")
        for (index, service) in services.enumerated() where !service.isRetired {
            require(isSatisfied(index), .readyIsTrue, "ready, and \(name(index)) is not")
        }
    }

    private func checkPort() {
        if let holder = portHolder {
            let last = services[holder.service].last
            let isServing = last?.id == holder && last?.readyAt != nil && last?.leftAt == nil
            require(isServing, .portHeldOnce, "\(name(holder)) has the port and does not serve")
        }
        for (index, service) in services.enumerated() where !service.definition.sockets.isEmpty {
            guard let last = service.live, last.readyAt != nil, last.leftAt == nil else { continue }
            require(portHolder == last.id, .portHeldOnce, "\(name(index)) is ready and has not got the port")
        }
    }
}
