import Lifecycle

/// What the world does when it is told to.
extension SimulatedWorld {
    mutating func obey(_ action: Action) {
        switch action {
        case .spawn(let id): spawn(id)
        case .checkReadiness(let id): beginChecks(.readiness, id)
        case .watch(let id): beginChecks(.watch, id)
        case .sendCanary(let id): sendCanary(id)
        case .unwatch(let id): endChecks(id)
        case .signal(let id, let number): signal(id, number)
        case .signalDescendants(let id, _): if isKnown(id) { processes[id.number - 1].isTold = true }
        case .kill(let id): kill(id)
        case .awaitMemory(let service): awaitMemory(service)
        case .report(.phase(let phase, _)): if phase == .draining || phase == .failed { planAnnouncement() }
        case .report(.unwell(let id, _)): if random.chance(5) { plan(.dropWatch(service: id.service), after: .zero) }
        case .report(.restarting(let service, let wait, _, _)):
            if random.chance(5) { plan(.order(.start, service: service), after: wait / 2) }
        case .handOverPort, .takePortBack, .report, .finish: break
        }
    }

    private func isKnown(_ id: InstanceID) -> Bool { processes.indices.contains(id.number - 1) }

    private mutating func spawn(_ id: InstanceID) {
        guard machine.services.indices.contains(id.service), id.number == processes.count + 1 else { return }
        let process = SimulatedProcess(id, machine.services[id.service].definition, trouble: trouble, &random)
        let life = process.plan
        processes.append(process)
        switch life.start {
        case .runs:
            processes[id.number - 1].mainIsAlive = true
            plan(.callReturns(id), after: life.callTakes)
            if life.saysReadyBeforeTheCallReturns, process.definition.ready.check == .notify {
                plan(.becomesReady(id, isLate: false), after: life.callTakes / 2)
            }
        case .cannot(let why):
            checker.coverage.occurred(.cannotStart)
            plan(.tell(.exited(id, .notStarted(why))), after: life.callTakes)
            plan(.remainsEnd(id), after: life.callTakes)
        case .endsBeforeTheCallReturns:
            processes[id.number - 1].mainIsAlive = true
            plan(.mainEnds(id, process.definition.isTask ? .code(0) : .code(1)), after: life.callTakes / 2)
            plan(.callReturns(id), after: life.callTakes + .milliseconds(1))
        }
    }

    // MARK: Checks

    private mutating func beginChecks(_ checks: SimulatedProcess.Checks, _ id: InstanceID) {
        guard isKnown(id) else { return }
        processes[id.number - 1].series += 1
        processes[id.number - 1].checks = checks
        let process = processes[id.number - 1]
        switch checks {
        case .readiness:
            guard let after = process.plan.readyAfter else { return checker.coverage.occurred(.stalled) }
            if after > process.definition.ready.within { checker.coverage.occurred(.readyLate) }
            plan(.checkEnds(id, series: process.series), after: after)
        case .watch:
            guard let watch = machine.services[id.service].definition.watch else { return }
            plan(.checkEnds(id, series: process.series), after: watch.every)
        }
    }

    private mutating func endChecks(_ id: InstanceID) {
        guard isKnown(id) else { return }
        // A check that was under way may still have its say.
        if processes[id.number - 1].checks != nil, random.chance(10) {
            checker.coverage.occurred(.checkAfterItsEnd)
            let isReadiness = processes[id.number - 1].checks == .readiness
            plan(.tell(isReadiness ? .ready(id) : .watched(id, problem: .silent("no answer"))), after: .zero)
        }
        processes[id.number - 1].series += 1
        processes[id.number - 1].checks = nil
    }

    // MARK: Signals

    private mutating func signal(_ id: InstanceID, _ number: Int32) {
        guard isKnown(id) else { return }
        let process = processes[id.number - 1]
        if !process.hasReturned {
            checker.coverage.occurred(.signalledBeforeTheCallReturned)
            // It reaches the shim or the service, or nobody.
            if random.chance(50) { return }
        }
        guard process.mainIsAlive else { return }
        processes[id.number - 1].isTold = true
        if number == 6 {
            guard process.plan.isMovedByAbort, process.lostSignals < .max else { return }
            checker.coverage.occurred(.abortedItself)
            return plan(.mainEnds(id, .signal(6)), after: random.time(0...500))
        }
        // Whoever needs longer for its end says so, again and again.
        if process.plan.asksForTime {
            for turn in 1...4 { plan(.says(id, .extend(.seconds(3))), after: .milliseconds(700 * turn)) }
        }
        if process.lostSignals == .max { return checker.coverage.occurred(.ignoredSignals) }
        if process.lostSignals > 0 {
            processes[id.number - 1].lostSignals -= 1
            return checker.coverage.occurred(.lostSignal)
        }
        if process.plan.lostSignals > 0 { checker.coverage.occurred(.neededASecondSignal) }
        if process.plan.endsAfterSignal > process.definition.stop.grace { checker.coverage.occurred(.diedLate) }
        plan(.mainEnds(id, random.chance(60) ? .code(0) : .signal(number)), after: process.plan.endsAfterSignal)
    }

    private mutating func kill(_ id: InstanceID) {
        guard isKnown(id) else { return }
        let process = processes[id.number - 1]
        if !process.hasReturned { checker.coverage.occurred(.killedBeforeTheCallReturned) }
        processes[id.number - 1].isKilled = true
        switch process.plan.kill {
        case .works: plan(.mainEnds(id, .signal(9)), after: random.time(0...20))
        case .takesTime(let time):
            checker.coverage.occurred(.outlivedItsKill)
            plan(.mainEnds(id, .signal(9)), after: time)
        case .never: checker.coverage.occurred(.neverDied)
        }
    }

    // MARK: What else answers

    private mutating func awaitMemory(_ service: Int) {
        switch random.number(0...9) {
        case 0...5:
            checker.coverage.occurred(.memoryBackEarly)
            plan(.tell(.memoryReleased(service: service)), after: random.time(0...50))
        case 6...7:
            checker.coverage.occurred(.memoryBackLate)
            plan(.tell(.memoryReleased(service: service)), after: random.time(1000...70_000))
        case 8:
            checker.coverage.occurred(.memoryNeverBack)
        default:
            // Twice: the second answer finds nobody who waits for it, or somebody else.
            checker.coverage.occurred(.staleMemory)
            plan(.tell(.memoryReleased(service: service)), after: random.time(0...50))
            plan(.tell(.memoryReleased(service: service)), after: random.time(1000...20_000))
        }
    }

    private mutating func planAnnouncement() {
        switch random.number(0...9) {
        case 0...6: plan(.announce(.announced), after: random.time(1...100))
        case 7...8: plan(.announce(.announcedLate), after: random.time(1000...5000))
        default: checker.coverage.occurred(.announcedNever)
        }
    }
}
