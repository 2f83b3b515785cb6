import Lifecycle
import Testing

/// A task that proves a service: what follows from what it finds.
@Suite struct ProofTests {
    private static let engine = InstanceID(service: 0, number: 1)
    private static let warmup = InstanceID(service: 1, number: 3)

    /// The warm-up runs.
    private static func warming(_ change: (inout [ServiceDefinition]) -> Void = { _ in }) -> Life {
        var life = Life.provenContainer(policy: ContainerPolicy(startWithin: .seconds(100_000)), change)
        _ = life.happens(.begin)
        life.start("api")
        life.start("engine")
        _ = life.happens(.spawned(warmup, pid: 103))
        return life
    }

    /// It finds the engine wanting; what is done about that.
    private func finds(_ life: inout Life, _ why: String = "page 2 differs by 40 %") -> [Action] {
        guard let warmup = life.instance("warmup") else {
            Issue.record("no warm-up runs")
            return []
        }
        _ = life.happens(.notified(warmup, .status(why)))
        #expect(life.happens(.exited(warmup, .code(1))) == [.unwatch(warmup)])
        #expect(life.state("engine") == "ready")
        return life.happens(.gone(warmup, Evidence()))
    }

    @Test func whatIsFoundWantingIsReplacedAndTheProofRunsAgain() {
        var life = Self.warming()
        #expect(finds(&life) == [.unwatch(Self.engine), .signal(Self.engine, 15)])
        #expect(life.why("engine") == "warmup found it wanting: page 2 differs by 40 %")
        #expect(life.state("warmup") == "waiting")
        #expect(life.reports.contains { if case .failed(Self.warmup, _, _) = $0 { true } else { false } })
        #expect(!life.reports.contains { if case .restarting(1, _, _, _) = $0 { true } else { false } })
        #expect(life.dies("engine", .code(0)) == [.spawn(InstanceID(service: 0, number: 4))])
        #expect(life.machine.services[0].lastFailure?.cause == "warmup found it wanting: page 2 differs by 40 %")
        #expect(
            life.reports.contains {
                if case .restarting(service: 0, in: .zero, attempt: 1, of: 5) = $0 { true } else { false }
            })
        life.start("engine")
        life.finishTask("warmup")
        #expect(life.machine.isReady)
        #expect(life.machine.isProven("engine"))
    }

    @Test func withoutAStatusItsFailureSaysWhy() {
        for status in ["", nil] {
            var life = Self.warming()
            if let status { _ = life.happens(.notified(Self.warmup, .status(status))) }
            _ = life.dies("warmup", .code(1))
            #expect(life.why("engine") == "warmup found it wanting: exited with status 1")
        }
    }

    @Test func itIsAFailedStartHoweverLongItWasReady() {
        // As a crash it would be one too many, and its long run would forgive.
        var life = Self.warming {
            $0[0].restart.limit = 0
            $0[0].restart.failedStarts = 3
            $0[1].ready.within = .seconds(3600)
            $0[1].restart.failedStarts = 0
        }
        for _ in 0..<3 {
            _ = life.pass(.seconds(600))
            _ = finds(&life)
            _ = life.dies("engine", .code(0))
            if life.state("engine") == "backoff" { _ = life.passToDeadline() }
            life.start("engine")
        }
        _ = life.pass(.seconds(600))
        _ = finds(&life)
        _ = life.dies("engine", .code(0))
        #expect(life.state("engine") == "failed")
        #expect(life.reports.contains(.gaveUp(service: 0, "4 starts in a row failed", .exit)))
        #expect(life.machine.reason == "engine keeps failing: warmup found it wanting: page 2 differs by 40 %")
        #expect(life.machine.phase == .failed)
        _ = life.passToDeadline()
        #expect(life.dies("api", .code(0)).contains(.finish(.budgetSpent)))
    }

    @Test func nothingThatALogSaysEndsTheContainerForIt() {
        var life = Self.warming()
        _ = finds(&life)
        _ = life.happens(.exited(Self.engine, .code(0)))
        let lines = ["RuntimeError: No CUDA GPUs are available"]
        _ = life.happens(.gone(Self.engine, Evidence(lines: lines)))
        #expect(life.state("engine") == "starting")
    }

    @Test func everyOtherFailureIsItsOwn() {
        for exit: Exit in [.code(2), .code(75), .signal(9), .signal(15), .unseen] {
            var life = Self.warming()
            let actions = life.dies("warmup", exit)
            #expect(actions == [.unwatch(Self.warmup), .spawn(InstanceID(service: 1, number: 4))], "\(exit)")
            #expect(life.state("engine") == "ready")
            #expect(
                life.reports.contains {
                    if case .restarting(service: 1, in: .zero, attempt: 1, of: 5) = $0 { true } else { false }
                })
        }
    }

    @Test func oneThatIsGivenUpFindsNothing() {
        var life = Self.warming()
        // Too late, told to end, and then it exits with 1.
        _ = life.pass(.seconds(60))
        #expect(life.state("warmup") == "stopping")
        _ = life.dies("warmup", .code(1))
        #expect(life.state("engine") == "ready")
        #expect(life.state("warmup") == "starting")
    }

    @Test func oneThatAnOperatorStopsOrRestartsFindsNothing() {
        for command in [Event.Command.stop, .restart] {
            var life = Self.warming()
            #expect(
                life.happens(.command(command, service: 1)) == [.unwatch(Self.warmup), .signal(Self.warmup, 15)])
            _ = life.dies("warmup", .code(1))
            #expect(life.state("engine") == "ready")
            #expect(life.state("warmup") == (command == .stop ? "stopped" : "starting"))
        }
        // Also where the operator came between its end and that of what it left.
        var life = Self.warming()
        _ = life.happens(.exited(Self.warmup, .code(1)))
        _ = life.happens(.command(.restart, service: 1))
        _ = life.happens(.gone(Self.warmup, Evidence()))
        #expect(life.state("engine") == "ready")
        #expect(life.state("warmup") == "starting")
    }

    @Test func withAContainerThatStopsNothingIsReplaced() {
        var life = Self.warming()
        _ = life.happens(.stopRequested(by: "SIGTERM"))
        _ = life.dies("warmup", .code(1))
        #expect(life.why("engine") == nil)
        #expect(life.machine.services[0].lastFailure == nil)
        _ = life.pass(.seconds(60))
        #expect(life.why("api") == "the container stops")
    }

    @Test func successProvesAndSuccessForgives() {
        var life = Self.warming { $0[1].restart.failedStarts = 1 }
        for _ in 0..<3 {
            _ = life.dies("warmup", .code(2))
            life.finishTask("warmup")
            #expect(life.machine.isReady)
            // One failure before each success: never two in a row.
            _ = life.happens(.command(.restart, service: 0))
            _ = life.dies("engine", .code(0))
            life.start("engine")
            #expect(life.state("warmup") == "starting")
        }
    }

    // MARK: The engine's own end

    @Test func aProofOfWhatEndsBeginsAnew() {
        var life = Self.warming { $0[1].restart.failedStarts = 0 }
        #expect(
            life.happens(.exited(Self.engine, .signal(9))) == [
                .unwatch(Self.engine), .unwatch(Self.warmup), .signal(Self.warmup, 15),
            ])
        #expect(life.why("warmup") == "engine, which it was about to prove, is gone")
        #expect(life.happens(.gone(Self.engine, Evidence())) == [.spawn(InstanceID(service: 0, number: 4))])
        life.start("engine")
        // The old one is still there, and finds the new engine neither good nor wanting.
        #expect(life.state("warmup") == "stopping")
        #expect(!life.machine.isProven("engine"))
        #expect(life.dies("warmup", .code(1)) == [.spawn(InstanceID(service: 1, number: 5))])
        #expect(life.state("engine") == "ready")
        #expect(life.machine.services[1].lastFailure == nil)
    }

    @Test func oneThatSaysSoWhileTheEngineEndsIsNotChargedNorIsTheEngine() {
        var life = Self.warming { $0[1].restart.failedStarts = 0 }
        // Its end is seen before the engine's, and that nothing is left of it after that.
        _ = life.happens(.exited(Self.warmup, .code(1)))
        #expect(life.happens(.exited(Self.engine, .signal(11))) == [.unwatch(Self.engine)])
        _ = life.happens(.gone(Self.warmup, Evidence()))
        #expect(life.state("warmup") == "waiting")
        #expect(life.reports.contains { if case .failed(Self.warmup, _, _) = $0 { true } else { false } })
        _ = life.happens(.gone(Self.engine, Evidence()))
        #expect(life.machine.services[0].lastFailure?.cause.contains("wanting") == false)
        life.start("engine")
        life.finishTask("warmup")
        #expect(life.machine.isReady)
    }

    @Test func aSuccessThatOverlapsTheEnginesEndProvesNothing() {
        var life = Self.warming()
        _ = life.happens(.exited(Self.warmup, .code(0)))
        _ = life.happens(.exited(Self.engine, .signal(9)))
        _ = life.happens(.gone(Self.engine, Evidence()))
        life.start("engine")
        #expect(!life.machine.isProven("engine"))
        #expect(life.happens(.gone(Self.warmup, Evidence())) == [.spawn(InstanceID(service: 1, number: 5))])
        #expect(!life.machine.isProven("engine"))
    }

    @Test func whatAnOperatorStoppedStaysStoppedWhateverBecomesOfTheEngine() {
        var life = Self.warming()
        _ = life.happens(.command(.stop, service: 1))
        _ = life.dies("engine")
        _ = life.dies("warmup", .code(1))
        life.start("engine")
        #expect(life.state("warmup") == "stopped")
        #expect(!life.machine.isProven("engine"))
    }

    @Test func anotherThatProvesTheSameBeginsAnewToo() {
        var life = Life.provenContainer {
            $0.append($0[1])
            $0[3].name = "second"
        }
        _ = life.happens(.begin)
        life.start("api")
        life.start("engine")
        life.finishTask("second")
        #expect(!life.machine.isProven("engine"))
        _ = life.dies("warmup", .code(1))
        #expect(life.state("second") == "waiting")
        #expect(life.state("engine") == "stopping")
    }

    // MARK: Settings

    @Test func whatIsElsewhereIsReplacedInNameAndCounted() {
        var life = Self.warming {
            $0[0].command = []
            $0[0].restart.failedStarts = 1
        }
        #expect(life.machine.services[0].definition.isElsewhere)
        #expect(finds(&life) == [.unwatch(Self.engine), .signal(Self.engine, 15)])
        #expect(life.dies("engine", .code(0)) == [.spawn(InstanceID(service: 0, number: 4))])
        life.start("engine")
        _ = finds(&life)
        _ = life.dies("engine", .code(0))
        #expect(life.state("engine") == "failed")
        #expect(life.machine.reason == "engine keeps failing: warmup found it wanting: page 2 differs by 40 %")
    }

    @Test func whoeverProvesSomethingNeedsIt() {
        var life = Life.provenContainer { $0[1].needs = [] }
        _ = life.happens(.begin)
        #expect(life.state("warmup") == "waiting")
        life.start("engine")
        #expect(life.state("warmup") == "starting")
        _ = life.dies("warmup", .code(1))
        _ = life.dies("engine", .code(0))
        #expect(life.state("warmup") == "waiting")
    }

    @Test func aProofOfNothingIsATaskLikeAnyOther() {
        // Of what is not there, of itself, and of another task.
        for subject in ["nobody", "warmup", "preload"] {
            var life = Life.container {
                $0[1].proves = subject
                $0.append(
                    ServiceDefinition(
                        name: "preload", role: .preload, command: ["preload"], ready: Readiness(check: .exit)))
            }
            _ = life.happens(.begin)
            life.finishTask("preload")
            life.start("engine")
            #expect(life.state("warmup") == "starting", "\(subject)")
            #expect(life.pass(.seconds(1)) == [])
            _ = life.dies("warmup", .code(1))
            #expect(life.state("engine") == "ready")
            #expect(life.machine.services[1].lastFailure != nil)
            life.finishTask("warmup")
            #expect(life.state("warmup") == "done")
        }
    }

    @Test func aTaskThatIsToProveSomethingElseRunsAgain() {
        var life = Life.provenContainer { $0[1].proves = nil }
        life.reachProven()
        var definitions = life.machine.services.map(\.definition)
        definitions[1].proves = "engine"
        #expect(life.happens(.reload(definitions)) == [.spawn(InstanceID(service: 1, number: 4))])
        #expect(!life.machine.isProven("engine"))
    }

    @Test func aServiceThatTheSettingsNoLongerNameNeedsNoProof() {
        var life = Self.warming()
        var definitions = life.machine.services.map(\.definition)
        definitions.remove(at: 1)
        _ = life.happens(.reload(definitions))
        #expect(life.machine.isProven("engine"))
        _ = life.dies("warmup", .code(1))
        #expect(life.state("engine") == "ready")
    }

    // MARK: isProven

    @Test func provenIsReadyAndProvedSinceItsStart() {
        var life = Life.provenContainer()
        #expect(!life.machine.isProven("engine"))
        _ = life.happens(.begin)
        life.start("api")
        #expect(life.machine.isProven("api"))
        life.start("engine")
        #expect(!life.machine.isProven("engine"))
        life.finishTask("warmup")
        #expect(life.machine.isProven("engine"))
        _ = life.happens(.watched(Self.engine, problem: .unwell("503")))
        #expect(!life.machine.isProven("engine"))
        _ = life.happens(.watched(Self.engine, problem: nil))
        #expect(life.machine.isProven("engine"))
        // The api has nothing to do with it, nor has the end of the container before the engine's.
        _ = life.dies("api")
        #expect(life.machine.isProven("engine"))
        _ = life.happens(.stopRequested(by: "SIGTERM"))
        #expect(life.machine.isProven("engine"))
        _ = life.happens(.exited(Self.engine, .signal(9)))
        #expect(!life.machine.isProven("engine"))
    }
}
