import Lifecycle

/// What the core was told of an instance, and what it did about it: the checker's own account, kept apart from the core's.
final class InstanceRecord {
    enum Outcome { case failed, stopped, done }

    let id: InstanceID
    /// With which it was started.
    let definition: ServiceDefinition
    let isTask: Bool
    /// It proves something.
    let isProof: Bool
    let startedAt: Instant
    var pid: Int32?
    /// By when it must be ready, with the extensions that it asked for.
    var readyBy: Instant
    /// By when the container as a whole must be ready, where that holds for it.
    var latest: Instant?
    /// When its start last moved, and until when it said that it needs time.
    var progressAt: Instant?
    var needsUntil: Instant?
    var readyAt: Instant?
    var isUnwell = false
    /// Failed checks in a row.
    var badChecks = 0
    var heardAt: Instant?
    /// The last token or answer that anybody had of it, canaries included.
    var workedAt: Instant?
    /// What is known of canaries: when the one under way was sent, how many failed since the last proof of life and when
    /// the last of these did, and that it does not understand them.
    var canaryOutAt: Instant?
    /// How long others waited since then and gave up; and of those who wait now, how much of that they began with.
    var waitedInVain = Duration.zero
    var credits: [InstanceID: Duration] = [:]
    var failedCanaries = 0
    var canaryFailedAt: Instant?
    var refusesCanaries = false
    /// When its watch was last changed.
    var watchChangedAt: Instant?
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
    /// What proves it has found that it does not do its work.
    var isWanting = false
    /// Whatever it ends with: something else says what follows.
    var isOverruled = false

    init(_ id: InstanceID, _ definition: ServiceDefinition, at now: Instant) {
        self.id = id
        self.definition = definition
        isTask = definition.isTask
        isProof = isTask && definition.proves != nil
        startedAt = now
        readyBy = now + definition.ready.within
    }

    /// It may be counted on, as far as anybody has been told.
    var isSatisfied: Bool {
        if isTask { return outcome == .done }
        return readyAt != nil && !isUnwell && leftAt == nil && exit == nil && !isGone
    }

    /// It does its work, well or not.
    var isServing: Bool { readyAt != nil && leftAt == nil && !isSettled }

    /// When it was last known to work.
    var aliveAt: Instant { max(readyAt ?? startedAt, workedAt ?? startedAt) }

    var isSettled: Bool { exit != nil || isGone }

    var readyFor: Duration? {
        guard let readyAt, let leftAt else { return nil }
        return leftAt - readyAt
    }
}

/// What one who sends requests to engines has said of them.
struct SenderRecord {
    var count = 0
    /// When the count rose from zero.
    var since: Instant
    /// The last token or answer that it told of.
    var movedAt: Instant
    var heardAt: Instant

    /// It says so every second; one that has not for so long is not believed.
    var isBelievedUntil: Instant { heardAt + .seconds(10) }
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
