import Lifecycle
import Testing

/// The small request that proves the engine alive while nothing else does.
@Suite struct CanaryTests {
    private static let engine = RequestsTests.engine

    /// One canary is on its way, at 60 s.
    private static func asked() -> Life {
        var life = RequestsTests.life()
        #expect(life.pass(.milliseconds(59_999)) == [])
        #expect(life.pass(.milliseconds(1)) == [.sendCanary(engine)])
        return life
    }

    @Test func oneIsSentAfterSoLongAndTheNextOneAfterItsAnswer() {
        var life = Self.asked()
        // Until it is answered there is nothing to wait for.
        #expect(life.machine.nextDeadline == nil)
        _ = life.pass(.seconds(3))
        #expect(life.happens(.canaryAnswered(Self.engine, .alive)) == [])
        #expect(life.machine.nextDeadline == life.now + .seconds(60))
        #expect(life.passToDeadline() == [.sendCanary(Self.engine)])
    }

    @Test func silenceIsAHang() {
        var life = Self.asked()
        _ = life.pass(.seconds(20))
        #expect(life.happens(.canaryAnswered(Self.engine, .silent)) == RequestsTests.hang)
        let cause = "a one-token request was not answered within 20 s, while its health check passes"
        #expect(life.why("engine") == cause && life.machine.reason == "engine is stopping: \(cause)")
        _ = life.dies("engine", .signal(6))
        #expect(life.state("engine") == "starting")
        #expect(life.machine.services[0].lastFailure?.diagnosis.kind == .hung)
    }

    @Test func ofAHealthCheckThatFailsNobodySaysThatItPasses() {
        var life = Self.asked()
        _ = life.happens(.watched(Self.engine, problem: .silent("no answer")))
        _ = life.happens(.canaryAnswered(Self.engine, .silent))
        #expect(life.why("engine") == "a one-token request was not answered within 20 s")
    }

    @Test func silenceBesideAnswersToOthersProvesNothing() {
        var life = Self.asked()
        _ = life.pass(.seconds(1))
        _ = life.says("api", inFlight: 4)
        _ = life.pass(.seconds(19))
        _ = life.says("api", inFlight: 4, silentFor: .seconds(2))
        #expect(life.happens(.canaryAnswered(Self.engine, .silent)) == [])
        #expect(life.state("engine") == "ready")
        _ = life.says("api", inFlight: 0)
        #expect(life.machine.nextDeadline == life.now + .seconds(60))
    }

    @Test func silenceBesideRequestsThatWaitTooIsAHang() {
        var life = Self.asked()
        _ = life.pass(.seconds(1))
        _ = life.says("api", inFlight: 4)
        _ = life.pass(.seconds(19))
        _ = life.says("api", inFlight: 4, silentFor: .seconds(19))
        #expect(life.happens(.canaryAnswered(Self.engine, .silent)) == RequestsTests.hang)
    }

