import Lifecycle
import Testing

@Suite struct StartTests {
    @Test func eachServiceWaitsForWhatItNeeds() {
        var life = Life.container()
        let engine = InstanceID(service: 0, number: 1)
        let warmup = InstanceID(service: 1, number: 2)
        let api = InstanceID(service: 2, number: 3)
        #expect(life.happens(.begin) == [.spawn(engine)])
        #expect(life.happens(.spawned(engine, pid: 7)) == [.checkReadiness(engine)])
        #expect(life.machine.phase == .starting)
        #expect(life.happens(.ready(engine)) == [.watch(engine), .spawn(warmup)])
        #expect(life.machine.phase == .warming)
        #expect(life.happens(.spawned(warmup, pid: 8)) == [])
        #expect(life.happens(.exited(warmup, .code(0))) == [.unwatch(warmup)])
        #expect(life.state("api") == "waiting")
        #expect(life.happens(.gone(warmup, Evidence())) == [.spawn(api)])
        #expect(life.happens(.spawned(api, pid: 9)) == [])
        #expect(!life.machine.isReady)
        #expect(life.happens(.ready(api)) == [.handOverPort(api)])
        #expect(life.machine.isReady)
        #expect(life.machine.phase == .ready)
        #expect(life.machine.progress == 1)
    }

    @Test func nothingStartsBeforeTheBeginning() {
        var life = Life.container()
        #expect(life.happens(.tick) == [])
        #expect(!life.machine.isReady)
    }

    @Test func aServiceThatIsNotReadyInTimeIsStoppedAndTriedAgain() {
        var life = Life.container()
        _ = life.happens(.begin)
        let first = InstanceID(service: 0, number: 1)
        _ = life.happens(.spawned(first, pid: 7))
        #expect(life.pass(.seconds(59)) == [])
        // It hangs, so it is asked where: its children first, then itself.
        #expect(life.pass(.seconds(1)) == [.unwatch(first), .signalDescendants(first, 6)])
        #expect(life.passToDeadline() == [.signal(first, 6)])
        #expect(life.passToDeadline() == [.kill(first)])
        #expect(life.happens(.exited(first, .signal(9))) == [])
        #expect(life.happens(.gone(first, Evidence())) == [.spawn(InstanceID(service: 0, number: 2))])
        #expect(life.machine.services[0].lastFailure?.cause == "it was not ready within 1 min")
    }

    @Test func newsOfAFormerInstanceChangesNothing() {
        var life = Life.container()
        life.reachReady()
        let old = InstanceID(service: 0, number: 1)
        _ = life.dies("engine")
        #expect(life.state("engine") == "starting")
        #expect(life.happens(.ready(old)) == [])
        #expect(life.happens(.exited(old, .code(0))) == [])
        #expect(life.happens(.gone(old, Evidence())) == [])
        #expect(life.state("engine") == "starting")
    }
}

@Suite struct RestartTests {
    @Test func aCrashedEngineComesBackAndIsWarmedUpAgainWhileTheAPIStays() {
        var life = Life.container()
        life.reachReady()
        let engine = InstanceID(service: 0, number: 1)
        #expect(life.happens(.exited(engine, .signal(9))) == [.unwatch(engine)])
        #expect(life.machine.phase == .degraded)
        #expect(!life.machine.isReady)
        #expect(life.state("warmup") == "waiting")
        #expect(life.state("api") == "ready")
        // Its tree is not gone yet: no second one is started, however long that takes.
        #expect(life.pass(.seconds(100)).contains(.spawn(InstanceID(service: 0, number: 4))) == false)
        #expect(life.happens(.gone(engine, Evidence())) == [.spawn(InstanceID(service: 0, number: 4))])
        life.start("engine")
        life.finishTask("warmup")
        #expect(life.machine.isReady)
        #expect(life.machine.services[0].restarts == 1)
    }

    @Test func anExitNobodyAskedForIsAFailureEvenWithStatusZero() {
        var life = Life.container()
        life.reachReady()
        _ = life.dies("engine", .code(0))
        #expect(life.state("engine") == "starting")
        #expect(life.machine.services[0].lastFailure?.cause == "exited with status 0, which nobody asked for")
    }

    @Test func aDyingAPIGivesThePortBackAtOnce() {
        var life = Life.container()
        life.reachReady()
        let api = InstanceID(service: 2, number: 3)
        #expect(life.happens(.exited(api, .signal(11))) == [.unwatch(api), .takePortBack])
        #expect(life.happens(.gone(api, Evidence())) == [.spawn(InstanceID(service: 2, number: 4))])
    }

