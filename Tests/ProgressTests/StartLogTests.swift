import Progress
import TestSupport
import Testing

/// Logs of a real vLLM, each with the phases that it went through and when.
@Suite struct StartLogTests {
    /// Milliseconds and step, as one line each.
    private func trace(_ start: RecordedStart) -> [String] {
        start.steps().map { "\($0.time / .milliseconds(1)) \($0.step.text)".replacing(".0 ", with: " ") }
    }

    private static let traces: [String: (steps: [String], serving: Duration)] = [
        "startup": (
            [
                "0 importing libraries", "14125 reading the configuration", "24109 starting the engine",
                "36617 loading weights", "36868 loading weights, 0 %", "36902 loading weights, 100 %",
                "37954 measuring memory", "38567 starting the server",
            ], .milliseconds(41365)
        ),
        // The same run, with what followed.
        "sigterm-drain": (
            [
                "0 importing libraries", "14125 reading the configuration", "24109 starting the engine",
                "36617 loading weights", "36868 loading weights, 0 %", "36902 loading weights, 100 %",
                "37954 measuring memory", "38567 starting the server",
            ], .milliseconds(41365)
        ),
        "kill9-api": (
            [
                "0 importing libraries", "32761 reading the configuration", "47278 starting the engine",
                "59294 loading weights", "59503 loading weights, 0 %", "59514 loading weights, 100 %",
                "60806 measuring memory", "61414 starting the server",
            ], .milliseconds(64206)
        ),
        "kill9-enginecore": (
            [
                "0 importing libraries", "33434 reading the configuration", "53253 starting the engine",
                "77200 loading weights", "78300 loading weights, 0 %", "78493 loading weights, 100 %",
                "81102 measuring memory", "82266 starting the server",
            ], .milliseconds(95043)
        ),
        "kill9-worker": (
            [
                "0 importing libraries", "13727 reading the configuration", "25577 starting the engine",
                "37924 loading weights", "38217 loading weights, 0 %", "38227 loading weights, 100 %",
                "39367 measuring memory", "39991 starting the server",
            ], .milliseconds(43357)
        ),
        "sigterm-during-start": (
            [
                "0 importing libraries", "16455 reading the configuration", "28387 starting the engine",
                "41568 loading weights", "41791 loading weights, 0 %", "41801 loading weights, 100 %",
                "43023 measuring memory", "43684 starting the server",
            ], .milliseconds(51981)
        ),
        "sigterm-inflight": (
            [
                "0 importing libraries", "14062 reading the configuration", "24900 starting the engine",
                "38249 loading weights", "38513 loading weights, 0 %", "38522 loading weights, 100 %",
                "39551 measuring memory", "40204 starting the server",
            ], .milliseconds(43014)
        ),
    ]

    @Test(arguments: RecordedStart.timed)
    func realStart(_ name: String) throws {
        let start = try RecordedStart(name)
        let expected = try #require(Self.traces[name])
        #expect(trace(start) == expected.steps)
        #expect(start.serving() == expected.serving)
    }

    /// How far each start came that failed or was ended; none of them says that it can serve.
    @Test(arguments: [
        ("bad-model-path", StartPhase.configuring), ("maxlen-too-big", .configuring),
        ("not-enough-memory", .startingEngine), ("port-in-use", .configuring), ("sigterm-mid", .configuring),
    ])
    func startThatFailed(_ name: String, _ phase: StartPhase) throws {
        let start = try RecordedStart(name)
        #expect(start.steps().map(\.step.phase) == LogFormat.vllm.phases.filter { $0 <= phase })
        #expect(start.serving() == nil)
    }

    /// What an engine logs while it works, is asked to stop and falls is nothing of a start.
    @Test(arguments: RecordedStart.timed)
    func nothingAfterServing(_ name: String) throws {
        var log = StartLog(format: .vllm)
        var readings: [StartLog.Reading] = []
        for line in try RecordedStart(name).lines {
            if let reading = log.read(line.text) { readings.append(reading) }
        }
        #expect(readings.last == .serving)
        #expect(readings.filter { $0 == .serving }.count == 1)
        #expect(log.isServing)
    }

    /// Lines of a real start in any order: no phase goes back, and nothing traps.
    @Test func shuffled() throws {
        var random = TestRandom(seed: 7)
        let lines = try RecordedStart("startup").lines.map(\.text).filter { !$0.contains("startup complete") }
        for _ in 0..<200 {
            var log = StartLog(format: .vllm)
            var last = log.step
            for line in lines.shuffled(using: &random) {
                guard case .step(let step) = log.read(line) else { continue }
                #expect(step.phase >= last.phase)
                #expect(step.phase > last.phase || (step.fraction ?? 0) >= (last.fraction ?? 0))
                #expect(step == log.step)
                last = step
            }
        }
    }
}
