import Lifecycle
import Testing

/// What senders say of their requests at the engine.
@Suite struct RequestsTests {
    static let engine = InstanceID(service: 0, number: 1)
    static let hang: [Action] = [.unwatch(engine), .signalDescendants(engine, 6)]

    static func life(_ change: (inout [ServiceDefinition]) -> Void = { _ in }) -> Life {
        var life = Life.provenContainer(change)
        life.reachProven()
        return life
    }

    @Test func requestsWithoutATokenForSoLongAreAHang() {
        var life = Self.life()
        #expect(life.says("api", inFlight: 3) == [])
        life.keepsSaying("api", inFlight: 3, silentFor: .zero, for: .milliseconds(29_999))
        #expect(life.machine.nextDeadline == life.now + .milliseconds(1))
        // Whatever the warm-up's stop adds, it comes after the engine's.
        #expect(Array(life.pass(.milliseconds(1)).prefix(2)) == Self.hang)
        #expect(life.why("engine") == "no token and no answer for 30 s, while 3 requests were in flight")
    }

    @Test func aTokenOfAnyOfThemIsAProofOfLife() {
        var life = Self.life()
        _ = life.says("api", inFlight: 3)
        life.keepsSaying("api", inFlight: 3, silentFor: .zero, for: .seconds(29))
        #expect(life.says("api", inFlight: 3, silentFor: .seconds(2)) == [])
        life.keepsSaying("api", inFlight: 3, silentFor: .seconds(2), for: .seconds(20))
        #expect(life.machine.services[0].deadline == life.now + .seconds(8))
        #expect(Array(life.passToDeadline().prefix(2)) == Self.hang)
    }

    @Test func theSameTokenToldWithAJitterIsNone() {
        var life = Self.life()
        let begun = life.now
        _ = life.says("api", inFlight: 1)
        for second in 1...20 {
            life.now = begun + .seconds(second)
            // Each word arrives some milliseconds later after its making than the one before.
            _ = life.says("api", inFlight: 1, silentFor: .seconds(second) - .milliseconds(4 * second))
        }
        #expect(life.machine.services[0].deadline == begun + .seconds(30))
    }

    @Test func oneRequestIsOne() {
        var life = Self.life()
        _ = life.says("api", inFlight: 1)
        life.keepsSaying("api", inFlight: 1, silentFor: .zero, for: .seconds(30))
        _ = life.passToDeadline()
        #expect(life.why("engine") == "no token and no answer for 30 s, while a request was in flight")
    }

    @Test func thoseThatAreGivenUpAreNoProofOfLife() {
        // People ask a hung engine now and then, with less patience than we have.
        var life = Self.life()
        for _ in 0..<2 {
            _ = life.says("api", inFlight: 1)
            life.keepsSaying("api", inFlight: 1, silentFor: .zero, for: .seconds(10))
            #expect(life.says("api", inFlight: 0, silentFor: .seconds(10)) == [])
            _ = life.pass(.seconds(4))
        }
        // They have waited for 20 s; the time between does not count.
        _ = life.says("api", inFlight: 1)
        #expect(life.machine.services[0].deadline == life.now + .seconds(10))
        life.keepsSaying("api", inFlight: 1, silentFor: .zero, for: .seconds(10))
        #expect(Array(life.passToDeadline().prefix(2)) == Self.hang)
    }

    @Test func anAnswerForgivesThemAndSoDoesACanary() {
        for isCanary in [false, true] {
            var life = Self.life()
            _ = life.says("api", inFlight: 1)
            life.keepsSaying("api", inFlight: 1, silentFor: .zero, for: .seconds(29))
            _ = life.says("api", inFlight: 0, silentFor: .seconds(29))
            if isCanary {
                #expect(life.passToDeadline() == [.sendCanary(Self.engine)])
                _ = life.happens(.canaryAnswered(Self.engine, .alive))
            } else {
                _ = life.says("api", inFlight: 1)
                _ = life.pass(.milliseconds(500))
                _ = life.says("api", inFlight: 0)
            }
            _ = life.says("api", inFlight: 1)
            life.keepsSaying("api", inFlight: 1, silentFor: .zero, for: .seconds(25))
            #expect(life.machine.services[0].deadline == life.now + .seconds(5))
        }
    }

