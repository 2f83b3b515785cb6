import Lifecycle

/// What is told must be so.
extension InvariantChecker {
    func see(_ report: Report, _ machine: ContainerMachine) {
        switch report {
        case .phase, .reloaded, .memoryHeld: break
        case .started(let id, let pid):
            require(live(id)?.pid == pid, .coreKnows, "\(name(id)) is said to have pid \(pid)")
        case .ready(let id, _): ready(id)
        case .unwell(let id, _):
            require(services[id.service].live?.isUnwell == true, .coreKnows, "\(name(id)) is said to be unwell")
            step(id.service, to: .unready)
        case .recovered(let id):
            // Also one whose watch the settings have ended: nobody says any more that it is not well.
            if case .reload = event { live(id)?.isUnwell = false }
            require(services[id.service].live?.isUnwell == false, .coreKnows, "\(name(id)) is said to be well")
            step(id.service, to: .ready)
        case .canaryRefused(let id, _):
            require(refuser == id, .idleAsked, "\(name(id)) is said to refuse canaries")
            refuser = nil
        case .stopping(let id, let why): stopping(id, why, machine)
        case .aborting(let id): aborting(id)
        case .killing(let id, _):
            require(services[id.service].live?.id == id, .livingOnly, "\(name(id)) is killed, which does not live")
        case .stuck(let id):
            live(id)?.stuckToldAt = now
        case .done(let id, _):
            end(id, .done, machine)
            let last = services[id.service].last
            require(
                last?.exit == .code(0) && last?.definition.isTask == true, .exitsCounted,
                "\(name(id)) is said to be done: \(last?.exit?.description ?? "nobody said so")")
            if last?.definition.role == .preload { preloadedAt = now }
            services[id.service].provenWith = [:]
            for need in needs(of: id.service) where !services[need].definition.isTask {
                services[id.service].provenWith[need] = services[need].last?.id.number
            }
            // Failures before it are not in a row with those that may come.
            services[id.service].forgive()
        case .stopped(let id, let exit, _):
            // Without a word about its exit it is the core's to say so or not.
            let told = services[id.service].last?.exit
            require(
                (exit ?? .unseen) == (told ?? .unseen), .exitsCounted,
                "\(name(id)) \(exit?.description ?? "?"); but it \(told?.description ?? "?")")
            end(id, .stopped, machine)
        case .failed(let id, let diagnosis, let ran):
            self.diagnosis = diagnosis
            let started = services[id.service].last?.startedAt
            require(started == now - ran, .coreKnows, "\(name(id)) is said to have run for \(ran)")
            require(
                diagnosis.canRetry || services[id.service].last?.readyAt == nil, .budgetKept,
                "\(name(id)) had been ready, and no retry is to help")
            checkHopeless(id, diagnosis, machine)
            end(id, .failed, machine)
        case .restarting(let service, let wait, let attempt, _): restarting(service, wait, attempt, machine)
        case .gaveUp(let service, _, let whenSpent): gaveUp(service, whenSpent, machine)
        case .commanded(let command, let service): commanded(command, service)
        }
    }

    /// What a program says by its exit status is heeded, whatever its log says.
    private func checkHopeless(_ id: InstanceID, _ diagnosis: Diagnosis, _ machine: ContainerMachine) {
        let hopeless = machine.services[id.service].definition.restart.hopelessExits
        guard let last = services[id.service].last, last.readyAt == nil, !last.isAsked, !hopeless.isEmpty,
            case .code(let code)? = last.exit
        else { return }
        if hopeless.contains(code) { coverage.occurred(.saidHopeless) }
        require(
            diagnosis.canRetry != hopeless.contains(code), .budgetKept,
            "\(name(id)) ended with \(code), and a retry \(diagnosis.canRetry ? "is" : "is not") to help")
    }

    private func ready(_ id: InstanceID) {
        var isTold = false
        if case .ready(id) = event { isTold = true }
        if case .spawned(id, _) = event { isTold = services[id.service].definition.ready.check == .spawned }
        require(isTold, .readyIsTrue, "\(name(id)) is called ready, and nobody said so")
        live(id)?.readyAt = now
        step(id.service, to: .ready)
    }

    // MARK: Ends

    private func stopping(_ id: InstanceID, _ why: String, _ machine: ContainerMachine) {
        guard let record = live(id) else {
            return violate(.livingOnly, "\(name(id)) is told to stop, which does not live")
        }
        record.isAsked = true
        let isSilent = if case .watched(_, .silent) = event { true } else { false }
        let hangs = [
            "it was not ready", "its start made no progress", "the container was not ready", "its watchdog",
            "it says that it hangs", "no token and no answer",
        ]
        record.mustBeHung =
            hangs.contains { why.hasPrefix($0) } || why.contains("health checks failed") && isSilent
            || fallsByCanary.map { $0.id == id && $0.hangs } ?? false
        judgeStop(record, why, machine)
        if why.hasPrefix("it was not ready") {
            require(
                now >= record.readyBy, .notBeforeTime, "\(name(id)) is given up \(record.readyBy - now) too early")
            require(record.readyAt == nil, .notBeforeTime, "\(name(id)) had been ready")
        }
        if why.hasPrefix("its watchdog") {
            let watchdog = record.definition.watchdog ?? .zero
            let heard = max(record.heardAt ?? record.readyAt ?? now, record.readyAt ?? now)
            require(record.readyAt != nil, .notBeforeTime, "\(name(id)) has not been ready, and its watchdog bites")
            require(now - heard >= watchdog, .notBeforeTime, "\(name(id)) was heard \(now - heard) ago")
        }
        if why.contains("health checks failed") {
            let failures = services[id.service].definition.watch?.failures ?? 1
            require(record.badChecks >= failures, .notBeforeTime, "\(name(id)) failed \(record.badChecks) checks only")
        }
        if why == "the container stops" { stoppedByContainer(id) }
    }