    @Test func waitsGrowAndTheBudgetEnds() {
        var life = Life.container()
        life.reachReady()
        var waits: [Duration] = []
        for _ in 0..<5 {
            _ = life.dies("engine")
            let before = life.now
            if life.state("engine") == "backoff" { _ = life.passToDeadline() }
            waits.append(life.now - before)
            life.start("engine")
        }
        #expect(waits[0] == .zero)
        for (wait, longest) in zip(waits.dropFirst(), [1.0, 2, 4, 8]) {
            #expect(wait.inSeconds <= longest && wait.inSeconds >= longest * 0.8)
        }
        _ = life.dies("engine")
        #expect(life.state("engine") == "failed")
        #expect(life.machine.phase == .failed)
        #expect(life.reports.contains(.gaveUp(service: 0, "it crashed 6 times within 10 min", .exit)))
        // What still runs is stopped, and PID 1 leaves with 75.
        #expect(life.passToDeadline().contains(.signal(InstanceID(service: 2, number: 3), 15)))
        _ = life.dies("api")
        #expect(life.dies("warmup").contains(.finish(.budgetSpent)))
    }

    @Test func failedStartsAreCountedHoweverLongTheyTake() {
        var life = Life.container { $0[0].ready.within = .seconds(3600) }
        _ = life.happens(.begin)
        for _ in 0..<5 {
            _ = life.pass(.seconds(1800))
            _ = life.dies("engine", .code(1))
            if life.state("engine") == "backoff" { _ = life.passToDeadline() }
        }
        #expect(life.state("engine") == "starting")
        #expect(life.dies("engine", .code(1)).contains(.finish(.budgetSpent)))
    }

    @Test func aStableRunForgives() {
        var life = Life.container()
        life.reachReady()
        for _ in 0..<20 {
            _ = life.pass(.seconds(700))
            _ = life.dies("engine")
            #expect(life.state("engine") == "starting")
            life.start("engine")
        }
        #expect(life.machine.phase != .failed)
    }
}

@Suite struct WatchTests {
    @Test func oneUnansweredCheckProvesNothingAndThreeDo() {
        var life = Life.container()
        life.reachReady()
        let engine = InstanceID(service: 0, number: 1)
        #expect(life.happens(.watched(engine, problem: .silent("no answer"))) == [])
        #expect(life.machine.isReady)
        #expect(life.happens(.watched(engine, problem: nil)) == [])
        #expect(life.happens(.watched(engine, problem: .silent("no answer"))) == [])
        #expect(life.happens(.watched(engine, problem: .silent("no answer"))) == [])
        #expect(
            life.happens(.watched(engine, problem: .silent("no answer"))) == [
                .unwatch(engine), .signalDescendants(engine, 6),
            ])
    }

    @Test func oneThatAnswersThatItIsNotWellIsStoppedPolitely() {
        var life = Life.container()
        life.reachReady()
        let engine = InstanceID(service: 0, number: 1)
        for _ in 0..<2 { #expect(life.happens(.watched(engine, problem: .unwell("503"))) == []) }
        #expect(life.happens(.watched(engine, problem: .unwell("503"))) == [.unwatch(engine), .signal(engine, 15)])
    }

    @Test func anEngineThatSaysItIsNotWellIsBelievedAtOnce() {
        var life = Life.container()
        life.reachReady()
        let engine = InstanceID(service: 0, number: 1)
        _ = life.happens(.watched(engine, problem: .unwell("503")))
        #expect(life.state("engine") == "unready")
        #expect(life.machine.phase == .degraded)
        _ = life.happens(.watched(engine, problem: nil))
        #expect(life.machine.isReady)
    }
}

@Suite struct StopTests {
    @Test func drainsFirstThenStopsInReverseOrderOfNeed() {
        var life = Life.container()
        life.reachReady()
        let engine = InstanceID(service: 0, number: 1)
        let api = InstanceID(service: 2, number: 3)
        #expect(life.happens(.stopRequested(by: "SIGTERM")) == [])
        #expect(life.machine.phase == .draining)
        #expect(!life.machine.isReady)
        #expect(life.happens(.unreadyAnnounced) == [])
        #expect(life.pass(.milliseconds(2999)) == [])
        // The port is taken back before the API is told.
        #expect(life.pass(.milliseconds(1)) == [.unwatch(api), .takePortBack, .signal(api, 15)])
        #expect(life.state("engine") == "ready")
        #expect(life.happens(.exited(api, .code(0))) == [])
        #expect(life.happens(.gone(api, Evidence())) == [.unwatch(engine), .signal(engine, 15)])
        #expect(life.happens(.exited(engine, .code(0))) == [])
        #expect(life.happens(.gone(engine, Evidence())) == [.finish(.stopped)])
        #expect(life.machine.phase == .stopped)
        #expect(life.machine.nextDeadline == nil)
    }

