/// What tasks prove of services, and for how long that holds.
extension ContainerMachine {
    /// Whether the service of this name is ready, and all that proves it has succeeded since it was started.
    package func isProven(_ name: String) -> Bool {
        first { !$0.isSatisfied && ($0.definition.name == name || $0.definition.proves == name) } == nil
    }

    /// The service that this task proves, where the settings name it.
    private func subject(of proof: ServiceMachine) -> Int? {
        guard let name = proof.definition.proves, proof.definition.isTask else { return nil }
        return first { !$0.definition.isTask && $0.definition.name == name }
    }

    /// Whose failure it is that this task ended with status 1.
    ///
    /// Since the end of a proof's subject overrules what follows it (``voidProofs(at:)``), this is the instance that it
    /// was started for.
    func blamedService(by proof: ServiceMachine) -> Int? {
        guard case .stopping(let stopping) = proof.state, stopping.reason == .ended, stopping.exit == .code(1),
            stopping.next == .policy, !proof.isRetired, let subject = subject(of: proof),
            services[subject].served != nil
        else { return nil }
        return subject
    }

    mutating func replace(_ subject: Int, wantingFor proof: ServiceMachine, at now: Instant) -> [Action] {
        guard fault != .keepsTheWanting else { return [] }
        let said = proof.status.flatMap { $0.isEmpty ? nil : $0 }
        let why = said ?? proof.lastFailure?.cause ?? "it failed"
        return services[subject].stop(
            because: .wanting("\(proof.definition.name) found it wanting: \(why)"), at: now)
    }

    /// A task proved something about what it needs. When that is being replaced, the proof is void: it runs again, and
    /// one that is under way is ended, since it would prove a mixture.
    mutating func voidProofs(at now: Instant) -> [Action] {
        var actions: [Action] = []
        for index in services.indices where !services[index].isRetired {
            if case .done = services[index].state {
                let lost = needs[index].contains { !services[$0].definition.isTask && services[$0].served == nil }
                if lost { services[index].enter(.waiting, at: now) }
            } else if services[index].live != nil, let subject = subject(of: services[index]),
                services[subject].served == nil
            {
                actions += services[index].proveAnew(services[subject].definition.name, at: now)
            }
        }
        return actions
    }

    /// What is being healed may still be called ready for a while; what is stopping, given up, or stopped for good may
    /// not.
    mutating func callReady(at now: Instant) {
        guard !isReady else {
            (isCalledReady, unreadySince) = (true, nil)
            return
        }
        unreadySince = unreadySince ?? now
        let mayHeal = stop == nil && first { $0.hasFailed || $0.staysStopped } == nil
        isCalledReady = isCalledReady && mayHeal && unreadySince.map { now < $0 + policy.unreadyAfter } ?? false
    }
}
