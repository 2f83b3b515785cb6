/// The end of an instance, from the first signal until nothing is left of it, and what follows.
extension ServiceMachine {
    /// Asks the instance to end, and sets the time of its kill.
    mutating func stop(because reason: Reason, next: Next = .policy, at now: Instant) -> [Action] {
        guard let running = live else { return [] }
        if case .stopping(var stopping) = state {
            // What was asked for last is what happens; how it ends stays as it is.
            if next != .policy { stopping.next = next }
            state = .stopping(stopping)
            return []
        }
        let why: String
        var hangs = false
        switch reason {
        case .asked(let cause): why = cause
        case .failed(let cause, let hung): (why, hangs) = (cause, hung)
        case .wanting(let cause): why = cause
        case .ended: why = ""
        }
        var actions = leave(running, because: reason, next: next, killAt: now + definition.stop.grace, at: now)
        actions.append(.report(.stopping(running.instance, why)))
        guard case .stopping(var stopping) = state else { return actions }
        if hangs {
            // It does not listen: graceful would be in vain. It may still say where it hangs; its children first, since
            // the end of the main process is the end of them all.
            stopping.abortAt = now + Self.abortPatience
            stopping.killAt = now + Self.abortPatience * 2
            stopping.firm = true
            actions += [.report(.aborting(running.instance)), .signalDescendants(running.instance, Self.sigABRT)]
        } else {
            if running.readyAt == nil, fault != .asksOnce { stopping.repeatAt = now + Self.signalAgain }
            actions.append(.signal(running.instance, definition.stop.signal))
        }
        if fault == .neverKills { (stopping.killAt, stopping.firm) = (nil, true) }
        state = .stopping(stopping)
        return actions
    }

    /// What a task was about to prove is being replaced: it begins anew with the next instance of that, whatever it is
    /// about to say of this one.
    mutating func proveAnew(_ subject: String, at now: Instant) -> [Action] {
        if case .stopping(let stopping) = state, stopping.next != .policy { return [] }
        return stop(because: .asked("\(subject), which it was about to prove, is gone"), next: .startAgain, at: now)
    }

    /// From here on it is no longer counted on.
    mutating func leave(
        _ running: Running, because reason: Reason, next: Next = .policy, killAt: Instant?, at now: Instant
    ) -> [Action] {
        enter(
            .stopping(Stopping(running: running, reason: reason, next: next, stoppedAt: now, killAt: killAt)), at: now)
        var actions: [Action] = [.unwatch(running.instance)]
        if !definition.sockets.isEmpty, fault != .forgetsPort { actions.append(.takePortBack) }
        return actions
    }

    /// The main process is gone; the shim is killing what is left of the tree.
    mutating func exited(_ exit: Exit, at now: Instant) -> [Action] {
        var actions: [Action] = []
        if let running = live, state.name != .stopping {
            actions = leave(running, because: .ended, killAt: nil, at: now)
        }
        guard case .stopping(var stopping) = state else { return [] }
        stopping.exit = exit
        (stopping.repeatAt, stopping.abortAt, stopping.killAt) = (nil, nil, nil)
        stopping.stuckAt = now + Self.killPatience
        state = .stopping(stopping)
        return actions
    }

    /// Brings the kill of a stopping instance forward, for good.
    mutating func hasten(to latest: Instant) {
        guard case .stopping(var stopping) = state, let killAt = stopping.killAt else { return }
        stopping.killAt = min(killAt, latest)
        stopping.firm = true
        state = .stopping(stopping)
    }

    // MARK: Afterwards

    /// Nothing is left of the instance: what now?
    ///
    /// - Parameters:
    ///   - containerStops: nothing is started any more.
    ///   - blamesOther: its failure is that of the service it proves.
    mutating func gone(
        _ evidence: Evidence, containerStops: Bool, blamesOther: Bool, at now: Instant, random: inout SeededRandom
    ) -> [Action] {
        guard case .stopping(let stopping) = state else { return [] }
        let instance = stopping.running.instance
        let ran = now - stopping.running.spawnedAt
        let succeeded = definition.isTask && stopping.reason == .ended && stopping.exit?.isSuccess == true
        let heldMemory = definition.usesGPU && !containerStops
        if let pending { (definition, self.pending) = (pending, nil) }
        var readyFor = stopping.running.readyAt.map { stopping.stoppedAt - $0 }
        // What was found wanting never was what ready means.
        if case .wanting = stopping.reason { readyFor = nil }
        if let readyFor { budget.ran(readyFor, policy: definition.restart) }

        var actions: [Action] = []
        var failure: Diagnosis?
        switch stopping.reason {
        case .asked:
            actions.append(.report(.stopped(instance, stopping.exit, took: now - stopping.stoppedAt)))
        case .ended where succeeded:
            actions.append(.report(.done(instance, after: ran)))
            // Those before it were not in a row with those that may come.
            budget = RestartBudget()
        case .ended, .failed, .wanting:
            let why = stopping.reason.cause
            var diagnosis = Diagnosis.of(
                exit: stopping.exit ?? (why == nil ? .unseen : nil), failure: why,
                wasReady: stopping.running.readyAt != nil, evidence: evidence)
            if why == nil, stopping.running.readyAt == nil, let exit = stopping.exit, fault != .retriesTheHopeless {
                diagnosis.heed(exit, hopeless: definition.restart.hopelessExits, evidence)
            }
            failure = diagnosis
            lastFailure = Failure(diagnosis: diagnosis, at: now)
            if stopping.running.readyAt != nil, diagnosis.kind.mayBeItsWork { crashes += 1 }
            if fault != .swallowsExit || stopping.next == .policy {
                actions.append(.report(.failed(instance, diagnosis, ran: ran)))
            }
        }

        if containerStops || isRetired || stopping.next == .stay {
            enter(.stopped, at: now)
        } else if stopping.next == .startAgain || blamesOther {
            enter(.waiting, at: now)
        } else if let failure {
            actions += fail(failure, instance.service, readyFor: readyFor, at: now, random: &random)
        } else {
            enter(succeeded ? .done : .stopped, at: now)
        }
        if heldMemory, fault != .forgetsMemory {
            // Whatever follows: somebody may start it any time.
            memoryBy = now + Self.memoryPatience
            actions.append(.awaitMemory(service: instance.service))
        }
        return actions
    }

    private mutating func fail(
        _ diagnosis: Diagnosis, _ service: Int, readyFor: Duration?, at now: Instant, random: inout SeededRandom
    ) -> [Action] {
        guard diagnosis.canRetry else {
            enter(.failed(diagnosis.saysSettings ? .settings : .hopeless), at: now)
            return [.report(.gaveUp(service: service, "no retry can help", definition.restart.whenSpent))]
        }
        var policy = definition.restart
        if fault == .forgivesOneMore { policy.limit += 1 }
        switch budget.failed(at: now, readyFor: readyFor, policy: policy, random: &random) {
        case .retry(let after, let attempt, let of):
            enter(after > .zero ? .backoff(Backoff(until: now + after)) : .waiting, at: now)
            return [.report(.restarting(service: service, in: after, attempt: attempt, of: of))]
        case .spent(let why):
            enter(.failed(.budgetSpent), at: now)
            return [.report(.gaveUp(service: service, why, definition.restart.whenSpent))]
        }
    }
}
