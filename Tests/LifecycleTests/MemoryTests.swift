import Lifecycle
import Testing

/// The GPU memory of the predecessor.
@Suite struct MemoryTests {
    private static let second = InstanceID(service: 0, number: 2)

    private static func life(_ change: (inout ServiceDefinition) -> Void = { _ in }) -> Life {
        var definition = ServiceDefinition(
            name: "engine", role: .engine, command: ["engine"], ready: Readiness(check: .notify), usesGPU: true)
        change(&definition)
        var life = Life([definition])
        _ = life.happens(.begin)
        life.start("engine")
        return life
    }

    @Test func theNextOneWaitsUntilItIsBack() {
        var life = Self.life()
        #expect(life.dies("engine") == [.unwatch(InstanceID(service: 0, number: 1)), .awaitMemory(service: 0)])
        #expect(life.state("engine") == "waiting")
        #expect(life.pass(.seconds(20)) == [])
        #expect(life.happens(.memoryReleased(service: 0)) == [.spawn(Self.second)])
        #expect(life.machine.nextDeadline == life.now + .seconds(60))
    }

    @Test func itIsWaitedForAMinuteAtMost() {
        var life = Self.life()
        _ = life.dies("engine")
        #expect(life.machine.nextDeadline == life.now + .seconds(60))
        #expect(life.passToDeadline() == [.spawn(Self.second)])
        #expect(life.reports.contains(.memoryHeld(service: 0, after: .seconds(60))))
        // Too late, and about nobody.
        #expect(life.happens(.memoryReleased(service: 0)) == [])
    }

    @Test func theWaitBeforeATryHoldsBeside() {
        var life = Self.life { $0.restart.first = .seconds(5) }
        _ = life.dies("engine")
        #expect(life.happens(.memoryReleased(service: 0)) == [])
        #expect(life.machine.nextDeadline == life.now + .seconds(5))
        #expect(life.passToDeadline() == [.spawn(Self.second)])
    }

    @Test func anOperatorWaitsForItLikeAnybody() {
        var life = Self.life()
        _ = life.happens(.command(.stop, service: 0))
        #expect(life.dies("engine", .code(0)) == [.awaitMemory(service: 0)])
        #expect(life.state("engine") == "stopped")
        #expect(life.happens(.command(.start, service: 0)) == [])
        #expect(life.happens(.memoryReleased(service: 0)) == [.spawn(Self.second)])
    }

    @Test func afterAStopForGoodNobodyIsTold() {
        var life = Self.life()
        _ = life.happens(.command(.stop, service: 0))
        _ = life.dies("engine", .code(0))
        #expect(life.passToDeadline() == [])
        #expect(life.machine.nextDeadline == nil)
        #expect(!life.reports.contains(.memoryHeld(service: 0, after: .seconds(60))))
        #expect(life.happens(.command(.start, service: 0)) == [.spawn(Self.second)])
    }

    @Test func nobodyLooksForItWhenTheContainerStops() {
        var life = Self.life()
        _ = life.happens(.stopRequested(by: "SIGTERM"))
        #expect(life.dies("engine", .code(0)) == [.finish(.stopped)])
        #expect(life.machine.nextDeadline == nil)
    }

    @Test func aStopEndsTheWait() {
        var life = Self.life()
        _ = life.dies("engine")
        #expect(life.happens(.stopRequested(by: "SIGTERM")) == [.finish(.stopped)])
        #expect(life.machine.phase == .stopped)
        #expect(life.machine.nextDeadline == nil)
    }
}
