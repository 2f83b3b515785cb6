import Lifecycle

/// What happens by itself.
extension SimulatedWorld {
    mutating func happen(_ happening: Happening) {
        switch happening {
        case .tell(let event): tell(event)
        case .callReturns(let id): callReturns(id)
        case .becomesReady(let id, let isLate): becomesReady(id, isLate: isLate)
        case .mainEnds(let id, let exit): mainEnds(id, exit)
        case .remainsEnd(let id): remainsEnd(id)
        case .tellGone(let id): tell(.gone(id, processes[id.number - 1].plan.evidence))
        case .checkEnds(let id, let series): checkEnds(id, series)
        case .canaryEnds(let id, let series, let answer): canaryEnds(id, series, answer)
        case .progresses(let id, let since): progresses(id, since: since)
        case .hangs(let id): hangs(id)
        case .sends(let id): sends(id)
        case .reportsRequests(let id): reportsRequests(id)
        case .pings(let id, let until): pings(id, until: until)
        case .says(let id, let notice): says(id, notice)
        case .oldNews: tellOldNews()
        case .command:
            let service = random.chance(3) ? machine.services.count : random.number(0...machine.services.count - 1)
            command(random.one(of: Event.Command.allCases), service)
        case .order(let order, let service):
            checker.coverage.occurred(.impatience)
            command(order, service)
        case .reload:
            settings.change(&random)
            reload()
        case .dropWatch(let service):
            checker.coverage.occurred(.watchTakenAway)
            settings.dropWatch(of: machine.services[service].definition.name)
            reload()
        case .requestStop: requestStop()
        case .hurry(let degree): hurry(degree)
        case .announce(let how):
            checker.coverage.occurred(how)
            tell(.unreadyAnnounced)
        }
    }

    // MARK: A process's life

    private mutating func callReturns(_ id: InstanceID) {
        let process = processes[id.number - 1]
        process.hasReturned = true
        if process.mainIsAlive {
            planLife(of: process)
        } else {
            checker.coverage.occurred(process.isAlive ? .endedBeforeTheCallReturned : .goneBeforeTheCallReturned)
        }
        if process.definition.ready.check == .spawned { process.isReady = true }
        tell(.spawned(id, pid: process.pid))
    }

    private mutating func planLife(of process: SimulatedProcess) {
        let (id, life) = (process.id, process.plan)
        if let ends = life.ends { plan(.mainEnds(id, ends.exit), after: ends.after) }
        if process.definition.ready.check == .notify || process.definition.isTask && random.chance(10) {
            if let after = life.readyAfter, !process.isReady {
                let isLate = after > process.definition.ready.within
                plan(.becomesReady(id, isLate: isLate), after: after)
                if life.saysReadyTwice { plan(.becomesReady(id, isLate: isLate), after: after + random.time(0...2000)) }
            } else if !process.isReady {
                checker.coverage.occurred(.stalled)
            }
        }
        if let watchdog = process.definition.watchdog {
            // One that says nothing from the beginning is a service whose settings are wrong.
            let until = now + (life.pingsUntil ?? .seconds(100_000))
            plan(.pings(id, until: until), after: watchdog / 2)
        }
        planWork(of: process)
        for (after, notice) in life.notices { plan(.says(id, notice), after: after) }
    }

    /// It says READY=1.
    private mutating func becomesReady(_ id: InstanceID, isLate: Bool) {
        guard processes[id.number - 1].mainIsAlive else { return }
        if isLate { checker.coverage.occurred(.readyLate) }
        if processes[id.number - 1].isReady { checker.coverage.occurred(.readyTwice) }
        if !processes[id.number - 1].hasReturned { checker.coverage.occurred(.readyBeforeTheCallReturned) }
        processes[id.number - 1].isReady = true
        checker.coverage.occurred(.becameReady)
        tell(.ready(id))
    }

    mutating func mainEnds(_ id: InstanceID, _ exit: Exit) {
        let process = processes[id.number - 1]
        guard process.mainIsAlive else { return }
        process.mainIsAlive = false
        let asked = process.isTold || process.isKilled
        if !asked {
            switch (process.definition.isTask, exit.isSuccess) {
            case (true, true): checker.coverage.occurred(.taskSucceeded)
            case (true, false): checker.coverage.occurred(.taskFailed)
            case (false, true): checker.coverage.occurred(.endedByItselfWithZero)
            case (false, false): checker.coverage.occurred(.endedByItself)
            }
            if !process.plan.evidence.lines.isEmpty { checker.coverage.occurred(.fatalCause) }
        }
        breakProofs(of: process)
        let told = random.chance(20) ? random.time(0...50) : .zero
        if process.plan.isUnseen {
            checker.coverage.occurred(.unseenEnd)
            if random.chance(50) { plan(.tell(.exited(id, .unseen)), after: told) }
        } else {
            plan(.tell(.exited(id, exit)), after: told)
        }
        if process.sending != nil, random.chance(20) {
            // What it said before is read after its end.
            checker.coverage.occurred(.reportAfterItsEnd)
            plan(.tell(.requests(by: id, inFlight: 2, silentFor: .zero)), after: told + .milliseconds(1))
        }
        // Its shim kills what is left; a part of that may be in state D.
        var remains = process.plan.remainsFor
        if case .takesTime(let time) = process.plan.kill, random.chance(50) { remains = max(remains, time) }
        if case .never = process.plan.kill, random.chance(50) { return }
        if remains > .zero { checker.coverage.occurred(.remained) }
        plan(.remainsEnd(id), after: max(told, remains))
    }

