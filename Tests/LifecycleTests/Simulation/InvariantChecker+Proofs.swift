import Lifecycle

/// What tasks prove of services, and what the container may call itself for it.
extension InvariantChecker {
    /// The service that this task proves, where the settings still name it.
    private func subject(of definition: ServiceDefinition, _ machine: ContainerMachine) -> Int? {
        guard definition.isTask, let subject = definition.proves else { return nil }
        return machine.services.indices.first {
            services[$0].definition.name == subject && !services[$0].isRetired
                && !machine.services[$0].definition.isTask
        }
    }

    func isSubjectGone(of record: InstanceRecord, _ machine: ContainerMachine) -> Bool {
        guard let subject = subject(of: record.definition, machine) else { return false }
        return !(services[subject].live?.isServing ?? false)
    }

    /// It is about to be told that nothing is left of this instance.
    func judgeProof(_ record: InstanceRecord, _ machine: ContainerMachine) {
        let service = services[record.id.service]
        guard record.isTask, !record.isAsked, stopAsked == nil, service.isWanted, !service.isRetired else {
            return
        }
        if record.isOverruled { overruled = record.id }
        guard let subject = subject(of: record.definition, machine) else { return }
        guard record.exit == .code(1) else {
            if record.exit != .code(0) { coverage.occurred(.proofFailedOtherwise) }
            return
        }
        guard !record.isOverruled, let found = services[subject].live, found.isServing, let readyAt = found.readyAt
        else {
            return coverage.occurred(.wantingAndGone)
        }
        require(
            readyAt <= record.startedAt, .wantingReplaced,
            "\(name(record.id)) was not about \(name(found.id)), and would blame it")
        wanting = (record.id, found.id)
        service.mayStart = true
    }

    /// What a task may not be charged with.
    func requireOwnFailure(_ index: Int) {
        let id = services[index].last?.id
        require(wanting?.proof != id, .wantingReplaced, "\(name(index)) is charged with the failure of what it proves")
        require(overruled != id, .wantingReplaced, "\(name(index)) is charged with what it could not help")
    }

    func checkProofs(_ machine: ContainerMachine) {
        var isEventful = path != before
        if case .reload = event { isEventful = true }
        for index in services.indices { checkProofs(index, isEventful: isEventful, machine) }
    }

    private func checkProofs(_ index: Int, isEventful: Bool, _ machine: ContainerMachine) {
        let service = services[index]
        if let wanting, wanting.subject.service == index {
            require(
                service.last?.isWanting == true && path[index] == .stopping, .wantingReplaced,
                "\(name(wanting.subject)) was found wanting, and is \(path[index])")
        }
        if let live = service.live, live.isProof, stopAsked == nil, !service.isRetired,
            isSubjectGone(of: live, machine)
        {
            require(live.leftAt != nil, .provenIsTrue, "\(name(live.id)) goes on proving what is gone")
            live.isOverruled = true
            if service.isWanted { service.mayStart = true }
        }
        // Anything that it follows from was changed by this event; the others in turn.
        guard hasBegun, isEventful || eventsSeen % services.count == index, !service.isRetired,
            !service.definition.isTask
        else { return }
        require(
            machine.isProven(service.definition.name) == isProven(index, machine), .provenIsTrue,
            "\(name(index)) is \(machine.isProven(service.definition.name) ? "" : "not ") called proven")
    }

    private func isProven(_ index: Int, _ machine: ContainerMachine) -> Bool {
        guard path[index] == .ready, let subject = services[index].live, isSatisfied(index) else { return false }
        for (proof, service) in services.enumerated() {
            guard !service.isRetired, machine.services[proof].definition.proves == services[index].definition.name
            else {
                continue
            }
            // Something that runs on may be said to prove something; then it does so as long as it is ready.
            guard machine.services[proof].isSatisfied else { return false }
            guard let last = service.last, last.isTask else { continue }
            let since = subject.readyAt ?? now
            require(
                last.outcome == .done && last.startedAt >= since, .provenIsTrue,
                "\(name(last.id)) proved another one than \(name(subject.id))")
        }
        return true
    }

    // MARK: The container

    func checkCalledReady(_ machine: ContainerMachine) {
        if machine.isReady {
            wasReady = true
            unreadySince = nil
            isCalledReady = true
        } else {
            let since = unreadySince ?? now
            unreadySince = since
            let heals = services.indices.allSatisfy { index in
                services[index].isRetired || services[index].isWanted && path[index] != .failed
            }
            let mayBeCalled = stopAsked == nil && heals && now < since + policy.unreadyAfter
            if isCalledReady { coverage.occurred(mayBeCalled ? .healedUnseen : .healedTooLate) }
            isCalledReady = isCalledReady && mayBeCalled
        }
        require(
            machine.isCalledReady == isCalledReady, .calledReadyInTime,
            "called ready: \(machine.isCalledReady), not ready since \(unreadySince.map { "\(now - $0)" } ?? "never")")
        guard stopAsked == nil else { return }
        // Each of its deadlines is somebody's.
        var due = isCalledReady && !machine.isReady ? unreadySince.map { $0 + policy.unreadyAfter } : nil
        for next in deadlines { due = min(due ?? next, next) }
        require(nextDeadline == due, .noTimerLeak, "the next deadline is nobody's")
    }
}