    @Test func whatASenderCarriesOverIsNotHeldAgainstANewEngine() {
        // It counts those that gave up as well, and cannot know that the engine is another one.
        var life = Self.life()
        _ = life.says("api", inFlight: 1)
        life.keepsSaying("api", inFlight: 1, silentFor: .zero, for: .seconds(30))
        _ = life.passToDeadline()
        _ = life.dies("engine", .signal(6))
        _ = life.says("api", inFlight: 0, silentFor: .seconds(31))
        life.start("engine")
        life.finishTask("warmup")
        let readyAt = life.now
        _ = life.pass(.seconds(40))
        #expect(life.says("api", inFlight: 1, silentFor: .seconds(31)) == [])
        life.keepsSaying("api", inFlight: 1, silentFor: .seconds(31), for: .seconds(25))
        #expect(life.machine.services[0].deadline == readyAt + .seconds(70))
        // A token, and all is well.
        #expect(life.says("api", inFlight: 1, silentFor: .zero) == [])
        #expect(life.pass(.seconds(5)) == [])
    }

    @Test func onlyTheirAnswersPutTheCanaryOff() {
        var life = Self.life()
        _ = life.pass(.seconds(50))
        _ = life.says("api", inFlight: 1)
        _ = life.pass(.seconds(5))
        _ = life.says("api", inFlight: 0)
        #expect(life.machine.services[0].deadline == life.now + .seconds(60))
    }

    // MARK: Senders

    @Test func aSenderThatIsGoneWaitsForNothing() {
        var life = Self.life()
        _ = life.says("api", inFlight: 3)
        life.keepsSaying("api", inFlight: 3, silentFor: .zero, for: .seconds(25))
        let api = InstanceID(service: 2, number: 2)
        _ = life.happens(.exited(api, .signal(9)))
        // Read late: it was said before the end.
        _ = life.happens(.requests(by: api, inFlight: 3, silentFor: .seconds(26)))
        _ = life.pass(.seconds(4))
        #expect(life.happens(.gone(api, Evidence())).contains(.spawn(InstanceID(service: 2, number: 4))))
        _ = life.happens(.requests(by: api, inFlight: 3, silentFor: .seconds(27)))
        #expect(life.pass(.seconds(1)) == [])
        #expect(life.state("engine") == "ready")
        // Nothing but the canary is left: 60 s after the engine was ready.
        #expect(life.machine.services[0].deadline == Instant(.seconds(60)))
    }

    @Test func oneThatSaysNothingMoreProvesNothingOfTheEngine() {
        var life = Self.life()
        let begun = life.now
        _ = life.says("api", inFlight: 3)
        _ = life.pass(.seconds(5))
        _ = life.says("api", inFlight: 3, silentFor: .seconds(5))
        // It hangs itself: nobody is blamed, and the engine is asked in its time.
        #expect(life.machine.services[0].deadline == begun + .seconds(60))
        #expect(life.passToDeadline() == [.sendCanary(Self.engine)])
        #expect(life.happens(.canaryAnswered(Self.engine, .alive)) == [])
        #expect(life.state("engine") == "ready")
        // Once it comes to itself it is believed again. But what it could not hear for so long says nothing.
        _ = life.pass(.seconds(50))
        _ = life.says("api", inFlight: 3, silentFor: .seconds(110))
        life.keepsSaying("api", inFlight: 3, silentFor: .seconds(110), for: .seconds(25))
        #expect(life.machine.services[0].deadline == life.now + .seconds(5))
    }

