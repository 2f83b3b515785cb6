import Lifecycle

/// An instance as it really is: the core knows only what it was told.
final class SimulatedProcess {
    let id: InstanceID
    let definition: ServiceDefinition
    let plan: Plan
    var pid: Int32 { Int32(1000 + id.number) }
    /// The call that starts it has returned, and the core was told.
    var hasReturned = false
    var mainIsAlive = false
    /// Something of it is alive, or will be: from the decision to start it on, until nothing is left.
    var isAlive = true
    var isKilled = false
    /// It has said that it is ready, or would answer so.
    var isReady = false
    var lostSignals: Int
    var isTold = false
    /// Counts series of checks; a series that is not the last one has been ended.
    var series = 0
    /// In truth, and while its health check passes.
    var hungAt: Instant?
    /// Requests of its own that are in flight at engines.
    var sending: Sending?
    /// How long those waited who were given up since the last answer: it counts them too, whoever they waited for.
    var waited = Duration.zero
    /// What the present series is for.
    var checks: Checks?

    enum Checks { case readiness, watch }

    struct Sending {
        var count: Int
        /// The last token or answer, those included that were given up before.
        var movedAt: Instant
        var endsAt: Instant
        /// From when on it says nothing.
        var wedgesAt: Instant?
        /// The engine takes long for these.
        var isStuck: Bool
        /// Whoever asked loses patience before the answer.
        var isAbandoned: Bool
        /// Time between two reports.
        var every: Duration
    }

    init(_ id: InstanceID, _ definition: ServiceDefinition, trouble: Int, _ random: inout SeededRandom) {
        self.id = id
        self.definition = definition
        plan = Plan(definition, trouble: trouble, &random)
        lostSignals = plan.lostSignals
    }
}

/// How one process is going to behave.
struct Plan {
    enum Start { case runs, cannot(String), endsBeforeTheCallReturns }
    enum Kill { case works, takesTime(Duration), never }

    var start = Start.runs
    /// Until the call that starts it returns.
    var callTakes = Duration.zero
    /// From then on; nil when it stalls.
    var readyAfter: Duration?
    var saysReadyTwice = false
    /// READY=1 is read before the call that starts it returned.
    var saysReadyBeforeTheCallReturns = false
    /// It ends by itself.
    var ends: (after: Duration, exit: Exit)?
    var lostSignals = 0
    var endsAfterSignal = Duration.zero
    var isMovedByAbort = true
    /// It says EXTEND_TIMEOUT_USEC= while it ends.
    var asksForTime = false
    /// How long the rest of its tree outlives its main process.
    var remainsFor = Duration.zero
    var kill = Kill.works
    /// Nobody sees how it ends: its shim is killed.
    var isUnseen = false
    /// From when on it no longer sends WATCHDOG=1.
    var pingsUntil: Duration?
    var notices: [(after: Duration, notice: Event.Notice)] = []
    var evidence = Evidence()
    /// Its log tells of progress so often, until then, in words that somebody understands or not.
    var progress: (every: Duration, until: Duration, isUnderstood: Bool)?
    /// From when on it does no work, though its health check passes.
    var hangsAfter: Duration?
    /// It sends requests to engines.
    var sends = false

    /// - Parameter trouble: how often something goes wrong, in per cent.
    init(_ definition: ServiceDefinition, trouble: Int, _ random: inout SeededRandom) {
        callTakes = random.chance(trouble) ? random.time(0...2000) : random.time(0...20)
        if random.chance(trouble / 3) {
            start = random.one(of: [
                .cannot("No such file or directory"), .cannot("Cannot allocate memory"), .endsBeforeTheCallReturns,
                .endsBeforeTheCallReturns, .endsBeforeTheCallReturns,
            ])
        }
        planReadiness(definition, trouble: trouble, &random)
        planEnd(definition, trouble: trouble, &random)
        planChatter(definition, trouble: trouble, &random)
        planWork(definition, trouble: trouble, &random)
    }

    private mutating func planWork(_ definition: ServiceDefinition, trouble: Int, _ random: inout SeededRandom) {
        if definition.ready.stall != nil || random.chance(10) {
            let every = random.one(of: [200, 1000, 2000])
            let until = random.chance(trouble) ? random.time(0...4000) : random.time(3000...25_000)
            if !random.chance(trouble / 2) { progress = (.milliseconds(every), until, random.chance(70)) }
        }
        if !definition.isTask, random.chance(trouble / 2) { hangsAfter = random.time(0...30_000) }
        sends = random.chance(definition.role == .api || definition.role == .warmup ? 50 : 5)
    }

    private mutating func planReadiness(_ definition: ServiceDefinition, trouble: Int, _ random: inout SeededRandom) {
        readyAfter = random.time(0...3000)
        if random.chance(trouble / 2) {
            // Around the end of its patience, or never.
            let patience = Int(definition.ready.within.inSeconds * 1000)
            readyAfter =
                random.chance(50) ? .milliseconds(random.number(max(0, patience - 500)...patience + 2500)) : nil
        }
        saysReadyTwice = random.chance(10)
        saysReadyBeforeTheCallReturns = random.chance(5)
    }

    private mutating func planEnd(_ definition: ServiceDefinition, trouble: Int, _ random: inout SeededRandom) {
        let failure: Exit = random.one(of: [
            .code(1), .code(0), .signal(9), .signal(11), .signal(6), .code(3), .code(69), .code(78),
        ])
        if definition.isTask {
            // One that never ends is ended.
            if !random.chance(trouble / 5) {
                let finding = definition.proves != nil && random.chance(60) ? .code(1) : failure
                ends = (random.time(0...8000), random.chance(trouble) ? finding : .code(0))
            }
        } else if random.chance(trouble) {
            let soon = random.chance(40)
            ends = (soon ? random.time(0...1500) : random.time(1500...40_000), failure)
        }
        if ends != nil, random.chance(trouble / 6) {
            ends?.exit = .code(2)
            evidence = Evidence(lines: ["api_server.py: error: unrecognized arguments: --foo"])
        }
        isUnseen = random.chance(5)
        if random.chance(trouble) { lostSignals = random.one(of: [1, 1, 2, .max]) }
        endsAfterSignal = random.chance(trouble) ? random.time(0...9000) : random.time(0...600)
        isMovedByAbort = !random.chance(40)
        asksForTime = random.chance(20)
        remainsFor = random.chance(max(15, trouble)) ? random.time(0...4000) : .zero
        if random.chance(trouble / 2) { kill = random.chance(40) ? .never : .takesTime(random.time(1000...20_000)) }
    }

    private mutating func planChatter(_ definition: ServiceDefinition, trouble: Int, _ random: inout SeededRandom) {
        if random.chance(trouble) { pingsUntil = random.time(0...30_000) }
        guard random.chance(30) else { return }
        let sayings: [Event.Notice] = [
            .status("loading"), .alive, .extend(.seconds(5)), .extend(.seconds(1_000_000)), .extend(.zero),
        ]
        for _ in 0..<random.number(1...4) { notices.append((random.time(0...20_000), random.one(of: sayings))) }
        if random.chance(trouble) {
            notices.append((random.time(0...30_000), random.chance(50) ? .trouble : .stopping))
            // It says so and ends, or says so and does not.
            if case .stopping? = notices.last?.notice, random.chance(50), let last = notices.last {
                ends = (last.after + random.time(0...3000), .code(0))
            }
        }
    }
}