    @Test func theEngineEndsAfterWhoeverAsksItNeededOrNot() {
        var life = Life.provenContainer()
        life.reachProven()
        let engine = InstanceID(service: 0, number: 1)
        let api = InstanceID(service: 2, number: 2)
        _ = life.happens(.stopRequested(by: "SIGTERM"))
        _ = life.happens(.unreadyAnnounced)
        #expect(life.passToDeadline() == [.unwatch(api), .takePortBack, .signal(api, 15)])
        #expect(life.state("engine") == "ready")
        #expect(life.machine.isProven("engine"))
        #expect(life.dies("api", .code(0)) == [.unwatch(engine), .signal(engine, 15)])
    }

    @Test func anEngineThatNeedsWhoeverAsksItEndsFirst() {
        var life = Life.provenContainer { $0[0].needs = ["api"] }
        _ = life.happens(.begin)
        life.start("api")
        life.start("engine")
        _ = life.happens(.stopRequested(by: "SIGTERM"))
        _ = life.happens(.hurry(1))
        _ = life.dies("warmup")
        #expect(life.state("engine") == "stopping")
        #expect(life.state("api") == "ready")
    }

    @Test func aSecondRequestChangesNothing() {
        var life = Life.container()
        life.reachReady()
        _ = life.happens(.stopRequested(by: "SIGTERM"))
        let deadline = life.machine.nextDeadline
        #expect(life.happens(.stopRequested(by: "SIGTERM")) == [])
        #expect(life.machine.nextDeadline == deadline)
    }

    @Test func withoutTrafficThereIsNothingToDrain() {
        var life = Life.container()
        _ = life.happens(.begin)
        let engine = InstanceID(service: 0, number: 1)
        _ = life.happens(.spawned(engine, pid: 7))
        #expect(life.happens(.stopRequested(by: "SIGTERM")) == [.unwatch(engine), .signal(engine, 15)])
    }

    @Test func anAnnouncementThatNeverComesHoldsUpForASecondAtMost() {
        var life = Life.container()
        life.machine = ContainerMachine(
            life.machine.services.map(\.definition), policy: ContainerPolicy(drainDelay: .zero), seed: 1, at: life.now)
        life.reachReady()
        #expect(life.happens(.stopRequested(by: "SIGTERM")) == [])
        #expect(life.machine.nextDeadline == life.now + .seconds(1))
        #expect(!life.passToDeadline().isEmpty)
    }

    @Test func whateverHangsTheStopEndsInsideItsGrace() {
        var life = Life.container()
        life.reachReady()
        _ = life.happens(.stopRequested(by: "SIGTERM"))
        let begun = life.now
        var actions: [Action] = []
        while let deadline = life.machine.nextDeadline, deadline - begun < .seconds(60) {
            actions += life.passToDeadline()
        }
        #expect(actions.contains(.kill(InstanceID(service: 0, number: 1))))
        #expect(actions.contains(.kill(InstanceID(service: 2, number: 3))))
        #expect(actions.last == .finish(.stopped))
        #expect(life.now - begun == .seconds(25))
    }

    @Test func aPersonWithoutPatienceIsObeyed() {
        var life = Life.container()
        life.reachReady()
        _ = life.happens(.stopRequested(by: "SIGINT"))
        let hurried = life.happens(.hurry(1))
        #expect(hurried.contains(.signal(InstanceID(service: 2, number: 3), 15)))
        let killed = life.happens(.hurry(2)) + life.pass(.zero)
        #expect(killed.contains(.kill(InstanceID(service: 2, number: 3))))
        #expect(killed.contains(.kill(InstanceID(service: 0, number: 1))))
    }

    @Test func nothingIsStartedOnceAStopWasAskedFor() {
        var life = Life.container()
        life.reachReady()
        _ = life.happens(.stopRequested(by: "SIGTERM"))
        _ = life.dies("engine")
        for _ in 0..<10 {
            for action in life.passToDeadline() {
                if case .spawn = action { Issue.record("started \(action)") }
            }
        }
    }
}
