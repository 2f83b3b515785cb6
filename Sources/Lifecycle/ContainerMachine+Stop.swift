/// The way out: drain, then stop in the reverse order of need, all of it bounded.
extension ContainerMachine {
    struct Stop: Sendable {
        var code: ExitCode
        var why: String
        var since: Instant
        /// Until when the API goes on taking work.
        var drainUntil: Instant
        var announced: Bool
        /// The API still takes work; the first service has not been stopped yet.
        var draining = true
        /// When everything still alive is killed; nil once it has been.
        var killAt: Instant?
        /// When PID 1 leaves, whatever is left.
        var finishAt: Instant
        var finished = false

        /// When the first service is stopped. An announcement that never comes is not waited for longer than the drain,
        /// or a second.
        var drainEnds: Instant { announced ? drainUntil : max(drainUntil, since + .seconds(1)) }
    }

    mutating func beginStop(_ code: ExitCode, why: String, at now: Instant) {
        guard stop == nil else { return }
        // Without anybody serving there is nothing to drain, and no reason to wait.
        let serving = services.contains { !$0.definition.sockets.isEmpty && $0.isReady }
        let finishAt = now + policy.shutdownGrace
        // What is left of the grace after the kill is for the dead to be reaped.
        let reserve = min(.seconds(2), policy.shutdownGrace / 4)
        stop = Stop(
            code: code, why: why, since: now, drainUntil: serving && code == .stopped ? now + policy.drainDelay : now,
            announced: !serving, killAt: finishAt - reserve, finishAt: finishAt)
    }

    mutating func hurry(_ degree: Int, at now: Instant) {
        guard var stop, degree > 0 else { return }
        stop.drainUntil = min(stop.drainUntil, now)
        stop.announced = true
        let left: Duration = degree == 1 ? .seconds(2) : .zero
        stop.killAt = stop.killAt.map { min($0, now + left) }
        self.stop = stop
        for index in services.indices { services[index].hasten(to: now + left) }
    }

    mutating func advanceStop(at now: Instant) -> [Action] {
        guard var stop else { return [] }
        var actions: [Action] = []
        for index in services.indices where services[index].live == nil && fault != .startsWhileStopping {
            actions += services[index].stayStopped(because: "", at: now)
            services[index].memoryBy = nil
        }
        let hurried = stop.killAt.map { $0 <= now } ?? true
        guard hurried || now >= stop.drainEnds else { return actions }
        stop.draining = false
        for index in services.indices.reversed() where services[index].live != nil {
            // In the reverse order of need, also through tasks that are long done.
            let needed = services.indices.contains { services[$0].live != nil && endsBefore[$0].contains(index) }
            guard hurried || !needed else { continue }
            actions += services[index].stop(because: .asked("the container stops"), next: .stay, at: now)
            if hurried { services[index].hasten(to: now) }
            actions += services[index].tick(index, at: now)
        }
        if hurried { stop.killAt = nil }
        self.stop = stop
        return actions
    }
}
