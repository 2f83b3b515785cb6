import Lifecycle

/// One life of a container, decided by a seed alone: its settings, what its processes do, what people want, and a clock
/// that jumps from one moment at which something happens to the next.
///
/// The world obeys every action faithfully, and tells the core what follows in any order that reality allows.
struct SimulatedWorld {
    enum Happening {
        case tell(Event)
        /// The call that starts it returns.
        case callReturns(InstanceID)
        case becomesReady(InstanceID, isLate: Bool)
        case mainEnds(InstanceID, Exit)
        case remainsEnd(InstanceID)
        case tellGone(InstanceID)
        case checkEnds(InstanceID, series: Int)
        case canaryEnds(InstanceID, series: Int, Event.CanaryAnswer)
        case progresses(InstanceID, since: Instant)
        case hangs(InstanceID)
        case sends(InstanceID)
        case reportsRequests(InstanceID)
        case pings(InstanceID, until: Instant)
        case says(InstanceID, Event.Notice)
        case oldNews
        case command
        case order(Event.Command, service: Int)
        case reload
        /// Somebody takes away the check that a service fails.
        case dropWatch(service: Int)
        case requestStop
        case hurry(Int)
        case announce(Occurrence)
    }

    let seed: UInt64
    var random: SeededRandom
    var settings: RandomSettings
    var machine: ContainerMachine
    var checker: InvariantChecker
    var now = Instant(.zero)
    var schedule = Schedule<Happening>()
    /// By number, from 1.
    var processes: [SimulatedProcess] = []
    /// How often things go wrong in this life, in per cent.
    let trouble: Int
    /// How much later than due a tick may come: the machine may be busy.
    let lateness: Duration
    private var tick: (deadline: Instant, at: Instant)?
    private(set) var trace: [String]?

    init(seed: UInt64, fault: PlantedFault? = nil, isTraced: Bool = false) {
        var random = SeededRandom(seed: seed)
        // Neighbouring seeds begin alike.
        for _ in 0..<4 { _ = random.next() }
        self.seed = seed
        settings = RandomSettings(&random)
        let policy = ContainerPolicy(
            drainDelay: random.one(of: [.zero, .milliseconds(500), .seconds(3)]),
            shutdownGrace: random.time(1000...25_000),
            startWithin: random.chance(60) ? .seconds(540) : random.time(1000...30_000),
            unreadyAfter: random.chance(40) ? .zero : random.time(100...20_000))
        trouble = random.one(of: [1, 3, 6, 12, 25, 50])
        lateness = random.chance(20) ? .milliseconds(random.number(1...300)) : .zero
        machine = ContainerMachine(settings.services, policy: policy, seed: random.next(), at: now, fault: fault)
        checker = InvariantChecker(settings.services, policy: policy, lateness: lateness)
        trace = isTraced ? [] : nil
        self.random = random
        planLife()
    }

    // MARK: The plan of people

    private mutating func planLife() {
        let span = random.one(of: [5000, 60_000, 300_000, 600_000, 1_200_000])
        let end = random.time(span / 8...span)
        let beginsLate = random.chance(5)
        plan(.tell(.begin), after: beginsLate ? .milliseconds(100) : .zero)
        plan(.requestStop, after: end)
        if random.chance(beginsLate ? 20 : 1) { plan(.requestStop, after: .zero) }
        if random.chance(20) { plan(.requestStop, after: end + random.time(0...5000)) }
        if random.chance(15) { plan(.hurry(1), after: end + random.time(0...5000)) }
        if random.chance(10) { plan(.hurry(2), after: end + random.time(0...8000)) }
        if random.chance(2) { plan(.hurry(random.number(1...2)), after: random.time(0...span)) }
        if random.chance(5) { plan(.announce(.announcedUnasked), after: random.time(0...span)) }
        for _ in 0..<random.one(of: [0, 0, 1, 3]) {
            checker.coverage.occurred(.storm)
            let beginning = random.time(0...span)
            let width = random.one(of: [0, 200, 10_000])
            for _ in 0..<random.number(1...12) { plan(.command, after: beginning + random.time(0...width)) }
            if random.chance(40) { plan(.reload, after: beginning + random.time(0...width)) }
        }
        for _ in 0..<random.one(of: [0, 0, 1, 2, 4]) {
            plan(.reload, after: random.time(0...random.one(of: [2000, span, span])))
        }
        for _ in 0..<random.number(0...16) { plan(.oldNews, after: random.time(0...span)) }
    }

    mutating func plan(_ happening: Happening, after delay: Duration) {
        schedule.plan(happening, at: now + delay)
    }

    // MARK: Time

    /// - Returns: what was violated; nil when all went as it must.
    mutating func live() -> Violation? {
        while !checker.hasFinished, checker.violation == nil {
            guard checker.eventsSeen < 20_000 else {
                checker.violate(.lifeEnds, "after \(checker.eventsSeen) events nothing has come to an end")
                break
            }
            step()
        }
        // A tick that was on its way when all was over changes nothing.
        if checker.violation == nil { tell(.tick) }
        checker.coverage.ended()
        return checker.violation
    }

    private mutating func step() {
        let tickAt = nextTick()
        let next = schedule.next
        let isTick: Bool
        switch (tickAt, next) {
        case (nil, nil):
            checker.violate(.lifeEnds, "nothing is going to happen any more, and the container has not finished")
            return
        case (.some(let tickAt), .some(let next)): isTick = tickAt == next ? random.chance(50) : tickAt < next
        case (.some, nil): isTick = true
        case (nil, .some): isTick = false
        }
        if isTick, let tickAt {
            now = max(now, tickAt)
            tick = nil
            tell(.tick)
        } else if let next, let happening = schedule.takeNext() {
            now = max(now, next)
            happen(happening)
        }
    }

    private mutating func nextTick() -> Instant? {
        guard let deadline = checker.nextDeadline else { return nil }
        if let tick, tick.deadline == deadline { return tick.at }
        var at = deadline
        if lateness > .zero, random.chance(50) {
            checker.coverage.occurred(.lateTick)
            at = deadline + lateness * random.number(0...100) / 100
        }
        tick = (deadline, at)
        return at
    }

    // MARK: Telling the core

    /// - Parameter isOld: it is about nobody who lives, so that nothing may follow from it.
    mutating func tell(_ event: Event, isOld: Bool = false) {
        checker.begin(event, isOld: isOld, at: now, machine)
        let actions = machine.handle(event, at: now)
        if trace != nil { note(event, actions) }
        for action in actions {
            checker.see(action, machine, processes)
            obey(action)
        }
        checker.end(machine, processes)
        if trace != nil, let violation = checker.violation { trace?.append("VIOLATED: \(violation)") }
    }

    private mutating func note(_ event: Event, _ actions: [Action]) {
        var line = "\(now.sinceBeginning.inSeconds) s  \(Story.of(event, machine))"
        for action in actions { line += "\n        → \(Story.of(action, machine))" }
        trace?.append(line)
    }
}
