import Lifecycle
import Testing

/// A start that makes progress, or does not.
@Suite struct StallTests {
    private static let engine = InstanceID(service: 0, number: 1)
    private static let second = InstanceID(service: 0, number: 2)

    private static func life(
        within: Duration = .seconds(300), stall: Duration? = .seconds(60), startWithin: Duration = .seconds(540),
        _ change: (inout ServiceDefinition) -> Void = { _ in }
    ) -> Life {
        var definition = ServiceDefinition(
            name: "engine", role: .engine, command: ["engine"],
            ready: Readiness(check: .notify, within: within, stall: stall), stop: StopPolicy(grace: .seconds(20)))
        change(&definition)
        var life = Life([definition], policy: ContainerPolicy(startWithin: startWithin))
        _ = life.happens(.begin)
        _ = life.happens(.spawned(Self.engine, pid: 7))
        return life
    }

    private func progress(_ life: inout Life, _ phase: String, _ fraction: Double? = nil) {
        #expect(life.happens(.progressed(Self.engine, Event.Progress(phase: phase, fraction: fraction))) == [])
    }

    @Test func aStartThatMakesNoProgressIsAHang() {
        var life = Self.life()
        _ = life.pass(.seconds(50))
        progress(&life, "loading weights", 0.4)
        #expect(life.machine.nextDeadline == life.now + .seconds(60))
        #expect(life.pass(.milliseconds(59_999)) == [])
        #expect(life.pass(.milliseconds(1)) == [.unwatch(Self.engine), .signalDescendants(Self.engine, 6)])
        #expect(life.reports.contains(.aborting(Self.engine)))
        #expect(life.why("engine") == "its start made no progress for 1 min; it was loading weights (40 %)")
        #expect(life.dies("engine", .signal(6)) == [.spawn(Self.second)])
        let diagnosis = life.machine.services[0].lastFailure?.diagnosis
        #expect(diagnosis?.kind == .hung)
        #expect(diagnosis?.hint?.contains("`stall`") == true)
    }

    @Test func withoutAnyProgressItIsCountedFromTheStart() {
        var life = Self.life()
        #expect(life.machine.nextDeadline == life.now + .seconds(60))
        #expect(life.passToDeadline() == [.unwatch(Self.engine), .signalDescendants(Self.engine, 6)])
        #expect(life.why("engine") == "its start made no progress for 1 min")
    }

    @Test func wordsThatNobodyUnderstandsAreProgressAndKeepWhatIsKnown() {
        var life = Self.life()
        progress(&life, "capturing graphs")
        _ = life.pass(.seconds(59))
        #expect(life.happens(.progressed(Self.engine, nil)) == [])
        #expect(life.machine.nextDeadline == life.now + .seconds(60))
        _ = life.passToDeadline()
        #expect(life.why("engine") == "its start made no progress for 1 min; it was capturing graphs")
    }

    @Test func progressDoesNotExtendTheTimeForAll() {
        var life = Self.life(within: .seconds(100))
        for _ in 0..<9 {
            _ = life.pass(.seconds(11))
            progress(&life, "loading weights", 0.5)
        }
        #expect(life.machine.nextDeadline == life.now + .seconds(1))
        #expect(life.passToDeadline() == [.unwatch(Self.engine), .signalDescendants(Self.engine, 6)])
        #expect(life.why("engine") == "it was not ready within 1 min 40 s; it was loading weights (50 %)")
    }

    @Test func progressWhileItStopsOrServesChangesNothing() {
        var life = Self.life()
        _ = life.happens(.command(.stop, service: 0))
        let deadline = life.machine.nextDeadline
        let state = life.machine.services[0].state
        progress(&life, "loading weights", 0.9)
        #expect(life.machine.nextDeadline == deadline)
        #expect(life.machine.services[0].state == state)

        var serving = Self.life()
        _ = serving.happens(.ready(Self.engine))
        progress(&serving, "loading weights", 0.9)
        #expect(serving.machine.nextDeadline == nil)
        #expect(serving.machine.isReady)
    }

    @Test func progressOfAFormerInstanceIsOldNews() {
        var life = Self.life()
        _ = life.dies("engine", .code(1))
        let deadline = life.machine.nextDeadline
        _ = life.pass(.seconds(1))
        progress(&life, "loading weights", 0.9)
        #expect(life.machine.nextDeadline == deadline)
        #expect(life.machine.services[0].live?.progress == nil)
    }

    @Test func progressIsShownWhileItStarts() {
        var life = Self.life()
        progress(&life, "loading weights", 0.25)
        #expect(life.machine.services[0].live?.progress == Event.Progress(phase: "loading weights", fraction: 0.25))
    }