    @Test func whatASenderThatHungItselfGaveUpIsNotHeldAgainstTheEngine() {
        var life = Self.life()
        _ = life.says("api", inFlight: 3)
        _ = life.pass(.seconds(50))
        _ = life.says("api", inFlight: 0, silentFor: .seconds(50))
        _ = life.says("api", inFlight: 3, silentFor: .seconds(50))
        life.keepsSaying("api", inFlight: 3, silentFor: .seconds(50), for: .seconds(25))
        #expect(life.machine.services[0].deadline == life.now + .seconds(5))
    }

    @Test func whileItIsBelievedNoCanaryIsSent() {
        var life = Self.life()
        _ = life.pass(.seconds(55))
        _ = life.says("api", inFlight: 1)
        #expect(life.machine.services[0].deadline == life.now + .seconds(10))
    }

    @Test func severalSendersAreCountedTogether() {
        var life = Self.life()
        _ = life.happens(.command(.restart, service: 1))
        life.start("warmup")
        let begun = life.now
        _ = life.says("api", inFlight: 2)
        life.keepsSaying("api", inFlight: 2, silentFor: .zero, for: .seconds(10))
        _ = life.says("warmup", inFlight: 1)
        life.keepsSaying("api", inFlight: 2, silentFor: .seconds(10), for: .seconds(15))
        // The first of them waits since the beginning; that another has begun since proves nothing.
        #expect(life.machine.services[0].deadline == begun + .seconds(30))
        // But a token does. What is due next is a canary, unless somebody says more.
        _ = life.says("warmup", inFlight: 1, silentFor: .seconds(1))
        #expect(life.machine.services[0].deadline == begun + .seconds(24 + 60))
    }

    @Test func whatIsAbsurdHarmsNobody() {
        var life = Self.life()
        _ = life.says("api", inFlight: .min, silentFor: .seconds(-5))
        #expect(life.machine.services[0].deadline == Instant(.seconds(60)))
        _ = life.says("api", inFlight: .max)
        _ = life.happens(.requests(by: InstanceID(service: 1, number: 3), inFlight: .max, silentFor: .zero))
        _ = life.happens(.command(.restart, service: 1))
        life.start("warmup")
        _ = life.says("warmup", inFlight: .max)
        life.keepsSaying("api", inFlight: .max, silentFor: .zero, for: .seconds(30))
        _ = life.passToDeadline()
        #expect(life.state("engine") == "stopping")
    }

    @Test func newsOfNobodyChangesNothing() {
        var life = Self.life()
        let deadline = life.machine.nextDeadline
        for id in [
            InstanceID(service: 9, number: 9), InstanceID(service: -1, number: 0), InstanceID(service: 2, number: 9),
        ] {
            #expect(life.happens(.requests(by: id, inFlight: 5, silentFor: .zero)) == [])
        }
        #expect(life.machine.nextDeadline == deadline)
    }

    // MARK: The engine's end

    @Test func aNewEngineIsNotBlamedForWhatItsPredecessorWasAsked() {
        var life = Self.life()
        _ = life.says("api", inFlight: 3)
        life.keepsSaying("api", inFlight: 3, silentFor: .zero, for: .seconds(29))
        _ = life.dies("engine")
        _ = life.says("api", inFlight: 3, silentFor: .seconds(29))
        _ = life.pass(.seconds(20))
        life.start("engine")
        let readyAt = life.now
        // They have been silent for longer than it lives.
        _ = life.says("api", inFlight: 3, silentFor: .seconds(1000))
        #expect(life.machine.services[0].deadline == readyAt + .seconds(60))
        life.keepsSaying("api", inFlight: 3, silentFor: .seconds(1000), for: .seconds(29))
        #expect(life.machine.services[0].deadline == readyAt + .seconds(30))
        #expect(life.state("engine") == "ready")
    }

