import Lifecycle
import Testing

@Suite struct NotifyTests {
    private static let engine = InstanceID(service: 0, number: 1)

    private static func life(_ change: (inout ServiceDefinition) -> Void = { _ in }) -> Life {
        var definition = ServiceDefinition(
            name: "engine", role: .engine, command: ["engine"],
            ready: Readiness(check: .notify, within: .seconds(60)), watchdog: .seconds(30),
            stop: StopPolicy(grace: .seconds(10)))
        change(&definition)
        var life = Life([definition])
        _ = life.happens(.begin)
        return life
    }

    @Test func readyMayBeHeardBeforeTheProcessIsKnown() {
        var life = Self.life()
        #expect(life.happens(.ready(Self.engine)) == [])
        #expect(life.machine.isReady)
        #expect(life.happens(.spawned(Self.engine, pid: 7)) == [])
        #expect(life.machine.services[0].live?.pid == 7)
        #expect(life.reports.contains(.started(Self.engine, pid: 7)))
    }

    @Test func anEndMayBeHeardBeforeTheProcessIsKnown() {
        var life = Self.life()
        #expect(life.happens(.exited(Self.engine, .code(1))) == [.unwatch(Self.engine)])
        #expect(life.happens(.gone(Self.engine, Evidence())) == [.spawn(InstanceID(service: 0, number: 2))])
        #expect(life.happens(.spawned(Self.engine, pid: 7)) == [])
        #expect(life.machine.services[0].live?.pid == nil)
    }

    @Test func theWatchdogIsArmedByReadyAlone() {
        var life = Self.life()
        _ = life.happens(.spawned(Self.engine, pid: 7))
        #expect(life.machine.nextDeadline == life.now + .seconds(60))
        #expect(life.happens(.notified(Self.engine, .trouble)) == [])
        _ = life.pass(.seconds(50))
        _ = life.happens(.ready(Self.engine))
        #expect(life.machine.nextDeadline == life.now + .seconds(30))
        _ = life.pass(.seconds(29))
        _ = life.happens(.notified(Self.engine, .alive))
        #expect(life.pass(.seconds(29)) == [])
        #expect(
            life.pass(.seconds(1)) == [.unwatch(Self.engine), .signalDescendants(Self.engine, 6)])
    }

    @Test func oneThatSaysThatItHangsIsAskedWhere() {
        var life = Self.life()
        life.start("engine")
        #expect(
            life.happens(.notified(Self.engine, .trouble)) == [
                .unwatch(Self.engine), .signalDescendants(Self.engine, 6),
            ])
        #expect(life.pass(.seconds(1)) == [.signal(Self.engine, 6)])
        #expect(life.pass(.seconds(1)) == [.kill(Self.engine)])
        // It has been asked to hurry enough.
        #expect(life.happens(.notified(Self.engine, .extend(.seconds(60)))) == [])
        #expect(life.pass(.seconds(5)) == [])
        #expect(life.reports.last == .stuck(Self.engine))
        #expect(life.machine.nextDeadline == nil)
    }

    @Test func aStartIsExtendedByWhatItHasAnywayAtMost() {
        var life = Self.life()
        _ = life.happens(.spawned(Self.engine, pid: 7))
        _ = life.happens(.notified(Self.engine, .extend(.seconds(1_000_000))))
        #expect(life.machine.nextDeadline == life.now + .seconds(60))
        _ = life.pass(.seconds(50))
        _ = life.happens(.notified(Self.engine, .extend(.seconds(20))))
        #expect(life.machine.nextDeadline == life.now + .seconds(20))
        _ = life.happens(.notified(Self.engine, .extend(.zero)))
        #expect(life.machine.nextDeadline == life.now + .seconds(20))
    }

    @Test func aStopIsExtendedToThreeTimesItsGraceAtMost() {
        var life = Self.life()
        life.start("engine")
        let begun = life.now
        _ = life.happens(.command(.stop, service: 0))
        for _ in 0..<29 {
            _ = life.pass(.seconds(1))
            _ = life.happens(.notified(Self.engine, .extend(.seconds(10))))
        }
        #expect(life.machine.nextDeadline == begun + .seconds(30))
        #expect(life.passToDeadline() == [.kill(Self.engine)])
    }

    @Test func oneThatSaysThatItEndsAndDoesNotIsKilled() {
        var life = Self.life()
        life.start("engine")
        #expect(life.happens(.notified(Self.engine, .stopping)) == [.unwatch(Self.engine)])
        #expect(!life.machine.isReady)
        #expect(life.pass(.seconds(10)) == [.kill(Self.engine)])
    }
}
