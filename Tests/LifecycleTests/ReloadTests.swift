import Lifecycle
import Testing

@Suite struct ReloadTests {
    private static let engine = InstanceID(service: 0, number: 1)
    private static let api = InstanceID(service: 2, number: 3)

    private func reload(
        _ life: inout Life, _ change: (inout [ServiceDefinition]) -> Void = { _ in }
    ) -> [Action] {
        var definitions = Life.container().machine.services.map(\.definition)
        change(&definitions)
        return life.happens(.reload(definitions))
    }

    @Test func sameSettingsTouchNothing() {
        var life = Life.container()
        life.reachReady()
        #expect(reload(&life) == [])
        #expect(life.reports.last == .reloaded(added: [], changed: [], removed: []))
    }

    @Test func onlyWhatChangedIsReplaced() {
        var life = Life.container()
        life.reachReady()
        #expect(
            reload(&life) { $0[2].environment["LEVEL"] = "debug" } == [
                .unwatch(Self.api), .takePortBack, .signal(Self.api, 15),
            ])
        #expect(life.reports.contains(.reloaded(added: [], changed: ["api"], removed: [])))
        #expect(life.machine.services[2].definition.environment.isEmpty)
        #expect(life.dies("api", .code(0)) == [.spawn(InstanceID(service: 2, number: 4))])
        #expect(life.machine.services[2].definition.environment == ["LEVEL": "debug"])
    }

    @Test func whatNeedsNoOtherProcessHoldsAtOnce() {
        var life = Life.container()
        life.reachReady()
        #expect(reload(&life) { $0[0].stop.grace = .seconds(1) } == [])
        #expect(reload(&life) { $0[0].watch = nil } == [.unwatch(Self.engine)])
        #expect(life.machine.isReady)
    }

    @Test func whoeverIsNotWellIsBelievedWellOnceNobodyAsks() {
        var life = Life.container()
        life.reachReady()
        _ = life.happens(.watched(Self.engine, problem: .unwell("503")))
        #expect(reload(&life) { $0[0].watch = nil } == [.unwatch(Self.engine)])
        #expect(life.state("engine") == "ready")
    }

    @Test func whatIsNoLongerNamedEndsAndMayComeBack() {
        var life = Life.container()
        life.reachReady()
        let removed = reload(&life) {
            $0.remove(at: 2)
        }
        #expect(removed == [.unwatch(Self.api), .takePortBack, .signal(Self.api, 15)])
        #expect(life.machine.isReady)
        // Back before the old one has gone.
        #expect(reload(&life) == [])
        #expect(life.dies("api", .code(0)) == [.spawn(InstanceID(service: 2, number: 4))])
    }

    @Test func whatAnOperatorStopsStaysStoppedWhateverTheSettings() {
        var life = Life.container()
        life.reachReady()
        _ = life.happens(.command(.stop, service: 2))
        #expect(reload(&life) { $0[2].environment["LEVEL"] = "debug" } == [])
        #expect(life.dies("api", .code(0)) == [])
        #expect(reload(&life) { $0[2].environment["LEVEL"] = "info" } == [])
        #expect(life.state("api") == "stopped")
    }

    @Test func whoeverWasGivenUpHasAnotherTryWhateverChanged() {
        for change in [{ _ in }, { $0[0].restart.limit = 3 }] as [(inout [ServiceDefinition]) -> Void] {
            var life = Life.container {
                $0[0].restart.failedStarts = 0
                $0[0].restart.whenSpent = .hold
            }
            _ = life.happens(.begin)
            _ = life.dies("engine", .code(1))
            #expect(life.machine.isHeld)
            var definitions = life.machine.services.map(\.definition)
            change(&definitions)
            #expect(life.happens(.reload(definitions)) == [.spawn(InstanceID(service: 0, number: 2))])
        }
    }

    @Test func oldNewsAndNewsOfNobodyChangeNothingForOneThatIsHeld() {
        var life = Life.container {
            $0[0].restart.failedStarts = 0
            $0[0].restart.whenSpent = .hold
        }
        _ = life.happens(.begin)
        _ = life.dies("engine", .code(1))
        #expect(life.happens(.gone(Self.engine, Evidence())) == [])
        #expect(life.happens(.gone(InstanceID(service: 9, number: 9), Evidence())) == [])
        #expect(life.machine.isHeld)
    }

    // MARK: In the middle of something

    @Test func whoWaitsForItsNextTryIsTriedAtOnceWithOtherSettings() {
        var life = Life.container {
            $0[0].restart.first = .seconds(30)
            $0[0].restart.maximum = .seconds(30)
        }
        life.reachReady()
        _ = life.dies("engine", .code(1))
        #expect(life.state("engine") == "backoff")
        var definitions = life.machine.services.map(\.definition)
        #expect(life.happens(.reload(definitions)) == [])
        // What needs no other process waits as before.
        definitions[0].stop.grace = .seconds(1)
        #expect(life.happens(.reload(definitions)) == [])
        #expect(life.state("engine") == "backoff")
        definitions[0].environment["FLAG"] = "mended"
        #expect(life.happens(.reload(definitions)) == [.spawn(InstanceID(service: 0, number: 4))])
        #expect(life.machine.services[0].definition.environment == ["FLAG": "mended"])
    }

    @Test func aStartThatIsUnderWayIsBegunAnewWithOtherSettings() {
        var life = Life.container()
        _ = life.happens(.begin)
        _ = life.happens(.spawned(Self.engine, pid: 100))
        #expect(reload(&life) == [])
        #expect(reload(&life) { $0[0].command.append("--flag") }.contains(.signal(Self.engine, 15)))
        #expect(life.dies("engine", .code(0)) == [.spawn(InstanceID(service: 0, number: 2))])
        #expect(life.machine.services[0].definition.command.last == "--flag")
    }

    @Test func ofTwoReloadsTheLastOneCounts() {
        var life = Life.container()
        life.reachReady()
        let first = reload(&life) { $0[2].environment["LEVEL"] = "1" }
        #expect(first.contains(.signal(Self.api, 15)))
        #expect(reload(&life) { $0[2].environment["LEVEL"] = "2" } == [])
        #expect(life.dies("api", .code(0)) == [.spawn(InstanceID(service: 2, number: 4))])
        #expect(life.machine.services[2].definition.environment == ["LEVEL": "2"])
    }

    @Test func whoIsBeingReplacedWhenTheOldSettingsReturnComesBackWithThem() {
        var life = Life.container()
        life.reachReady()
        _ = reload(&life) { $0[2].environment["LEVEL"] = "1" }
        #expect(reload(&life) == [])
        #expect(life.dies("api", .code(0)) == [.spawn(InstanceID(service: 2, number: 4))])
        #expect(life.machine.services[2].definition.environment.isEmpty)
    }

    @Test func aContainerThatStopsReadsNothingAgain() {
        var life = Life.container()
        life.reachReady()
        _ = life.happens(.stopRequested(by: "asked to stop by SIGTERM"))
        let before = life.machine.services.map(\.definition)
        #expect(reload(&life) { $0[2].environment["LEVEL"] = "1" }.allSatisfy { $0 != .signal(Self.engine, 15) })
        #expect(life.machine.services.map(\.definition) == before)
        #expect(!life.reports.contains(.reloaded(added: [], changed: ["api"], removed: [])))
    }
}