    private mutating func remainsEnd(_ id: InstanceID) {
        guard processes[id.number - 1].isAlive else { return }
        processes[id.number - 1].isAlive = false
        plan(.tellGone(id), after: random.chance(20) ? random.time(0...50) : .zero)
    }

    private mutating func pings(_ id: InstanceID, until: Instant) {
        let process = processes[id.number - 1]
        guard process.mainIsAlive, let watchdog = process.definition.watchdog else { return }
        guard now <= until else { return checker.coverage.occurred(.pingsEnded) }
        checker.coverage.occurred(.ping)
        plan(.pings(id, until: until), after: watchdog * random.number(30...95) / 100)
        tell(.notified(id, .alive))
    }

    private mutating func says(_ id: InstanceID, _ notice: Event.Notice) {
        guard processes[id.number - 1].mainIsAlive else { return }
        switch notice {
        case .status: checker.coverage.occurred(.status)
        case .alive: checker.coverage.occurred(.ping)
        case .trouble: checker.coverage.occurred(.trigger)
        case .extend where processes[id.number - 1].isTold: checker.coverage.occurred(.extendedWhileStopping)
        case .extend(let time): checker.coverage.occurred(time > .seconds(60) ? .extendedHugely : .extended)
        case .stopping:
            let ends = processes[id.number - 1].plan.ends != nil
            checker.coverage.occurred(ends ? .stoppingAndEnded : .stoppingAndStayed)
        }
        tell(.notified(id, notice))
    }

    // MARK: Checks

    private mutating func checkEnds(_ id: InstanceID, _ series: Int) {
        let process = processes[id.number - 1]
        guard process.series == series, let checks = process.checks else { return }
        switch checks {
        case .readiness:
            guard process.mainIsAlive, !process.isReady else { return }
            processes[id.number - 1].isReady = true
            checker.coverage.occurred(.becameReady)
            tell(.ready(id))
        case .watch:
            guard let watch = machine.services[id.service].definition.watch else { return }
            plan(.checkEnds(id, series: series), after: watch.every)
            tell(.watched(id, problem: checkResult(process)))
        }
    }

    private mutating func checkResult(_ process: SimulatedProcess) -> Event.Problem? {
        let isBad = random.chance(trouble / 2) && process.hungAt == nil
        guard !process.mainIsAlive || isBad else {
            checker.coverage.occurred(.watchedWell)
            return nil
        }
        if process.mainIsAlive, random.chance(50) {
            checker.coverage.occurred(.watchedUnwell)
            return .unwell("503")
        }
        checker.coverage.occurred(.watchedSilent)
        return .silent("no answer")
    }

    // MARK: News of those who are no more

    private mutating func tellOldNews() {
        let former = processes.indices.filter {
            machine.services[processes[$0].id.service].live?.instance.number != $0 + 1
        }
        let service = random.number(0...machine.services.count - 1)
        var id = InstanceID(service: service, number: random.one(of: [0, processes.count + 1, 1_000_000]))
        if random.chance(10) { id.service = machine.services.count }
        if !former.isEmpty, random.chance(80) {
            id = processes[random.one(of: former)].id
            checker.coverage.occurred(.oldNews)
        } else {
            checker.coverage.occurred(.newsOfNobody)
        }
        let news: [Event] = [
            .spawned(id, pid: 7), .ready(id), .watched(id, problem: nil), .watched(id, problem: .unwell("503")),
            .watched(id, problem: .silent("no answer")), .notified(id, .trouble), .notified(id, .stopping),
            .notified(id, .extend(.seconds(5))), .notified(id, .status("old")), .exited(id, .code(0)),
            .exited(id, .signal(9)), .gone(id, Evidence()), .progressed(id, nil), .canaryAnswered(id, .silent),
            .canaryAnswered(id, .failed("500")), .requests(by: id, inFlight: 3, silentFor: .seconds(60)),
            .requests(by: id, inFlight: 0, silentFor: .zero),
        ]
        tell(random.one(of: news), isOld: true)
    }

    // MARK: People

    private mutating func command(_ command: Event.Command, _ service: Int) {
        switch command {
        case .start: checker.coverage.occurred(.commandStart)
        case .stop: checker.coverage.occurred(.commandStop)
        case .restart: checker.coverage.occurred(.commandRestart)
        }
        tell(.command(command, service: service))
    }

    private mutating func reload() {
        checker.coverage.occurred(.reloaded)
        if machine.services.contains(where: { $0.state.name == .starting }) {
            checker.coverage.occurred(.reloadedWhileStarting)
        }
        if machine.services.contains(where: { $0.state.name == .stopping }) {
            checker.coverage.occurred(.reloadedWhileStopping)
        }
        tell(.reload(settings.services))
    }

    private mutating func requestStop() {
        checker.coverage.occurred(checker.stopAsked == nil ? .stopRequested : .stopRequestedTwice)
        if !checker.hasBegun { checker.coverage.occurred(.stopBeforeTheBeginning) }
        tell(.stopRequested(by: "SIGTERM"))
    }

    private mutating func hurry(_ degree: Int) {
        if checker.stopAsked == nil {
            checker.coverage.occurred(.hurriedWithoutAStop)
        } else {
            checker.coverage.occurred(degree == 1 ? .hurried : .hurriedTwice)
        }
        tell(.hurry(degree))
    }
}