    @Test(arguments: [(Double.nan, "0 %"), (-.infinity, "0 %"), (.infinity, "100 %"), (0.999, "99 %"), (1.5, "100 %")])
    func anyFractionCanBeWritten(_ fraction: Double, _ text: String) {
        #expect(Event.Progress(phase: "x", fraction: fraction).description == "x (\(text))")
    }

    // MARK: EXTEND_TIMEOUT_USEC

    @Test func whoeverSaysHowMuchTimeItNeedsDoesNotStall() {
        var life = Self.life(stall: .seconds(30))
        _ = life.pass(.seconds(20))
        _ = life.happens(.notified(Self.engine, .extend(.seconds(100))))
        #expect(life.machine.nextDeadline == life.now + .seconds(100))
        // A later, shorter one is progress, and takes nothing back.
        _ = life.pass(.seconds(90))
        _ = life.happens(.notified(Self.engine, .extend(.seconds(5))))
        #expect(life.machine.nextDeadline == life.now + .seconds(30))
        #expect(life.passToDeadline() == [.unwatch(Self.engine), .signalDescendants(Self.engine, 6)])
        #expect(life.why("engine") == "its start made no progress for 30 s")
    }

    @Test func itExtendsNeitherTheTimeOfTheContainer() {
        var life = Self.life(within: .seconds(60), stall: .seconds(50), startWithin: .seconds(100))
        for _ in 0..<3 {
            _ = life.pass(.seconds(25))
            _ = life.happens(.notified(Self.engine, .extend(.seconds(60))))
        }
        // 75 s have passed: alone it would have until 135 s.
        #expect(life.machine.nextDeadline == life.now + .seconds(25))
        #expect(life.passToDeadline() == [.unwatch(Self.engine), .signalDescendants(Self.engine, 6)])
        #expect(life.now == Instant(.seconds(100)))
        #expect(life.why("engine") == "the container was not ready within the time for its start (start-within)")
        _ = life.dies("engine", .signal(6))
        #expect(life.machine.services[0].lastFailure?.diagnosis.hint?.contains("`start-within`") == true)
    }

    // MARK: startWithin

    @Test func onlyFirstStartsEndWithTheTimeOfTheContainer() {
        var life = Self.life(stall: nil, startWithin: .seconds(100))
        #expect(life.machine.nextDeadline == Instant(.seconds(100)))
        progress(&life, "loading weights", 0.4)
        #expect(life.passToDeadline() == [.unwatch(Self.engine), .signalDescendants(Self.engine, 6)])
        #expect(
            life.why("engine")
                == "the container was not ready within the time for its start (start-within); it was loading weights (40 %)"
        )
        #expect(life.dies("engine", .signal(6)) == [.spawn(Self.second)])
        #expect(life.machine.nextDeadline == life.now + .seconds(300))
    }

    @Test func itsOwnTimeCountsWhereThatIsLess() {
        var life = Self.life(within: .seconds(100), stall: nil, startWithin: .seconds(100))
        _ = life.passToDeadline()
        #expect(life.why("engine") == "it was not ready within 1 min 40 s")
    }

    @Test func whatCouldNotBeginBeforeHasItsOwnTime() {
        // The engine comes up with its second try, when the time of the container is over.
        var life = Life.provenContainer(policy: ContainerPolicy(startWithin: .seconds(50)))
        _ = life.happens(.begin)
        life.start("api")
        _ = life.passToDeadline()
        _ = life.dies("engine", .signal(6))
        _ = life.pass(.seconds(30))
        life.start("engine")
        let warmup = life.instance("warmup")
        #expect(warmup != nil)
        #expect(life.now > Instant(.seconds(50)))
        #expect(life.pass(.seconds(59)).isEmpty)
        #expect(life.instance("warmup") == warmup)
        #expect(life.state("warmup") == "starting")
    }

    @Test func theTimeBeginsWithTheBeginningAndEndsWithTheFirstReady() {
        var life = Life.provenContainer(policy: ContainerPolicy(startWithin: .seconds(50)))
        _ = life.pass(.seconds(1000))
        _ = life.happens(.begin)
        #expect(life.machine.nextDeadline == life.now + .seconds(50))
        life.start("api")
        life.start("engine")
        life.finishTask("warmup")
        #expect(life.machine.startedOnce)
        // A service that the settings add later is a first start, and not one of the container's.
        var definitions = life.machine.services.map(\.definition)
        definitions.append(
            ServiceDefinition(
                name: "more", role: .other, command: ["more"], ready: Readiness(check: .notify, within: .seconds(70))))
        _ = life.happens(.reload(definitions))
        #expect(life.machine.services[3].deadline == life.now + .seconds(70))
    }
}
