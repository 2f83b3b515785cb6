/// A service while it runs: what its checks find, and what it says of itself.
extension ServiceMachine {
    mutating func watched(_ problem: Event.Problem?, at now: Instant) -> [Action] {
        guard let watch = definition.watch else { return [] }
        switch (state, problem) {
        case (.ready(var running), nil):
            running.failures = 0
            state = .ready(running)
            return []
        case (.unready(var running), nil):
            running.failures = 0
            enter(.ready(running), at: now)
            return [.report(.recovered(running.instance))]
        case (.ready(var running), .some(let problem)), (.unready(var running), .some(let problem)):
            var hangs = false
            if case .silent = problem { hangs = true }
            if hangs, isMoving(at: now, watch) {
                // Whoever works does not hang; one that said that it is not well may still be so.
                if isReady { running.failures = 0 }
                served = running
                return []
            }
            running.failures += 1
            if running.failures >= watch.failures {
                let cause = "\(running.failures) health checks failed: \(problem.text)"
                return stop(because: .failed(cause, hangs: hangs), at: now)
            }
            // One unanswered check proves nothing; an answer that says "not well" is believed at once.
            if !hangs, isReady {
                enter(.unready(running), at: now)
                return [.report(.unwell(running.instance, problem.text))]
            }
            if isReady { state = .ready(running) } else { state = .unready(running) }
            return []
        default:
            return []
        }
    }

    mutating func notified(_ notice: Event.Notice, at now: Instant) -> [Action] {
        switch notice {
        case .status(let text):
            status = String(text.prefix(200))
        case .alive:
            switch state {
            case .ready(var running):
                running.heardAt = now
                state = .ready(running)
            case .unready(var running):
                running.heardAt = now
                state = .unready(running)
            default: break
            }
        case .trouble:
            if isReady || state.name == .unready {
                return stop(because: .failed("it says that it hangs (WATCHDOG=trigger)", hangs: true), at: now)
            }
        case .extend(let time):
            extend(by: time, at: now)
        case .stopping:
            switch state {
            case .starting(let running), .ready(let running), .unready(let running):
                return leave(running, because: .ended, killAt: now + definition.stop.grace, at: now)
            default: break
            }
        }
        return []
    }

    /// Never by more than the time it has anyway, so that it must go on asking; and not beyond what a stop may take.
    private mutating func extend(by time: Duration, at now: Instant) {
        switch state {
        case .starting(var running):
            let until = now + min(time, definition.ready.within)
            running.readyBy = max(running.readyBy, until)
            running.needsTimeUntil = max(running.needsTimeUntil ?? until, until)
            running.movedAt = now
            state = .starting(running)
        case .stopping(var stopping):
            guard let killAt = stopping.killAt, !stopping.firm else { return }
            let grace = definition.stop.grace
            stopping.killAt = max(killAt, min(now + min(time, grace), stopping.stoppedAt + grace * 3))
            state = .stopping(stopping)
        default: break
        }
    }
}
