import Lifecycle

/// What the core was told of an instance, and what it did about it: the checker's own account, kept apart from the core's.
final class InstanceRecord {
    enum Outcome { case failed, stopped, done }

    let id: InstanceID
    /// With which it was started.
    let definition: ServiceDefinition
    let startedAt: Instant
    var pid: Int32?
    /// By when it must be ready, with the extensions that it asked for.
    var readyBy: Instant
    var readyAt: Instant?
    var isUnwell = false
    /// Failed checks in a row.
    var badChecks = 0
    var heardAt: Instant?
    /// Since when it has been ending, by itself or because it must.
    var leftAt: Instant?
    /// It was told to.
    var isAsked = false
    var isHung = false
    /// It did not answer, and so is not asked gracefully.
    var mustBeHung = false
    var areChildrenAsked = false
    var signals = 0
    var signalledAt: Instant?
    var aborts = 0
    /// By when it must have been killed.
    var killBy: Instant?
    /// Which can no longer be put off.
    var isFirm = false
    var killedAt: Instant?
    var exit: Exit?
    var exitedAt: Instant?
    var stuckToldAt: Instant?
    var isGone = false
    var reports = 0
    var outcome: Outcome?

    init(_ id: InstanceID, _ definition: ServiceDefinition, at now: Instant) {
        self.id = id
        self.definition = definition
        startedAt = now
        readyBy = now + definition.ready.within
    }

    /// It may be counted on, as far as anybody has been told.
    var isSatisfied: Bool {
        if definition.isTask { return outcome == .done }
        return readyAt != nil && !isUnwell && leftAt == nil && exit == nil && !isGone
    }

    var isSettled: Bool { exit != nil || isGone }

    var readyFor: Duration? {
        guard let readyAt, let leftAt else { return nil }
        return leftAt - readyAt
    }
}

/// The same for a service.
final class ServiceRecord {
    /// That the settings ask for.
    var definition: ServiceDefinition
    var isRetired = false
    /// Nobody has said that it is to stay stopped.
    var isWanted = true
    var last: InstanceRecord?

    // What may be started again, and when.
    var mayStart = true
    var notBefore: Instant?
    var memoryAwaitedAt: Instant?
    var isMemoryBack = false

    // The restart budget, counted from what is reported.
    var crashes: [Instant] = []
    var failedStarts = 0
    var failuresInARow = 0

    /// A task's proof: the instances of services that it needed when it was done, by service.
    var provenWith: [Int: Int] = [:]

    init(_ definition: ServiceDefinition) { self.definition = definition }

    func forgive() {
        crashes = []
        failedStarts = 0
        failuresInARow = 0
    }

    /// An instance for which nobody has said yet that nothing is left of it.
    var live: InstanceRecord? {
        guard let last, !last.isGone else { return nil }
        return last
    }
}

/// The stop of the container.
struct StopRecord {
    var code: ExitCode
    var at: Instant
    /// Somebody served when it was asked for, and nobody may be stopped before this.
    var drainUntil: Instant
    var isAnnounced: Bool
    var isHurried = false
    /// By when everything must have been killed.
    var killBy: Instant
    var finishBy: Instant
    /// For each service all that it needs, directly or through others.
    var needs: [Set<Int>]

    var drainEnds: Instant { isAnnounced ? drainUntil : max(drainUntil, at + .seconds(1)) }
}
