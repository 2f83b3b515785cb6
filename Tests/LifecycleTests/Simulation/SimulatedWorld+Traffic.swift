import Lifecycle

/// The work that services do, and what they say of it.
extension SimulatedWorld {
    mutating func planWork(of process: SimulatedProcess) {
        let (id, life) = (process.id, process.plan)
        if let progress = life.progress { plan(.progresses(id, since: now), after: progress.every) }
        if let after = life.hangsAfter { plan(.hangs(id), after: after) }
        if life.sends { plan(.sends(id), after: random.time(0...2000)) }
    }

    // MARK: A start

    mutating func progresses(_ id: InstanceID, since: Instant) {
        let process = processes[id.number - 1]
        guard process.mainIsAlive, let progress = process.plan.progress else { return }
        guard now - since <= progress.until else { return checker.coverage.occurred(.progressEnded) }
        if process.isReady { checker.coverage.occurred(.progressAfterReady) }
        checker.coverage.occurred(progress.isUnderstood ? .progressed : .progressedWordlessly)
        plan(.progresses(id, since: since), after: process.isReady ? .seconds(10) : progress.every)
        let share = (now - since).inSeconds / progress.until.inSeconds
        tell(.progressed(id, progress.isUnderstood ? Event.Progress(phase: "loading weights", fraction: share) : nil))
    }

    // MARK: Requests

    mutating func hangs(_ id: InstanceID) {
        guard processes[id.number - 1].mainIsAlive else { return }
        checker.coverage.occurred(.hungUnseen)
        processes[id.number - 1].hungAt = now
    }

    /// Its end, and that of the connections to it: whoever was about to prove something of it may say so at once, before
    /// or after its own end is noticed.
    mutating func breakProofs(of subject: SimulatedProcess) {
        for service in machine.services where service.definition.proves == subject.definition.name {
            guard let proof = service.live?.instance, random.chance(40) else { continue }
            guard random.chance(50) else { return mainEnds(proof, .code(1)) }
            plan(.mainEnds(proof, .code(1)), after: random.time(0...40))
        }
    }

    private var servingEngines: [SimulatedProcess] {
        machine.services.compactMap { service in
            guard service.definition.role == .engine, let id = service.live?.instance else { return nil }
            let process = processes[id.number - 1]
            return process.mainIsAlive && process.isReady ? process : nil
        }
    }

    /// All answer, since the core cannot tell which of them a sender asks.
    private var enginesWork: Bool {
        let engines = servingEngines
        return !engines.isEmpty && engines.allSatisfy { $0.hungAt == nil }
    }

    mutating func sends(_ id: InstanceID) {
        let process = processes[id.number - 1]
        guard process.mainIsAlive, process.sending == nil else { return }
        guard !servingEngines.isEmpty else {
            checker.coverage.occurred(.requestsAtNobody)
            return plan(.sends(id), after: .seconds(20))
        }
        checker.coverage.occurred(.requestsRose)
        let takes = random.one(of: [300, 3000, 3000, 20_000, 60_000])
        process.sending = SimulatedProcess.Sending(
            count: random.number(1...8), movedAt: now - process.waited, endsAt: now + random.time(takes / 10...takes),
            wedgesAt: random.chance(trouble / 3) ? now + random.time(0...5000) : nil,
            isStuck: random.chance(trouble / 3), isAbandoned: random.chance(trouble),
            every: .milliseconds(random.one(of: [1000, 3000, 5000])))
        reportsRequests(id)
    }

    mutating func reportsRequests(_ id: InstanceID) {
        let process = processes[id.number - 1]
        guard process.mainIsAlive, var sending = process.sending else { return }
        if let wedgesAt = sending.wedgesAt, now > wedgesAt, now < sending.endsAt {
            // It comes to itself again later, or is stopped by somebody.
            checker.coverage.occurred(.senderWedged)
            return plan(.reportsRequests(id), after: sending.endsAt - now)
        }
        let works = enginesWork && !sending.isStuck
        if !enginesWork, servingEngines.isEmpty { checker.coverage.occurred(.requestsThroughARestart) }
        let isOver = now >= sending.endsAt
        if works, !(isOver && sending.isAbandoned) {
            checker.coverage.occurred(isOver ? .requestsAnswered : .requestsMoved)
            sending.movedAt = isOver ? now : max(sending.movedAt, now - random.time(0...800))
        } else {
            checker.coverage.occurred(isOver ? .requestsAbandoned : .requestsStuck)
        }
        // The word is some milliseconds old when it is read.
        let silence = max(.zero, now - sending.movedAt - .milliseconds(random.number(0...50)))
        sending.count = isOver ? 0 : random.number(1...8)
        process.sending = isOver ? nil : sending
        if isOver { process.waited = now - sending.movedAt }
        if isOver {
            plan(.sends(id), after: random.one(of: [.milliseconds(1), random.time(0...1000), random.time(0...30_000)]))
        } else {
            plan(.reportsRequests(id), after: min(sending.every, sending.endsAt - now))
        }
        if random.chance(1) { reportAbsurdly(id) }
        tell(.requests(by: id, inFlight: sending.count, silentFor: silence))
    }

    /// What nobody would say who is in their right mind; none of it is a proof of life.
    private mutating func reportAbsurdly(_ id: InstanceID) {
        checker.coverage.occurred(.absurdReport)
        let count = random.one(of: [-1, 0, .min, .max])
        tell(.requests(by: id, inFlight: count, silentFor: .seconds(1_000_000_000)))
    }

    // MARK: Canaries

    mutating func sendCanary(_ id: InstanceID) {
        guard processes.indices.contains(id.number - 1),
            let canary = machine.services[id.service].definition.watch?.canary
        else { return }
        let process = processes[id.number - 1]
        let soon = random.time(0...Int(canary.timeout.inSeconds * 1000))
        var (answer, after) = (Event.CanaryAnswer.alive, soon)
        if !process.mainIsAlive {
            answer = .failed("connection refused")
        } else if process.hungAt != nil {
            (answer, after) = (.silent, canary.timeout)
        } else if random.chance(trouble / 2) {
            switch random.number(0...5) {
            case 0: answer = .refused("no such model")
            case 1, 2: (answer, after) = (.silent, canary.timeout)
            default: answer = .failed("500")
            }
        }
        if process.hungAt == nil, random.chance(5) {
            checker.coverage.occurred(.canaryLate)
            after = canary.timeout + random.time(0...3000)
        }
        plan(.canaryEnds(id, series: process.series, answer), after: after)
    }

    mutating func canaryEnds(_ id: InstanceID, _ series: Int, _ answer: Event.CanaryAnswer) {
        let process = processes[id.number - 1]
        if process.series != series {
            // One that was under way when the checks ended may still have its say.
            guard random.chance(20) else { return }
            checker.coverage.occurred(.canaryAfterItsEnd)
        }
        if !checker.senders.isEmpty { checker.coverage.occurred(.canaryBesideTraffic) }
        switch answer {
        case .alive: checker.coverage.occurred(.canaryAlive)
        case .silent: checker.coverage.occurred(.canarySilent)
        case .failed: checker.coverage.occurred(.canaryFailed)
        case .refused: checker.coverage.occurred(.canaryRefused)
        }
        tell(.canaryAnswered(id, answer))
    }
}
