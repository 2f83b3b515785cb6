import Lifecycle
import Testing

/// What is fetched before the engine starts: how long that may take, and when nobody tries again.
@Suite struct PreloadTests {
    private static let preload = InstanceID(service: 0, number: 1)

    /// preload → engine, and an API that needs nobody.
    private static func life(
        policy: ContainerPolicy = ContainerPolicy(), _ change: (inout [ServiceDefinition]) -> Void = { _ in }
    ) -> Life {
        var restart = RestartPolicy(failedStarts: 2)
        restart.hopelessExits = [69, 78]
        var definitions = [
            ServiceDefinition(
                name: "preload", role: .preload, command: ["preload"],
                ready: Readiness(check: .exit, within: .seconds(7200), stall: .seconds(120)), restart: restart),
            ServiceDefinition(
                name: "engine", role: .engine, command: ["engine"], needs: ["preload"],
                ready: Readiness(check: .notify, within: .seconds(540))),
            ServiceDefinition(
                name: "api", role: .api, command: ["api"], ready: Readiness(check: .notify), sockets: ["http"]),
        ]
        change(&definitions)
        var life = Life(definitions, policy: policy)
        _ = life.happens(.begin)
        return life
    }

    private func ends(_ life: inout Life, _ exit: Exit, _ lines: [String] = []) -> [Action] {
        guard let id = life.instance("preload") else { return [] }
        return life.happens(.exited(id, exit)) + life.happens(.gone(id, Evidence(lines: lines)))
    }

    private static let lastWords = [
        #"{"time":"2026-01-01T00:00:00Z","level":"info","message":"checking PaddleOCR-VL-1.5"}"#,
        #"{"time":"2026-01-01T00:00:01Z","level":"warning","message":"huggingface.co: Connection error"}"#,
        #"{"time":"2026-01-01T00:00:02Z","level":"error","message":"PaddleOCR-VL-1.5 is incomplete and the network is off: model.safetensors is missing; mount it"}"#,
    ]

    @Test func itsLastWordsEndTheContainerWhereNoRetryHelps() {
        var life = Self.life()
        life.start("api")
        _ = life.happens(.spawned(Self.preload, pid: 7))
        #expect(life.machine.phase == .preloading)
        let actions = ends(&life, .code(69), Self.lastWords)
        #expect(actions == [.unwatch(Self.preload)])
        let cause =
            "exited with status 69: PaddleOCR-VL-1.5 is incomplete and the network is off: model.safetensors is missing; mount it"
        #expect(life.machine.services[0].lastFailure?.cause == cause)
        // What helps, it says itself.
        #expect(life.machine.services[0].lastFailure?.diagnosis.hint == nil)
        #expect(life.machine.services[0].state == .failed(.hopeless))
        #expect(life.machine.reason == "preload cannot run: \(cause)")
        #expect(life.reports.contains(.gaveUp(service: 0, "no retry can help", .exit)))
        // The engine was never started.
        #expect(life.state("engine") == "stopped")
        _ = life.passToDeadline()
        #expect(life.dies("api").contains(.finish(.hopeless)))
    }

    @Test func wrongSettingsEndTheContainerWithTheirOwnCode() {
        var life = Self.life { $0.removeLast() }
        #expect(ends(&life, .code(78)).contains(.finish(.settings)))
        #expect(life.machine.reason.hasPrefix("preload cannot run: exited with status 78"))
    }

    /// Its exit status counts, not what a rule for engines makes of its log.
    @Test(arguments: [Exit.code(75), .code(1), .signal(9), .signal(11)]) func whatMayComeRightIsTriedAgain(_ exit: Exit)
    {
        let lines = [
            "OSError: [Errno 28] No space left on device", "requests.ConnectionError: Connection error … huggingface",
            "No model hoster is available",
        ]
        var life = Self.life { $0.removeLast() }
        #expect(ends(&life, exit, lines) == [.unwatch(Self.preload), .spawn(InstanceID(service: 0, number: 2))])
        _ = ends(&life, exit, lines)
        #expect(life.state("preload") == "backoff")
        _ = life.passToDeadline()
        #expect(life.state("engine") == "waiting")
        #expect(ends(&life, exit, lines).contains(.finish(.budgetSpent)))
    }

