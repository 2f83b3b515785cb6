import Progress
import Testing

@Suite struct StartEstimateTests {
    private let plan = StartPlan(stages: [
        .init(key: "a", expected: .seconds(10)), .init(key: "b/1", expected: .seconds(20)),
        .init(key: "b/2", expected: .seconds(30)), .init(key: "c", expected: .seconds(40)),
    ])

    @Test func asExpected() {
        var estimate = StartEstimate(plan, at: .seconds(1000))
        #expect(estimate.value(at: .seconds(1000)) == (0, .seconds(100)))
        estimate.entered(stage: "a", at: .seconds(1000))
        #expect(estimate.value(at: .seconds(1005)) == (0.05, .seconds(95)))
        estimate.entered(stage: "b/1", at: .seconds(1010))
        #expect(estimate.value(at: .seconds(1020)) == (0.2, .seconds(80)))
        estimate.entered(stage: "b/2", at: .seconds(1030))
        estimate.entered(stage: "c", at: .seconds(1060))
        #expect(estimate.value(at: .seconds(1080)) == (0.8, .seconds(20)))
        #expect(estimate.measured.isEmpty)
        estimate.finished(at: .seconds(1100))
        #expect(estimate.value(at: .seconds(1100)) == (1, .zero))
        #expect(estimate.measured.map(\.key) == ["a", "b/1", "b/2", "c"])
        #expect(estimate.measured.map(\.took) == [.seconds(10), .seconds(20), .seconds(30), .seconds(40)])
        // Over is over.
        estimate.entered(stage: "c", at: .seconds(1200))
        estimate.moved(fraction: 0.1, at: .seconds(1200))
        estimate.finished(at: .seconds(1300))
        #expect(estimate.value(at: .seconds(1400)) == (1, .zero))
        #expect(estimate.measured.last?.took == .seconds(40))
    }

    /// What was skipped is done at once, takes no time, and does not count as having been fast.
    @Test func skipped() {
        var estimate = StartEstimate(plan, at: .zero)
        estimate.entered(stage: "b/2", at: .zero)
        #expect(estimate.value(at: .zero).remaining == .seconds(70))
        estimate.entered(stage: "b/1", at: .seconds(5))
        estimate.entered(stage: "unknown", at: .seconds(6))
        #expect(estimate.value(at: .seconds(10)).remaining == .seconds(60))
        estimate.finished(at: .seconds(12))
        #expect(estimate.measured.map(\.took) == [.zero, .zero, .seconds(12), .zero])
    }

    /// A stage that does not end approaches what comes after it, and is never done.
    @Test func overrun() {
        var estimate = StartEstimate(plan, at: .zero)
        estimate.entered(stage: "a", at: .zero)
        var last = estimate.value(at: .zero)
        for second in 1...100_000 {
            let value = estimate.value(at: .seconds(second))
            #expect(value.remaining <= last.remaining && value.remaining > .seconds(90))
            #expect(value.share >= last.share && value.share < 1)
            last = value
        }
        estimate.entered(stage: "c", at: .seconds(100_000))
        for exponent in 0...15 {
            var time = Duration.seconds(100_000)
            for _ in 0..<exponent { time *= 10 }
            let value = estimate.value(at: time)
            #expect(value.remaining > .zero && value.remaining <= .seconds(40))
            #expect(value.share < 1)
        }
    }

    /// A bar that tells of a slower stage than expected keeps the time up; one that jumps back changes nothing.
    @Test func fractions() {
        let single = StartPlan(stages: [
            .init(key: "a", expected: .seconds(10)), .init(key: "b", expected: .seconds(30)),
        ])
        var told = StartEstimate(single, at: .zero)
        told.entered(stage: "a", at: .zero)
        var untold = told
        for tenth in 1...8 { told.moved(fraction: Double(tenth) / 10, at: .seconds(tenth * 4)) }
        // 32 s in, 8 s before the end of "a".
        #expect(told.value(at: .seconds(32)).remaining >= .seconds(34))
        #expect(untold.value(at: .seconds(32)).remaining < .seconds(31))
        let before = told.value(at: .seconds(33))
        let steady = told
        told.moved(fraction: 0.2, at: .seconds(33))
        told.moved(fraction: .nan, at: .seconds(33))
        told.moved(fraction: -.infinity, at: .seconds(33))
        #expect(told.value(at: .seconds(33)) == before)
        #expect(told.value(at: .seconds(39)) == steady.value(at: .seconds(39)))
        told.moved(fraction: .infinity, at: .seconds(33))
        #expect(told.value(at: .seconds(33)).remaining >= .seconds(30))
        untold.finished(at: .seconds(40))
        #expect(untold.measured.map(\.took) == [.seconds(40), .zero])
    }

    /// A service that is slow in one stage is taken to be slow in the next, and another service is not.
    @Test func pace() {
        var slow = StartEstimate(plan, at: .zero)
        slow.entered(stage: "b/1", at: .zero)
        var usual = slow
        slow.entered(stage: "b/2", at: .seconds(40))
        usual.entered(stage: "b/2", at: .seconds(20))
        let gained = slow.value(at: .seconds(60)).remaining - usual.value(at: .seconds(40)).remaining
        #expect(gained > .seconds(5))
        slow.entered(stage: "c", at: .seconds(80))
        #expect(slow.value(at: .seconds(80)).remaining == .seconds(40))
    }

    /// A clock that goes back, times before the beginning, and plans with nothing in them.
    @Test func oddTimesAndPlans() {
        var estimate = StartEstimate(plan, at: .seconds(100))
        estimate.entered(stage: "a", at: .seconds(50))
        #expect(estimate.value(at: .seconds(-5)).share == 0)
        estimate.entered(stage: "b/1", at: .seconds(105))
        estimate.entered(stage: "b/2", at: .seconds(101))
        estimate.finished(at: .seconds(1))
        #expect(estimate.measured.map(\.took) == [.seconds(5), .zero, .zero, .zero])

        var empty = StartEstimate(StartPlan(stages: []), at: .zero)
        empty.entered(stage: "a", at: .seconds(1))
        empty.moved(fraction: 0.5, at: .seconds(1))
        #expect(empty.value(at: .seconds(9)).remaining > .zero)
        #expect(empty.value(at: .seconds(9)).share < 1)
        empty.finished(at: .seconds(10))
        #expect(empty.value(at: .seconds(10)) == (1, .zero))

        let zero = StartPlan(stages: [.init(key: "a", expected: .zero), .init(key: "b", expected: .seconds(-3))])
        var nothing = StartEstimate(zero, at: .zero)
        nothing.entered(stage: "a", at: .zero)
        nothing.moved(fraction: 0.5, at: .seconds(1))
        #expect(nothing.value(at: .seconds(2)).remaining > .zero)

        let endless = StartPlan(stages: [.init(key: "a", expected: .seconds(Int64.max))])
        var long = StartEstimate(endless, at: .zero)
        long.entered(stage: "a", at: .zero)
        #expect(long.value(at: .seconds(Int64.max)).share < 1)
        long.finished(at: .seconds(Int64.max))
        var history = StartHistory()
        history.record(long.measured)
        #expect(history.expected("a") == .seconds(86_400))
    }
}
