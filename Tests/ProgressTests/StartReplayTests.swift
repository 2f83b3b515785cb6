import Progress
import Testing

/// Real starts as PID 1 would have seen them.
@Suite struct StartReplayTests {
    /// One start, line by line.
    ///
    /// - Returns: what the history learns, and what was said at each twentieth of the way, with what was true then.
    private func replay(
        _ name: String, _ history: StartHistory
    ) throws -> (
        measured: [(key: String, took: Duration)], said: [(remaining: Duration, truth: Duration, share: Double)]
    ) {
        let start = try RecordedStart(name)
        let end = try #require(start.serving())
        var estimate = StartEstimate(
            StartPlan([.init(service: "engine", format: .vllm)], history: history), at: .zero)
        var log = StartLog(format: .vllm)
        var said: [(remaining: Duration, truth: Duration, share: Double)] = []
        func say(until time: Duration) {
            while said.count < 20, end * said.count / 20 < time {
                let now = end * said.count / 20
                let value = estimate.value(at: now)
                said.append((value.remaining, end - now, value.share))
            }
        }
        estimate.entered(stage: StartPlan.key("engine", .vllm, log.step.phase), at: .zero)
        for line in start.lines {
            say(until: line.time)
            switch log.read(line.text) {
            case .step(let step):
                estimate.entered(stage: StartPlan.key("engine", .vllm, step.phase), at: line.time)
                if let fraction = step.fraction { estimate.moved(fraction: fraction, at: line.time) }
            case .serving: estimate.finished(at: line.time)
            case nil: break
            }
        }
        #expect(estimate.value(at: end) == (1, .zero))
        return (estimate.measured, said)
    }

    /// The others of its kind; `startup` and `sigterm-drain` are the same run.
    private func history(without name: String) throws -> StartHistory {
        var history = StartHistory()
        for other in RecordedStart.timed where other != name && other != "startup" {
            if name == "startup", other == "sigterm-drain" { continue }
            history.record(try replay(other, StartHistory()).measured)
        }
        return history
    }

    /// On the machine at rest: the whole way within 30 % or two seconds of the truth, and so the share.
    @Test(arguments: ["startup", "kill9-worker", "sigterm-inflight"])
    func withHistory(_ name: String) throws {
        let said = try replay(name, try history(without: name)).said
        #expect(said.count == 20)
        for (index, moment) in said.enumerated() {
            let wrong = moment.remaining - moment.truth
            let allowed = max(moment.truth * 0.3, .seconds(2))
            #expect(wrong <= allowed && wrong >= .zero - allowed, "\(index * 5) %: \(moment)")
            #expect(abs(moment.share - Double(index) / 20) < 0.12, "\(index * 5) %: \(moment)")
        }
    }

    /// Halfway, also where the machine was a quarter to a half slower than in the starts before.
    @Test(arguments: ["startup", "kill9-api", "kill9-worker", "sigterm-during-start", "sigterm-inflight"])
    func halfway(_ name: String) throws {
        let middle = try replay(name, try history(without: name)).said[10]
        #expect(abs(middle.remaining / middle.truth - 1) < 0.3, "\(middle)")
    }

    /// Twice as slow as ever before: what is said is too little, stays, and keeps the rules.
    @Test func loadedMachine() throws {
        let said = try replay("kill9-enginecore", try history(without: "kill9-enginecore")).said
        #expect(said[10].remaining > said[10].truth * 0.5)
        #expect(said.allSatisfy { $0.remaining > .zero && $0.share < 1 })
    }

    /// The first start ever, of an engine that compiles nothing, on a machine without a GPU: the defaults say too much.
    @Test func withoutHistory() throws {
        let said = try replay("startup", StartHistory()).said
        #expect(said[0].remaining >= .seconds(60) && said[0].remaining <= .seconds(90))
        for (before, after) in zip(said, said.dropFirst()) {
            #expect(after.remaining <= before.remaining && after.share >= before.share)
        }
        #expect(said[19].remaining < .seconds(5))
    }

    /// What the next start learns, through the file.
    @Test func learned() throws {
        var history = StartHistory()
        history.record(try replay("startup", history).measured)
        history = StartHistory(decoding: history.encoded())
        let plan = StartPlan([.init(service: "engine", format: .vllm)], history: history)
        #expect(
            plan.stages.map { $0.expected / .milliseconds(1) } == [14125, 9984, 12508, 1337, 0, 0, 613, 0, 2798])
    }
}