    @Test func aProgramThatIsMissingIsNotTriedAgain() {
        for exit in [Exit.code(127), .code(126), .notStarted("No such file or directory")] {
            var life = Self.life { $0.removeLast() }
            #expect(ends(&life, exit).contains(.finish(.hopeless)), "\(exit)")
        }
    }

    /// Who has no such statuses is judged as before.
    @Test func theStatusesAreThoseOfTheDefinitionAlone() {
        var life = Self.life {
            $0[0].restart.hopelessExits = []
            $0.removeLast()
        }
        #expect(ends(&life, .code(69)).contains(.spawn(InstanceID(service: 0, number: 2))))
        life = Self.life {
            $0[1].needs = []
            $0[1].restart.hopelessExits = [3]
            $0.remove(at: 0)
        }
        life.start("engine")
        // It had been ready: its budget decides.
        _ = life.dies("engine", .code(3))
        #expect(life.state("engine") == "starting")
        _ = life.dies("engine", .code(3))
        #expect(life.state("engine") == "failed")
    }

    @Test func oneThatIsToldToStopIsNotHeeded() {
        var life = Self.life { $0.removeLast() }
        _ = life.happens(.spawned(Self.preload, pid: 7))
        _ = life.happens(.command(.restart, service: 0))
        #expect(ends(&life, .code(69)).contains(.spawn(InstanceID(service: 0, number: 2))))
    }

    // MARK: Time

    /// A download takes as long as it takes; the time for the start is that of the rest.
    @Test func aDownloadHasItsOwnTime() {
        var life = Self.life(policy: ContainerPolicy(startWithin: .seconds(60)))
        life.start("api")
        _ = life.happens(.spawned(Self.preload, pid: 7))
        for step in 1...60 {
            #expect(life.pass(.seconds(60)) == [])
            let fraction = Double(step) / 60
            _ = life.happens(.progressed(Self.preload, .init(phase: "downloading", fraction: fraction)))
        }
        life.finishTask("preload")
        #expect(life.state("engine") == "starting")
        #expect(life.machine.nextDeadline == life.now + .seconds(60))
        #expect(life.passToDeadline().contains(.signalDescendants(InstanceID(service: 1, number: 3), 6)))
        #expect(life.why("engine")?.hasPrefix("the container was not ready within the time for its start") == true)
    }

    @Test func oneThatDoesNotMoveIsEnded() {
        var life = Self.life()
        life.start("api")
        _ = life.happens(.spawned(Self.preload, pid: 7))
        _ = life.pass(.seconds(100))
        _ = life.happens(.progressed(Self.preload, .init(phase: "downloading", fraction: 0.1)))
        #expect(life.pass(.seconds(119)) == [])
        // It waits on purpose, and says so.
        _ = life.happens(.notified(Self.preload, .extend(.seconds(300))))
        #expect(life.pass(.seconds(299)) == [])
        #expect(life.pass(.seconds(1)).contains(.signalDescendants(Self.preload, 6)))
        #expect(life.why("preload") == "its start made no progress for 2 min; it was downloading (10 %)")
        // Ended by us: another try may do better.
        _ = life.dies("preload")
        #expect(life.state("preload") == "starting")
    }

    @Test func itIsNotRunAgainForAnEngineThatIs() {
        var life = Self.life()
        life.start("api")
        life.finishTask("preload")
        life.start("engine")
        #expect(life.machine.isReady)
        #expect(life.dies("engine").contains { if case .spawn(let id) = $0 { id.service == 1 } else { false } })
        #expect(life.state("preload") == "done")
    }
}
