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
}