    private func aborting(_ id: InstanceID) {
        live(id)?.isHung = true
        // Two times the patience for writing down where it hangs.
        live(id)?.killBy = now + .seconds(2)
    }

    private func end(_ id: InstanceID, _ outcome: InstanceRecord.Outcome, _ machine: ContainerMachine) {
        guard let record = services[id.service].last, record.id == id else {
            return violate(.exitsCounted, "the end of \(name(id)) is told, which is not the last one")
        }
        require(record.isGone, .exitsCounted, "the end of \(name(id)) is told, and it is not gone")
        record.reports += 1
        require(record.reports == 1, .exitsCounted, "the end of \(name(id)) is told for the second time")
        record.outcome = outcome
        // A stable run forgives, however it ended.
        let stable = machine.services[id.service].definition.restart.stableAfter
        if let readyFor = record.readyFor, readyFor >= stable, !record.isWanting {
            services[id.service].failedStarts = 0
            services[id.service].failuresInARow = 0
        }
    }

    // MARK: Restarts

    private func restarting(_ index: Int, _ wait: Duration, _ attempt: Int, _ machine: ContainerMachine) {
        let service = services[index]
        let policy = machine.services[index].definition.restart
        require(diagnosis?.canRetry == true, .budgetKept, "\(name(index)) is tried again, though no retry can help")
        requireOwnFailure(index)
        let (tries, limit) = countFailure(service, policy)
        require(tries <= limit, .budgetKept, "\(name(index)) is tried for the time \(tries) of \(limit)")
        require(attempt == tries, .budgetKept, "\(name(index)) is tried for the time \(tries), not \(attempt)")
        service.failuresInARow += 1
        if service.failuresInARow == 1 {
            require(wait == policy.first, .startsExplained, "the first wait of \(name(index)) is \(wait)")
        } else {
            let longest = min(policy.base * (1 << min(service.failuresInARow - 2, 20)), policy.maximum)
            require(
                wait <= longest && wait >= longest * 0.79, .startsExplained,
                "wait \(service.failuresInARow) of \(name(index)) is \(wait), not about \(longest)")
        }
        service.mayStart = true
        service.notBefore = now + wait
    }

    private func gaveUp(_ index: Int, _ whenSpent: RestartPolicy.WhenSpent, _ machine: ContainerMachine) {
        let policy = machine.services[index].definition.restart
        requireOwnFailure(index)
        if diagnosis?.canRetry == true {
            let (tries, limit) = countFailure(services[index], policy)
            require(tries > limit, .budgetKept, "\(name(index)) is given up after \(tries) of \(limit)")
        }
        require(whenSpent == policy.whenSpent, .heldStays, "\(name(index)) is given up otherwise than it says")
        let isHopeless = diagnosis?.canRetry == false
        let saysSettings = isHopeless && diagnosis?.saysSettings == true && services[index].last?.exit == .code(78)
        let code: ExitCode = saysSettings ? .settings : isHopeless ? .hopeless : .budgetSpent
        require(machine.services[index].state == .failed(code), .exitCode, "\(name(index)) failed with another code")
        services[index].mayStart = false
        step(index, to: .failed)
        if whenSpent == .exit { askToStop(code, machine) }
    }

    private func countFailure(_ service: ServiceRecord, _ policy: RestartPolicy) -> (tries: Int, limit: Int) {
        guard let last = service.last, last.readyAt != nil, !last.isWanting else {
            service.failedStarts += 1
            return (service.failedStarts, policy.failedStarts)
        }
        service.crashes.append(now)
        service.crashes.removeAll { [now] in now - $0 > policy.window }
        return (service.crashes.count, policy.limit)
    }

    private func commanded(_ command: Event.Command, _ index: Int) {
        require(!services[index].isRetired, .wishesKept, "\(name(index)) is no longer there, and a command is obeyed")
        switch command {
        case .start, .restart:
            if before[index] == .stopping { services[index].live?.isOverruled = true }
            services[index].isWanted = true
            let isRunning = [.starting, .ready, .unready].contains(before[index])
            if command == .restart || !isRunning { services[index].mayStart = true }
            guard !isRunning, before[index] != .waiting else { return }
            services[index].notBefore = nil
            services[index].forgive()
        case .stop:
            // What does not run and will not has nothing to stop.
            if ![.done, .failed].contains(before[index]) { services[index].isWanted = false }
        }
    }
}
