/// What happens to a service when a time has come.
extension ServiceMachine {
    /// The next moment at which something is due by itself.
    package var deadline: Instant? {
        switch state {
        case .starting(let running):
            fault == .watchdogBeforeReady
                ? min(startDue(running), running.spawnedAt + (definition.watchdog ?? definition.ready.within))
                : startDue(running)
        case .ready(let running), .unready(let running):
            [watchdogDue(running), silenceDue(running), canaryDue(running)].compactMap { $0 }.min()
        case .backoff(let backoff): memoryBy.map { min($0, backoff.until) } ?? backoff.until
        case .stopping(let stopping): stopping.deadline
        case .waiting, .stopped, .failed, .done: memoryBy
        }
    }

    private func startDue(_ running: Running) -> Instant {
        [running.startBy, stallDue(running)].compactMap { $0 }.min() ?? running.startBy
    }

    /// Progress keeps a start alive; its limits are another matter.
    private func stallDue(_ running: Running) -> Instant? {
        guard let stall = definition.ready.stall, fault != .ignoresStalls else { return nil }
        let due = (running.movedAt ?? running.spawnedAt) + stall
        return running.needsTimeUntil.map { max(due, $0) } ?? due
    }

    /// Armed from ready on: what is slow to start is judged by its readiness alone.
    private func watchdogDue(_ running: Running) -> Instant? {
        guard let watchdog = definition.watchdog, let readyAt = running.readyAt else { return nil }
        return max(running.heardAt ?? readyAt, readyAt) + watchdog
    }

    /// Its watchdog has not been heard for so long that the next tick ends it.
    func isWatchdogOverdue(at now: Instant) -> Bool {
        served.flatMap(watchdogDue).map { $0 <= now } ?? false
    }

    /// What is due by now.
    mutating func tick(_ service: Int, at now: Instant) -> [Action] {
        var actions: [Action] = []
        while let deadline, deadline <= now, !(fault == .keepsDeadline && state.name == .stopping) {
            actions += due(service, at: now)
        }
        return actions
    }

    private mutating func due(_ service: Int, at now: Instant) -> [Action] {
        switch state {
        case .backoff(let backoff) where backoff.until <= now:
            enter(.waiting, at: now)
            return []
        case .waiting, .backoff:
            memoryBy = nil
            guard definition.usesGPU else { return [] }
            return [.report(.memoryHeld(service: service, after: Self.memoryPatience))]
        case .stopped, .failed, .done:
            memoryBy = nil
            return []
        case .starting(let running):
            return stop(because: .failed(whyTooLate(running, at: now), hangs: true), at: now)
        case .ready(var running), .unready(var running):
            if let due = watchdogDue(running), due <= now {
                let silence = definition.watchdog?.readable ?? ""
                return stop(because: .failed("its watchdog has not been heard for \(silence)", hangs: true), at: now)
            }
            if let due = silenceDue(running), due <= now {
                let silence = definition.watch?.silence?.readable ?? ""
                let many = inFlight == 1 ? "a request was" : "\(inFlight) requests were"
                return stop(
                    because: .failed("no token and no answer for \(silence), while \(many) in flight", hangs: true),
                    at: now)
            }
            running.canary.sentAt = now
            served = running
            return [.sendCanary(running.instance)]
        case .stopping(var stopping):
            let actions = due(&stopping, at: now)
            state = .stopping(stopping)
            return actions
        }
    }

    private func whyTooLate(_ running: Running, at now: Instant) -> String {
        let place = running.progress.map { "; it was \($0)" } ?? ""
        if let stalled = stallDue(running), stalled <= now, now < running.startBy {
            return "its start made no progress for \(definition.ready.stall?.readable ?? "")\(place)"
        }
        if let latest = running.latest, latest <= now, latest < running.readyBy {
            return "the container was not ready within the time for its start (start-within)\(place)"
        }
        return "it was not ready within \(definition.ready.within.readable)\(place)"
    }

    private func due(_ stopping: inout Stopping, at now: Instant) -> [Action] {
        let instance = stopping.running.instance
        if let killAt = stopping.killAt, killAt <= now {
            (stopping.repeatAt, stopping.abortAt, stopping.killAt) = (nil, nil, nil)
            stopping.stuckAt = now + Self.killPatience
            return [.report(.killing(instance, after: now - stopping.stoppedAt)), .kill(instance)]
        }
        if let abortAt = stopping.abortAt, abortAt <= now {
            stopping.abortAt = nil
            return [.signal(instance, Self.sigABRT)]
        }
        if let repeatAt = stopping.repeatAt, repeatAt <= now {
            stopping.repeatAt = now + Self.signalAgain
            return [.signal(instance, definition.stop.signal)]
        }
        stopping.stuckAt = nil
        return [.report(.stuck(instance))]
    }
}
