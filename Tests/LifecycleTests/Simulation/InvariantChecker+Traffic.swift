import Lifecycle

/// Proofs of life: progress of a start, requests of others, canaries.
extension InvariantChecker {
    // MARK: What is said

    func heardOfRequests(_ id: InstanceID, _ count: Int, _ silence: Duration) {
        guard let sender = live(id), sender.exit == nil else { return }
        trafficAt = now
        let movedAt = silence < .zero ? now : now - silence
        guard let known = senders[id] else {
            if count > 0 { begin(id, count, movedAt) }
            return
        }
        // Words take some milliseconds to arrive: the same moment told twice is no progress.
        let isProgress = movedAt - known.movedAt > .milliseconds(100)
        if isProgress { for record in servingEngines where movedAt > record.aliveAt { worked(record, at: movedAt) } }
        let hungItself = now - known.heardAt > .seconds(10)
        if count <= 0 {
            senders[id] = nil
            guard !isProgress else { return }
            for record in servingEngines {
                let since = max(record.aliveAt, known.since - (record.credits[id] ?? .zero))
                record.waitedInVain = max(record.waitedInVain, (hungItself ? known.heardAt : now) - since)
                if record.waitedInVain > .seconds(1) { coverage.occurred(.waitedInVain) }
            }
        } else if hungItself {
            begin(id, count, movedAt)
        } else {
            senders[id]?.count = count
            senders[id]?.heardAt = now
            if isProgress { senders[id]?.movedAt = movedAt }
        }
    }

    /// What the first word of it says of tokens may be about others, long ago.
    private func begin(_ id: InstanceID, _ count: Int, _ movedAt: Instant) {
        senders[id] = SenderRecord(count: count, since: now, movedAt: movedAt, heardAt: now)
        for record in servingEngines { record.credits[id] = record.waitedInVain }
    }

    private var servingEngines: [InstanceRecord] {
        services.compactMap { service in
            guard let live = service.live, live.isServing, live.definition.role == .engine else { return nil }
            return live
        }
    }

    private func worked(_ record: InstanceRecord, at moment: Instant) {
        record.workedAt = moment
        record.waitedInVain = .zero
    }

    func forget(_ id: InstanceID) {
        guard senders[id] != nil else { return }
        trafficAt = now
        senders[id] = nil
        coverage.occurred(.senderDied)
    }

    func canaryAnswered(_ id: InstanceID, _ answer: Event.CanaryAnswer, _ machine: ContainerMachine) {
        guard let record = live(id), record.isServing, let sentAt = record.canaryOutAt,
            let watch = machine.services[id.service].definition.watch, watch.canary != nil
        else { return }
        record.canaryOutAt = nil
        trafficAt = now
        let othersWereServed = record.workedAt.map { $0 > sentAt } ?? false
        switch answer {
        case .alive: worked(record, at: now)
        case .silent:
            if othersWereServed { return coverage.occurred(.silentBesideWork) }
            fallsByCanary = (id, hangs: true)
        case .failed:
            if othersWereServed { return }
            let isInARow = record.canaryFailedAt.map { $0 >= record.aliveAt } ?? false
            record.failedCanaries = isInARow ? record.failedCanaries + 1 : 1
            record.canaryFailedAt = now
            if record.failedCanaries >= watch.failures { fallsByCanary = (id, hangs: false) }
        case .refused:
            record.refusesCanaries = true
            refuser = id
        }
    }

    func changeWatch(_ record: InstanceRecord?) {
        guard let record, record.isServing else { return }
        record.watchChangedAt = now
        record.canaryOutAt = nil
        record.canaryFailedAt = nil
        record.refusesCanaries = false
    }

    /// How long after a proof of life a check without an answer proves nothing.
    func patience(_ id: InstanceID, _ watch: Watch, _ machine: ContainerMachine) -> Duration {
        let usual = watch.every + watch.timeout
        let isEngine = machine.services[id.service].definition.role == .engine
        guard isEngine, senders.values.contains(where: { $0.isBelievedUntil > now }) else { return usual }
        return max(usual, watch.silence ?? usual)
    }

    // MARK: When what is due

    func stallsAt(_ record: InstanceRecord, _ service: ServiceMachine) -> Instant? {
        guard let stall = service.definition.ready.stall else { return nil }
        let due = max(record.progressAt ?? record.startedAt, record.startedAt) + stall
        return max(due, record.needsUntil ?? due)
    }

    /// When requests at it will have been silent for too long, of those whose senders will still be believed then.
    private func silentAt(_ record: InstanceRecord, _ service: ServiceMachine) -> Instant? {
        guard service.definition.role == .engine, record.readyAt != nil, let silence = service.definition.watch?.silence
        else { return nil }
        var first: Instant?
        for (id, sender) in senders {
            let due = max(record.aliveAt, sender.since - (record.credits[id] ?? .zero)) + silence
            if sender.isBelievedUntil >= due { first = min(first ?? due, due) }
        }
        return first
    }