    @Test func whatThePredecessorAnsweredProvesNothing() {
        var life = Self.life()
        _ = life.says("api", inFlight: 3)
        _ = life.pass(.seconds(5))
        _ = life.dies("engine")
        _ = life.pass(.seconds(5))
        life.start("engine")
        let engine = InstanceID(service: 0, number: 4)
        _ = life.says("api", inFlight: 3, silentFor: .milliseconds(5500))
        for _ in 0..<2 { #expect(life.happens(.watched(engine, problem: .silent("no answer"))) == []) }
        #expect(!life.happens(.watched(engine, problem: .silent("no answer"))).isEmpty)
    }

    @Test func anEngineThatTheSettingsAddKnowsWhoWaits() {
        var life = Self.life()
        _ = life.says("api", inFlight: 3)
        var definitions = life.machine.services.map(\.definition)
        definitions.append(definitions[0])
        definitions[3].name = "engine-2"
        definitions[3].ready = Readiness(check: .spawned)
        _ = life.happens(.reload(definitions))
        life.start("engine-2")
        // A canary in 60 s; and it knows that nobody must be asked before the sender is no longer believed.
        #expect(life.machine.services[3].deadline == life.now + .seconds(60))
        life.keepsSaying("api", inFlight: 3, silentFor: .zero, for: .seconds(25))
        #expect(life.machine.services[3].deadline == life.now + .seconds(5))
    }

    // MARK: Beside the health check

    @Test func anUnansweredCheckProvesNothingWhileTokensCome() {
        var life = Self.life()
        _ = life.says("api", inFlight: 3)
        for _ in 0..<10 {
            _ = life.pass(.seconds(7))
            _ = life.says("api", inFlight: 3, silentFor: .milliseconds(6900))
            #expect(life.happens(.watched(Self.engine, problem: .silent("no answer"))) == [])
        }
        #expect(life.machine.isReady)
        // One that says that it is not well is believed all the same.
        _ = life.happens(.watched(Self.engine, problem: .unwell("503")))
        #expect(life.state("engine") == "unready")
    }

    @Test func checksCountAgainOnceNothingMoves() {
        var life = Self.life()
        _ = life.says("api", inFlight: 3)
        for _ in 0..<2 { _ = life.happens(.watched(Self.engine, problem: .silent("no answer"))) }
        _ = life.pass(.seconds(7))
        _ = life.says("api", inFlight: 3, silentFor: .seconds(1))
        // This one does not count, nor do those before the token.
        _ = life.happens(.watched(Self.engine, problem: .silent("no answer")))
        _ = life.pass(.milliseconds(9999))
        for _ in 0..<3 { #expect(life.happens(.watched(Self.engine, problem: .silent("no answer"))) == []) }
        // From here on the api is no longer believed to wait for more.
        _ = life.pass(.milliseconds(1))
        for _ in 0..<2 { #expect(life.happens(.watched(Self.engine, problem: .silent("no answer"))) == []) }
        #expect(Array(life.happens(.watched(Self.engine, problem: .silent("no answer"))).prefix(2)) == Self.hang)
    }

    @Test func afterTheLastAnswerOneCheckIsExcused() {
        var life = Self.life()
        _ = life.says("api", inFlight: 3)
        _ = life.pass(.seconds(10))
        _ = life.says("api", inFlight: 0)
        _ = life.pass(.milliseconds(6999))
        for _ in 0..<3 { #expect(life.happens(.watched(Self.engine, problem: .silent("no answer"))) == []) }
        _ = life.pass(.milliseconds(1))
        for _ in 0..<2 { #expect(life.happens(.watched(Self.engine, problem: .silent("no answer"))) == []) }
        #expect(Array(life.happens(.watched(Self.engine, problem: .silent("no answer"))).prefix(2)) == Self.hang)
    }

    @Test func requestsThatOnlyWaitExcuseNothing() {
        var life = Self.life()
        _ = life.says("api", inFlight: 3)
        for _ in 0..<2 { #expect(life.happens(.watched(Self.engine, problem: .silent("no answer"))) == []) }
        #expect(Array(life.happens(.watched(Self.engine, problem: .silent("no answer"))).prefix(2)) == Self.hang)
    }
}
