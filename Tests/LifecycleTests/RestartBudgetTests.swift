import Lifecycle
import Testing

@Suite struct RestartBudgetTests {
    @Test func crashesLeaveTheWindow() {
        var budget = RestartBudget()
        var random = SeededRandom(seed: 7)
        let policy = RestartPolicy(limit: 2, window: .seconds(100), stableAfter: .seconds(1000))
        func fail(_ second: Int) -> RestartBudget.Verdict {
            budget.failed(at: Instant(.seconds(second)), readyFor: .seconds(5), policy: policy, random: &random)
        }
        for second in [0, 60, 120, 180, 240] {
            if case .spent = fail(second) { Issue.record("spent at \(second) s") }
        }
        #expect(fail(250) == .spent("it crashed 3 times within 1 min 40 s"))
    }

    @Test func theSameSeedGivesTheSameWaits() {
        func waits(_ seed: UInt64) -> [RestartBudget.Verdict] {
            var budget = RestartBudget()
            var random = SeededRandom(seed: seed)
            return (0..<4).map {
                budget.failed(at: Instant(.seconds($0)), readyFor: nil, policy: RestartPolicy(), random: &random)
            }
        }
        #expect(waits(3) == waits(3))
        #expect(waits(3) != waits(4))
    }

    @Test func theWaitNeverExceedsItsMaximum() {
        var budget = RestartBudget()
        var random = SeededRandom(seed: 1)
        let policy = RestartPolicy(maximum: .seconds(30), failedStarts: 1000)
        for second in 0..<200 {
            let verdict = budget.failed(at: Instant(.seconds(second)), readyFor: nil, policy: policy, random: &random)
            guard case .retry(let wait, _, _) = verdict else { continue }
            #expect(wait <= .seconds(30))
        }
    }

    @Test(arguments: [
        (Int32(0), Exit.code(0)), (256, .code(1)), (9, .signal(9)), (139, .signal(11)), (0xff00, .code(255)),
    ]) func readsWaitStatuses(status: Int32, exit: Exit) {
        #expect(Exit(waitStatus: status) == exit)
    }

    @Test func namesSignals() {
        #expect(Signal.number("TERM") == 15)
        #expect(Signal.number("sigint") == 2)
        #expect(Signal.number("9") == 9)
        #expect(Signal.number("0") == nil)
        #expect(Signal.number("SIGWHAT") == nil)
        #expect(Exit.signal(9).description == "killed by SIGKILL")
    }
}