    private func canaryAt(_ record: InstanceRecord, _ service: ServiceMachine) -> Instant? {
        guard record.isServing, let canary = service.definition.watch?.canary, record.canaryOutAt == nil,
            !record.refusesCanaries
        else { return nil }
        var due = record.aliveAt + canary.after
        if let failedAt = record.canaryFailedAt, failedAt >= record.aliveAt { due = failedAt + .seconds(5) }
        if service.definition.role == .engine {
            for sender in senders.values { due = max(due, sender.isBelievedUntil) }
        }
        return due
    }

    /// Something of it is due by itself, some time.
    func awaitsProof(_ record: InstanceRecord, _ service: ServiceMachine) -> Bool {
        silentAt(record, service) != nil || canaryAt(record, service) != nil
    }

    /// What is said of requests, and new settings, may make something due that has not been before.
    var mayBeLateAtOnce: Bool {
        switch event {
        case .requests, .canaryAnswered, .reload, .exited, .gone: true
        default: false
        }
    }

    // MARK: What is done

    func sendCanary(_ id: InstanceID, _ machine: ContainerMachine) {
        guard let record = live(id), record.isServing, machine.services[id.service].definition.watch?.canary != nil
        else { return violate(.idleAsked, "a canary is sent to \(name(id)), which serves nobody or wants none") }
        guard let due = canaryAt(record, machine.services[id.service]) else {
            return violate(.idleAsked, "a canary is sent to \(name(id)) beside another, or though it refuses them")
        }
        require(now >= due, .idleAsked, "a canary is sent to \(name(id)) \(due - now) too early")
        record.canaryOutAt = now
    }

    /// Why it is stopped must be so.
    func judgeStop(_ record: InstanceRecord, _ why: String, _ machine: ContainerMachine) {
        let service = machine.services[record.id.service]
        let name = name(record.id)
        if why.hasPrefix("its start made no progress") {
            coverage.occurred(.foundStalled)
            let due = stallsAt(record, service)
            require(record.readyAt == nil, .notBeforeTime, "\(name) had been ready, and its start stalls")
            require(due.map { now >= $0 } ?? false, .notBeforeTime, "\(name) makes progress, and stalls")
        } else if why.hasPrefix("the container was not ready") {
            coverage.occurred(.foundTooLateForTheContainer)
            require(record.readyAt == nil, .notBeforeTime, "\(name) had been ready, and is too late")
            let due = record.latest
            require(due.map { now >= $0 } ?? false, .notBeforeTime, "\(name) is too late for the container, and is not")
        } else if why.hasPrefix("no token and no answer") {
            coverage.occurred(.foundSilent)
            let due = silentAt(record, service)
            require(due.map { now >= $0 } ?? false, .notBeforeTime, "\(name) is said to be silent, and is not")
        } else if why.contains("one-token request") {
            coverage.occurred(why.contains("not answered") ? .foundSilentByCanary : .foundFailingByCanary)
            require(fallsByCanary?.id == record.id, .busyBelieved, "\(name) is stopped for its answer to a canary")
        } else if why.contains("found it wanting") {
            coverage.occurred(.foundWanting)
            require(wanting?.subject == record.id, .wantingReplaced, "\(name) is blamed, and nobody found it wanting")
            record.isWanting = true
        } else if why.contains("was about to prove") {
            coverage.occurred(.proofVoided)
            require(
                isSubjectGone(of: record, machine), .provenIsTrue, "\(name) begins anew, and what it proves is there")
            services[record.id.service].mayStart = true
        }
    }

    /// What must have been done, or must be due some time.
    func checkTraffic(_ record: InstanceRecord, _ service: ServiceMachine) {
        if let fallsByCanary, fallsByCanary.id == record.id {
            require(record.leftAt != nil, .hangsNoticed, "\(name(record.id)) did not answer a canary, and serves on")
        }
        require(refuser != record.id, .idleAsked, "nobody tells that \(name(record.id)) does not understand canaries")
        guard record.isServing else { return }
        let changedAt = max(trafficAt, record.watchChangedAt ?? record.startedAt)
        if let due = silentAt(record, service) {
            require(now <= max(due, changedAt) + lateness, .hangsNoticed, "\(name(record.id)) is silent since \(due)")
        }
        if let due = canaryAt(record, service) {
            require(now <= max(due, changedAt) + lateness, .idleAsked, "\(name(record.id)) is idle, and is not asked")
        }
    }

    /// In truth, whatever the core was told: one that hangs while its health check passes is found, by requests of others
    /// or by a canary, however people use it.
    func checkHang(_ record: InstanceRecord, _ service: ServiceMachine, _ process: SimulatedProcess) {
        guard record.isServing, let hungAt = process.hungAt, let watch = service.definition.watch,
            let silence = watch.silence, let canary = watch.canary, !record.refusesCanaries
        else { return }
        let since = max(hungAt, record.aliveAt, record.watchChangedAt ?? hungAt)
        // One canary may be under way, one sender may hang itself, and a failed canary puts off the next one.
        let bound = max(canary.after, .seconds(5)) + silence + .seconds(10) + canary.timeout * 2 + .seconds(2)
        require(now <= since + bound + lateness * 4, .hangsNoticed, "\(name(record.id)) hangs since \(now - since)")
    }
}
