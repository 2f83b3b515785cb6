import Lifecycle
import Testing

/// What the container calls itself while it is being healed.
@Suite struct CalledReadyTests {
    private static let engine = InstanceID(service: 0, number: 1)

    private static func life(_ unreadyAfter: Duration, _ change: (inout [ServiceDefinition]) -> Void = { _ in }) -> Life
    {
        var life = Life.provenContainer(policy: ContainerPolicy(unreadyAfter: unreadyAfter), change)
        #expect(!life.machine.isCalledReady)
        life.reachProven()
        #expect(life.machine.isCalledReady)
        return life
    }

    private func heal(_ life: inout Life) {
        life.start("engine")
        life.finishTask("warmup")
    }

    @Test func withoutATimeForItNothingIsCalledReadyThatIsNot() {
        var life = Self.life(.zero)
        _ = life.happens(.exited(Self.engine, .signal(9)))
        #expect(!life.machine.isCalledReady)
        _ = life.happens(.gone(Self.engine, Evidence()))
        heal(&life)
        #expect(life.machine.isCalledReady)
    }

    @Test func whatIsHealedInTimeIsCalledReadyThroughout() {
        var life = Self.life(.seconds(30))
        _ = life.dies("engine")
        #expect(life.machine.isCalledReady)
        #expect(!life.machine.isReady)
        #expect(life.machine.phase == .degraded)
        // Before the new engine's own deadlines.
        #expect(life.machine.nextDeadline == life.now + .seconds(30))
        #expect(life.pass(.milliseconds(29_999)) == [])
        #expect(life.machine.isCalledReady)
        heal(&life)
        #expect(life.machine.isCalledReady)
        #expect(life.machine.nextDeadline == life.now + .seconds(60))
    }

    @Test func afterThatItIsNot() {
        var life = Self.life(.seconds(30))
        _ = life.dies("engine")
        let dead = life.now
        #expect(life.passToDeadline() == [])
        #expect(life.now == dead + .seconds(30))
        #expect(!life.machine.isCalledReady)
        _ = life.passToDeadline()
        #expect(!life.machine.isCalledReady)
    }

    @Test func atThatVeryMomentTheFirstNewsCounts() {
        for isHealedFirst in [true, false] {
            var life = Self.life(.seconds(30))
            _ = life.happens(.watched(Self.engine, problem: .unwell("503")))
            #expect(life.machine.isCalledReady)
            life.now = life.now + .seconds(30)
            if isHealedFirst {
                _ = life.happens(.watched(Self.engine, problem: nil))
                #expect(life.machine.isCalledReady)
                _ = life.happens(.tick)
            } else {
                _ = life.happens(.tick)
                #expect(!life.machine.isCalledReady)
                _ = life.happens(.watched(Self.engine, problem: nil))
            }
            #expect(life.machine.isCalledReady)
        }
    }

    @Test func eachTimeCountsFromItsOwnBeginning() {
        var life = Self.life(.seconds(30))
        for _ in 0..<3 {
            _ = life.happens(.watched(Self.engine, problem: .unwell("503")))
            _ = life.pass(.seconds(20))
            #expect(life.machine.isCalledReady)
            _ = life.happens(.watched(Self.engine, problem: nil))
        }
        #expect(life.machine.isCalledReady)
    }

    @Test func anotherFailureDoesNotLengthenIt() {
        var life = Self.life(.seconds(30))
        let begun = life.now
        _ = life.dies("engine")
        _ = life.pass(.seconds(20))
        _ = life.dies("api")
        #expect(life.machine.nextDeadline == begun + .seconds(30))
    }

    @Test func whatStopsIsNotCalledReady() {
        var life = Self.life(.seconds(30))
        _ = life.happens(.stopRequested(by: "SIGTERM"))
        #expect(!life.machine.isCalledReady)
    }

    @Test func whatIsGivenUpIsNotCalledReady() {
        var life = Self.life(.seconds(30)) {
            $0[0].restart.limit = 0
            $0[0].restart.whenSpent = .hold
        }
        _ = life.dies("engine")
        #expect(life.machine.isHeld)
        #expect(!life.machine.isCalledReady)
        #expect(life.machine.nextDeadline == nil)
        // Started again it is no longer held, and was not called ready meanwhile.
        _ = life.happens(.command(.start, service: 0))
        #expect(!life.machine.isCalledReady)
    }

    @Test func whatAnOperatorStoppedIsNotBeingHealed() {
        var life = Self.life(.seconds(30))
        _ = life.happens(.command(.stop, service: 0))
        #expect(!life.machine.isCalledReady)
        var other = Self.life(.seconds(30))
        _ = other.happens(.command(.restart, service: 0))
        #expect(other.machine.isCalledReady)
    }

    @Test func beforeTheFirstTimeThereIsNothingToHeal() {
        var life = Life.provenContainer(policy: ContainerPolicy(unreadyAfter: .seconds(3600)))
        _ = life.happens(.begin)
        life.start("engine")
        _ = life.dies("engine")
        #expect(!life.machine.isCalledReady)
    }
}
