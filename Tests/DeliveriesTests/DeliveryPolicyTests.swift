import Deliveries
import Jobs
import Testing

@Suite struct DeliveryPolicyTests {
    private func pause(
        _ problem: DeliveryProblem, after attempts: Int, jitter: Double = 0.5, createdAt: Double = 0, at now: Double = 0
    ) -> Double? {
        let outcome = DeliveryPolicy().outcome(
            of: problem, attempts: attempts, createdAt: createdAt, at: now, jitter: jitter)
        guard case .again(let time, let detail) = outcome else { return nil }
        #expect(detail == problem.detail)
        return time - now
    }

    private let passing = DeliveryProblem("no answer", hope: .soon)

    @Test func pausesDoubleFromFiveSecondsToTenMinutes() {
        let pauses = (0..<12).map { pause(passing, after: $0) }
        #expect(pauses == [5, 10, 20, 40, 80, 160, 320, 600, 600, 600, 600, 600])
        #expect(pause(passing, after: .max) == 600)
    }

    @Test func whatFailedTogetherDoesNotComeAgainTogether() {
        #expect((3.99...4.01).contains(pause(passing, after: 0, jitter: 0) ?? 0))
        #expect((5.99...6.01).contains(pause(passing, after: 0, jitter: 1) ?? 0))
    }

    @Test func whoWantsToBeLeftAloneIsUpToAnHour() {
        func after(_ seconds: Double) -> Double? {
            pause(DeliveryProblem("busy", hope: .soon, retryAfter: seconds), after: 0)
        }
        #expect(after(60) == 60)
        #expect(after(1) == 5)
        #expect(after(1e9) == 3600)
        #expect(after(-1) == 5)
    }

    @Test func whatSomebodyHasToMendIsTriedNowAndThen() {
        #expect(pause(DeliveryProblem("no such bucket", hope: .slow), after: 0) == 600)
    }

    @Test func whoWantsNoMoreOfItIsNotAskedAgain() {
        #expect(pause(DeliveryProblem("gone", hope: .none), after: 0) == nil)
    }

    @Test func theLastTryIsAtTheEndOfItsTimeAndNotAfter() {
        #expect(pause(passing, after: 9, at: 86_000) == 400)
        #expect(pause(passing, after: 9, at: 86_399.5) == 0.5)
        #expect(pause(passing, after: 9, at: 86_400) == nil)
        // Nobody was there for a week; what was tried just now was the last time.
        #expect(pause(passing, after: 0, at: 700_000) == nil)
    }
}
