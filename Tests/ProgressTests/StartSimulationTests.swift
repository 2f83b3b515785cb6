import Progress
import TestSupport
import Testing

/// Starts that go every way they can, and what must hold in all of them.
@Suite struct StartSimulationTests {
    /// Watches one start: called at rising times.
    private struct Watcher {
        var last: (share: Double, remaining: Duration)?
        var broken: String?

        mutating func check(_ estimate: StartEstimate, at now: Duration, isFinished: Bool = false) {
            let value = estimate.value(at: now)
            func expect(_ isTrue: Bool, _ rule: String) {
                if !isTrue, broken == nil { broken = "\(rule) at \(now): \(value) after \(String(describing: last))" }
            }
            expect((0...1).contains(value.share), "the share is a share")
            if let last {
                expect(value.share >= last.share, "the share never falls")
                expect(value.remaining <= last.remaining, "the time left never rises")
            }
            expect(isFinished == (value.share == 1), "all is done when it is finished, and only then")
            expect(isFinished == (value.remaining == .zero), "no time is left when it is finished, and only then")
            expect(value.remaining >= .zero, "the time left is never negative")
            last = value
        }
    }

    private func seconds(_ range: ClosedRange<Double>, _ random: inout TestRandom) -> Duration {
        .milliseconds(Int(Double.random(in: range, using: &random) * 1000))
    }

    @Test func rulesHoldInEveryStart() {
        for seed in 0..<5000 {
            var random = TestRandom(seed: UInt64(seed))
            let services = ["a/", "b/", ""]
            let stages = (0..<Int.random(in: 0...12, using: &random)).map { index in
                StartPlan.Stage(
                    key: "\(services[index / 5])\(index)",
                    expected: Int.random(in: 0..<4, using: &random) == 0 ? .zero : seconds(0...60, &random))
            }
            var now = seconds(0...1000, &random)
            var estimate = StartEstimate(StartPlan(stages: stages), at: now)
            var watcher = Watcher()
            watcher.check(estimate, at: now)
            for stage in stages where Int.random(in: 0..<4, using: &random) > 0 {
                estimate.entered(stage: stage.key, at: now)
                watcher.check(estimate, at: now)
                // Also some time where none was expected.
                let factors: [Double] = [0.1, 0.5, 0.9, 1, 1.2, 2, 10]
                let factor = factors[Int.random(in: factors.indices, using: &random)]
                var left = stage.expected * factor + seconds(0...3, &random)
                while left > .zero {
                    let step = min(left, seconds(0...20, &random) + .milliseconds(1))
                    now += step
                    left -= step
                    switch Int.random(in: 0..<8, using: &random) {
                    case 0: estimate.moved(fraction: .random(in: -0.5...1.5, using: &random), at: now)
                    case 1: estimate.moved(fraction: .random(in: 0...0.3, using: &random), at: now)
                    case 2: estimate.entered(stage: stages.randomElement(using: &random)?.key ?? "", at: now)
                    case 3: estimate.entered(stage: "none of these", at: now)
                    default: break
                    }
                    watcher.check(estimate, at: now)
                }
            }
            now += seconds(0...100, &random)
            watcher.check(estimate, at: now)
            estimate.finished(at: now)
            watcher.check(estimate, at: now, isFinished: true)
            watcher.check(estimate, at: now + .seconds(60), isFinished: true)
            #expect(watcher.broken == nil, "seed \(seed)")
            #expect(estimate.measured.count == stages.count)
            #expect(estimate.measured.allSatisfy { $0.took >= .zero })
            if watcher.broken != nil { return }
        }
    }

    /// Starts like the ones before them: the time left is right within a fifth, but for a few.
    @Test func similarStarts() {
        var random = TestRandom(seed: 42)
        var good = 0
        var all = 0
        for _ in 0..<300 {
            let usual = (0..<8).map { _ in Double.random(in: 0.5...20, using: &random) }
            var history = StartHistory()
            for start in 0..<6 {
                let speed = Double.random(in: 0.9...1.15, using: &random)
                let stages = usual.enumerated().map { index, seconds in
                    (
                        key: "engine/\(index)",
                        took: Duration.seconds(seconds * speed * .random(in: 0.9...1.1, using: &random))
                    )
                }
                guard start == 5 else {
                    history.record(stages)
                    continue
                }
                let plan = StartPlan(
                    stages: stages.map { .init(key: $0.key, expected: history.expected($0.key) ?? .zero) })
                var estimate = StartEstimate(plan, at: .zero)
                let end = stages.reduce(.zero) { $0 + $1.took }
                var now = Duration.zero
                for stage in stages {
                    estimate.entered(stage: stage.key, at: now)
                    let middle = now + stage.took / 2
                    let truth = end - middle
                    all += 1
                    if abs(estimate.value(at: middle).remaining / truth - 1) < 0.2 { good += 1 }
                    now += stage.took
                }
            }
        }
        #expect(Double(good) > 0.93 * Double(all), "\(good) of \(all)")
    }
}