    @Test func errorsAreAskedAboutAgainAndThenAreAFailure() {
        var life = Self.asked()
        for _ in 0..<2 {
            #expect(life.happens(.canaryAnswered(Self.engine, .failed("500"))) == [])
            #expect(life.machine.nextDeadline == life.now + .seconds(5))
            #expect(life.passToDeadline() == [.sendCanary(Self.engine)])
        }
        // It answers, so it is asked politely.
        #expect(
            life.happens(.canaryAnswered(Self.engine, .failed("500"))) == [
                .unwatch(Self.engine), .signal(Self.engine, 15),
            ])
        #expect(life.why("engine") == "3 one-token requests failed: 500")
    }

    @Test func errorsBetweenProofsOfLifeAreForgotten() {
        var life = Self.asked()
        _ = life.happens(.canaryAnswered(Self.engine, .failed("500")))
        _ = life.passToDeadline()
        _ = life.happens(.canaryAnswered(Self.engine, .failed("500")))
        _ = life.pass(.seconds(1))
        _ = life.says("api", inFlight: 1)
        _ = life.pass(.seconds(1))
        _ = life.says("api", inFlight: 0)
        // What others had was an answer: no reason to ask soon.
        #expect(life.machine.nextDeadline == life.now + .seconds(60))
        for _ in 0..<2 {
            _ = life.passToDeadline()
            #expect(life.happens(.canaryAnswered(Self.engine, .failed("500"))) == [])
        }
        #expect(life.state("engine") == "ready")
    }

    @Test func anErrorBesideAnswersToOthersProvesNothing() {
        var life = Self.asked()
        _ = life.says("api", inFlight: 1)
        _ = life.pass(.seconds(1))
        _ = life.says("api", inFlight: 0)
        #expect(life.happens(.canaryAnswered(Self.engine, .failed("503: too busy"))) == [])
        #expect(life.machine.nextDeadline == life.now + .seconds(60))
    }

    @Test func oneThatIsNotUnderstoodIsTheLastAndIsToldOnce() {
        var life = Self.asked()
        #expect(life.happens(.canaryAnswered(Self.engine, .refused("404: no such model"))) == [])
        #expect(life.happens(.canaryAnswered(Self.engine, .refused("404: no such model"))) == [])
        #expect(life.reports.filter { $0 == .canaryRefused(Self.engine, "404: no such model") }.count == 1)
        #expect(life.machine.nextDeadline == nil)
        #expect(life.machine.isReady)
    }

    @Test func anAnswerThatNobodyWaitsForChangesNothing() {
        var life = RequestsTests.life()
        let deadline = life.machine.nextDeadline
        for answer: Event.CanaryAnswer in [.alive, .silent, .failed("500"), .refused("404")] {
            _ = life.pass(.seconds(1))
            #expect(life.happens(.canaryAnswered(Self.engine, answer)) == [])
            #expect(life.machine.nextDeadline == deadline)
        }
    }

    @Test func anAnswerAfterTheEndOfItsInstanceIsOldNews() {
        var life = Self.asked()
        _ = life.happens(.exited(Self.engine, .signal(9)))
        #expect(life.happens(.canaryAnswered(Self.engine, .silent)) == [])
        _ = life.happens(.gone(Self.engine, Evidence()))
        life.start("engine")
        life.finishTask("warmup")
        _ = life.passToDeadline()
        // The new one has one under way as well, and this is not its answer.
        #expect(life.happens(.canaryAnswered(Self.engine, .silent)) == [])
        #expect(life.machine.isReady)
    }

    @Test func oneThatIsStoppedIsNotAsked() {
        var life = RequestsTests.life()
        _ = life.pass(.seconds(55))
        _ = life.happens(.command(.stop, service: 0))
        #expect(life.pass(.seconds(5)) == [])
        #expect(life.pass(.seconds(5)) == [.kill(Self.engine)])
    }

    @Test func otherSettingsOfTheWatchBeginAnew() {
        var life = Self.asked()
        var definitions = life.machine.services.map(\.definition)
        definitions[0].watch?.canary?.after = .seconds(90)
        definitions[0].watch?.canary?.timeout = .seconds(10)
        #expect(life.happens(.reload(definitions)) == [.unwatch(Self.engine), .watch(Self.engine)])
        // The old one's answer is nobody's.
        #expect(life.happens(.canaryAnswered(Self.engine, .silent)) == [])
        #expect(life.machine.nextDeadline == life.now + .seconds(30))
        #expect(life.passToDeadline() == [.sendCanary(Self.engine)])
    }

    @Test func settingsWithoutOneEndThem() {
        var life = Self.asked()
        var definitions = life.machine.services.map(\.definition)
        definitions[0].watch?.canary = nil
        _ = life.happens(.reload(definitions))
        #expect(life.happens(.canaryAnswered(Self.engine, .silent)) == [])
        #expect(life.machine.nextDeadline == nil)
    }

    @Test func theWatchdogAndTheRequestsGoOnBesideIt() {
        var life = RequestsTests.life { $0[0].watchdog = .seconds(70) }
        _ = life.pass(.seconds(60))
        #expect(life.machine.nextDeadline == life.now + .seconds(10))
        #expect(Array(life.passToDeadline().prefix(2)) == RequestsTests.hang)
        #expect(life.why("engine") == "its watchdog has not been heard for 1 min 10 s")
    }

    @Test func lateTicksSendOne() {
        var life = RequestsTests.life()
        #expect(life.pass(.seconds(3600)) == [.sendCanary(Self.engine)])
        #expect(life.pass(.seconds(3600)) == [])
    }
}
