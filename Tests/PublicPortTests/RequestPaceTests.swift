import PublicPort
import Testing

struct RequestPaceTests {
    private static let limits = RequestPace.Limits(idle: 75, header: 15, grace: 30, rate: 1000)

    /// With a header that has just come, and a body that is read.
    private static func body() -> RequestPace {
        var pace = RequestPace(limits, at: 0)
        pace.readingBegan(at: 0)
        pace.received(100, at: 0)
        pace.headerCame()
        return pace
    }

    @Test func aConnectionWithoutARequestIsIdle() {
        var pace = RequestPace(Self.limits, at: 100)
        pace.readingBegan(at: 100)
        #expect(pace.deadline == 175 && pace.delay(at: 174) == nil && pace.delay(at: 175) == .silence)
    }

    @Test func aHeaderHasItsTimeHoweverOftenAByteComes() {
        var pace = RequestPace(Self.limits, at: 0)
        pace.readingBegan(at: 0)
        for second in 60..<75 {
            pace.received(1, at: Double(second))
            pace.readingEnded(at: Double(second))
            pace.readingBegan(at: Double(second))
            #expect(pace.delay(at: Double(second)) == nil)
        }
        #expect(pace.delay(at: 75) == .header)
    }

    @Test func aBodyThatStandsStillEndsAfterItsGrace() {
        var pace = Self.body()
        #expect(pace.deadline == 30 && pace.delay(at: 30) == .body)
        // What came fast before buys no more than the grace.
        pace.received(10_000_000, at: 10)
        #expect(pace.deadline == 40)
    }

    @Test func aSlowBodyGoesOnAndADrippingOneEnds() {
        var honest = Self.body()
        for second in 1...3600 {
            honest.received(10_000, at: Double(second))
            #expect(honest.delay(at: Double(second)) == nil)
        }
        var dripping = Self.body()
        var second = 0.0
        while dripping.delay(at: second) == nil, second < 3600 {
            second += 1
            dripping.received(10, at: second)
        }
        #expect((30...32).contains(second))
    }

    @Test func timeInWhichNobodyReadsIsNotTheClients() {
        var pace = Self.body()
        pace.received(1000, at: 5)
        pace.readingEnded(at: 5)
        #expect(pace.deadline == nil && pace.delay(at: 1000) == nil)
        pace.readingBegan(at: 1000)
        // Five seconds were its own, and its bytes bought one.
        #expect(pace.deadline == 1026)
    }

    @Test func whoWaitsForAnAnswerHasAllTime() {
        var pace = Self.body()
        pace.requestEnded()
        #expect(pace.deadline == nil && !pace.isWaiting)
        // The next one is sent behind it, and is not looked at before its turn.
        pace.received(10, at: 500)
        #expect(pace.deadline == nil)
        pace.answered(at: 1000)
        #expect(pace.isWaiting && pace.deadline == 1015)
        pace.headerCame()
        pace.requestEnded()
        pace.answered(at: 1001)
        #expect(pace.deadline == 1076)
    }
}
