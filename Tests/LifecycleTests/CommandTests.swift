import Lifecycle
import Testing

@Suite struct CommandTests {
    static let engine = InstanceID(service: 0, number: 1)

    @Test func aStoppedServiceStaysSoUntilItIsStarted() {
        var life = Life.container()
        life.reachReady()
        #expect(life.happens(.command(.stop, service: 0)) == [.unwatch(Self.engine), .signal(Self.engine, 15)])
        #expect(life.dies("engine", .code(0)) == [])
        #expect(life.state("engine") == "stopped")
        #expect(life.machine.phase == .degraded)
        // What the warm-up proved is void, and what needs it waits.
        #expect(life.state("warmup") == "waiting")
        #expect(life.machine.nextDeadline == nil)
        #expect(life.happens(.command(.start, service: 0)) == [.spawn(InstanceID(service: 0, number: 4))])
    }

    @Test func aRestartIsNoFailure() {
        var life = Life.container { $0[0].restart.limit = 0 }
        life.reachReady()
        #expect(life.happens(.command(.restart, service: 0)) == [.unwatch(Self.engine), .signal(Self.engine, 15)])
        #expect(life.dies("engine", .code(0)) == [.spawn(InstanceID(service: 0, number: 4))])
        #expect(life.machine.services[0].lastFailure == nil)
    }

    @Test func theLastWordCounts() {
        var life = Life.container()
        life.reachReady()
        _ = life.happens(.command(.stop, service: 0))
        #expect(life.happens(.command(.start, service: 0)) == [])
        #expect(life.happens(.command(.stop, service: 0)) == [])
        #expect(life.dies("engine", .code(0)) == [])
        #expect(life.state("engine") == "stopped")
    }

    @Test func aStartEndsTheWaitAndForgives() {
        var life = Life.container()
        life.reachReady()
        for _ in 0..<2 {
            _ = life.dies("engine")
            life.start("engine")
        }
        #expect(life.state("engine") == "backoff")
        #expect(life.happens(.command(.start, service: 0)).contains { $0.isSpawn })
        life.start("engine")
        // As after the first failure: at once.
        #expect(life.dies("engine").contains { $0.isSpawn })
    }

    @Test func whatIsHeldIsTriedAgain() {
        var life = Life.container {
            $0[0].restart.limit = 0
            $0[0].restart.whenSpent = .hold
        }
        life.reachReady()
        _ = life.dies("engine")
        #expect(life.machine.isHeld)
        #expect(life.machine.phase == .failed)
        #expect(life.machine.nextDeadline == nil)
        #expect(life.happens(.command(.start, service: 0)).contains { $0.isSpawn })
        #expect(!life.machine.isHeld)
    }

    @Test func aStableRunForgivesHoweverItEnds() {
        var life = Life.container { $0[0].restart.failedStarts = 1 }
        _ = life.happens(.begin)
        _ = life.dies("engine", .code(1))
        life.start("engine")
        _ = life.pass(.seconds(3600))
        _ = life.happens(.command(.restart, service: 0))
        _ = life.dies("engine", .code(0))
        // The first failed start in a row, and tried again.
        _ = life.dies("engine", .code(1))
        #expect(life.state("engine") == "starting")
    }

    @Test func nobodyIsStartedByAnOperatorWhileTheContainerStops() {
        var life = Life.container()
        life.reachReady()
        _ = life.happens(.stopRequested(by: "SIGTERM"))
        #expect(life.happens(.command(.restart, service: 0)) == [])
        #expect(life.state("engine") == "ready")
    }
}

extension Action {
    fileprivate var isSpawn: Bool {
        if case .spawn = self { true } else { false }
    }
}
