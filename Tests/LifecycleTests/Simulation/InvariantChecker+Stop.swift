import Lifecycle

/// The way out.
extension InvariantChecker {
    func askToStop(_ code: ExitCode, _ machine: ContainerMachine) {
        guard stopAsked == nil else { return }
        let isServing = services.indices.contains { !services[$0].definition.sockets.isEmpty && isSatisfied($0) }
        let finishBy = now + policy.shutdownGrace
        stopAsked = StopRecord(
            code: code, at: now, drainUntil: isServing && code == .stopped ? now + policy.drainDelay : now,
            isAnnounced: !isServing, killBy: finishBy - min(.seconds(2), policy.shutdownGrace / 4), finishBy: finishBy,
            needs: allNeeds())
    }

    /// For each service those that must outlive it: what it needs, and the engines if it takes work.
    private func allNeeds() -> [Set<Int>] {
        var reach = services.indices.map { Set(needs(of: $0)) }
        func close() {
            // Few services: as often as it takes.
            for through in reach.indices {
                for index in reach.indices where reach[index].contains(through) {
                    reach[index].formUnion(reach[through])
                }
            }
        }
        close()
        for (user, service) in services.enumerated() {
            let role = service.definition.role
            guard role == .api || role != .engine && !service.definition.sockets.isEmpty else { continue }
            for (engine, other) in services.enumerated() where other.definition.role == .engine {
                guard !reach[engine].contains(user) else { continue }
                reach[user].insert(engine)
                close()
            }
        }
        return reach
    }

    func hurry(_ degree: Int) {
        guard stopAsked != nil else { return }
        let by = now + (degree == 1 ? .seconds(2) : .zero)
        stopAsked?.isHurried = true
        stopAsked?.isAnnounced = true
        if let killBy = stopAsked?.killBy { stopAsked?.killBy = min(killBy, by) }
        for index in services.indices {
            guard let killBy = services[index].last?.killBy else { continue }
            services[index].last?.killBy = min(killBy, by)
            services[index].last?.isFirm = true
        }
    }

    func stoppedByContainer(_ id: InstanceID) {
        guard let stop = stopAsked else {
            return violate(.stopOrder, "\(name(id)) is stopped with the container, which nobody asked to stop")
        }
        guard !stop.isHurried, now < stop.killBy else { return }
        require(
            now >= stop.drainEnds, .stopOrder,
            "\(name(id)) is stopped \(stop.drainEnds - now) before the drain has ended")
        for (index, service) in services.enumerated() {
            guard service.live != nil, !service.isRetired, stop.needs[index].contains(id.service) else { continue }
            violate(.stopOrder, "\(name(id)) is stopped before \(name(index)), which needs it")
        }
    }

    func finish(_ code: ExitCode) {
        guard let stop = stopAsked else { return violate(.exitCode, "it finishes, and nobody asked for that") }
        require(code == stop.code, .exitCode, "it finishes with \(code), not with \(stop.code)")
        if now < stop.finishBy {
            for service in services where service.live != nil {
                violate(.stopEnds, "it finishes before \(service.definition.name) is gone")
            }
        }
        hasFinished = true
    }

    // MARK: Standing

    func checkStop() {
        guard let stop = stopAsked, !hasFinished else { return }
        require(now <= stop.finishBy + lateness, .stopEnds, "it is over since \(now - stop.finishBy), and goes on")
        require(
            services.contains { $0.live != nil }, .stopEnds, "nothing is left, and it does not finish")
        if now > stop.killBy + lateness {
            for service in services {
                guard let live = service.live, live.exit == nil, live.killedAt == nil else { continue }
                violate(.stopEnds, "\(name(live.id)) has not been killed \(now - stop.killBy) after its time")
            }
        }
        guard now > stop.drainEnds + lateness else { return }
        for (index, service) in services.enumerated() {
            guard let live = service.live, live.leftAt == nil else { continue }
            let isNeeded = services.indices.contains { services[$0].live != nil && stop.needs[$0].contains(index) }
            require(isNeeded, .stopEnds, "\(name(live.id)) is not told to end, and nobody needs it any more")
        }
    }

    func checkEnd(of record: InstanceRecord, _ deadline: Instant?) {
        guard let leftAt = record.leftAt else { return }
        require(
            record.isHung == record.mustBeHung && record.areChildrenAsked == record.isHung, .hungAsked,
            "\(name(record.id)) \(record.mustBeHung ? "hangs" : "does not hang"), and is treated otherwise")
        if record.exit == nil, record.killedAt == nil {
            require(deadline != nil, .noTimerLeak, "\(name(record.id)) is stopping, and nothing will ever kill it")
            if let killBy = record.killBy {
                require(
                    now <= killBy + lateness, .stopEnds,
                    "\(name(record.id)) is stopping for \(now - leftAt) and has not been killed")
            }
            if record.isAsked, !record.isHung, record.readyAt == nil {
                let since = record.signalledAt.map { now - $0 }
                require(since != nil, .signalRepeated, "\(name(record.id)) is stopped and has not been told")
                require(
                    since ?? .zero <= .seconds(2) + lateness, .signalRepeated,
                    "\(name(record.id)) was told \(since ?? .zero) ago, and may have lost it")
            }
            if record.isAsked, !record.isHung {
                require(record.signals > 0, .signalRepeated, "\(name(record.id)) is stopped and has not been told")
            }
        } else if let since = record.exitedAt ?? record.killedAt, now - since > .seconds(5) + lateness {
            let isTold = record.stuckToldAt.map { $0 >= since } ?? false
            require(isTold, .survivorsTold, "\(name(record.id)) outlives its kill for \(now - since)")
        }
    }
}
