import Progress
import TestSupport
import Testing

@Suite struct StartHistoryTests {
    private func history(_ seconds: [Double], _ key: String = "a") -> StartHistory {
        var history = StartHistory()
        for value in seconds { history.record([(key, .seconds(value))]) }
        return history
    }

    @Test func median() {
        #expect(StartHistory().expected("a") == nil)
        #expect(history([4]).expected("a") == .seconds(4))
        #expect(history([4, 2]).expected("a") == .seconds(3))
        // One slow start does not count, and only the last five do.
        #expect(history([4, 2, 900]).expected("a") == .seconds(4))
        #expect(history([900, 900, 900, 1, 2, 3, 4, 5]).expected("a") == .seconds(3))
        #expect(history([4]).expected("b") == nil)
    }

    @Test func roundTrip() {
        var history = StartHistory()
        history.record([("engine/loading weights", .milliseconds(1234)), ("warm \"up\"", .zero)])
        history.record([("engine/loading weights", .seconds(2))])
        #expect(
            history.encoded()
                == #"{"seconds":{"engine/loading weights":[1.234,2],"warm \"up\"":[0]},"version":1}"#)
        #expect(StartHistory(decoding: history.encoded()) == history)
        #expect(StartHistory(decoding: StartHistory().encoded()) == StartHistory())
    }

    @Test(arguments: [
        "", "x", "{", "null", "[]", "{}", #"{"version":1}"#, #"{"version":2,"seconds":{"a":[1]}}"#,
        #"{"version":1,"seconds":{"a":["x"]}}"#, #"{"version":1,"seconds":{"a":1}}"#,
        #"{"version":1,"seconds":{"a":[null]}}"#, #"{"version":1,"seconds":{"a":[1]}"#,
        #"{"version":1,"seconds":{"a":[-1]}}"#, #"{"version":1,"seconds":{"a":[1e300]}}"#,
        #"{"version":1,"seconds":{"a":[1e999]}}"#, #"{"version":1,"seconds":{"a":[]}}"#,
        #"{"version":1,"seconds":{"a":[NaN]}}"#, String(repeating: "[", count: 60_000), "\u{0}\u{FFFD}",
    ])
    func damaged(_ text: String) { #expect(StartHistory(decoding: text) == StartHistory()) }

    /// Every cut and many a changed byte: an empty history or one that can be used, and never a trap.
    @Test func damagedAnywhere() {
        let text = history([1, 2.5, 3], "engine/compiling").encoded()
        for cut in text.indices { #expect(StartHistory(decoding: String(text[..<cut])) == StartHistory()) }
        var random = TestRandom(seed: 3)
        for _ in 0..<5000 {
            var bytes = Array(text.utf8)
            bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            let read = StartHistory(decoding: String(decoding: bytes, as: UTF8.self))
            let expected = read.expected("engine/compiling") ?? .zero
            #expect(expected >= .zero && expected <= .seconds(86_400))
        }
    }

    @Test func bounded() {
        #expect(StartHistory(decoding: String(repeating: " ", count: 1 << 20)) == StartHistory())
        var history = StartHistory()
        for index in 0..<500 { history.record([("old \(index)", .seconds(1)), ("kept", .seconds(2))]) }
        #expect(history.expected("kept") == .seconds(2))
        #expect(history.expected("old 499") == .seconds(1))
        #expect(history.encoded().utf8.count < 4096)
        history.record((0..<500).map { ("many \($0)", .seconds(Int64.max)) })
        history.record([(String(repeating: "x", count: 10_000), .seconds(1))])
        #expect(history.encoded().utf8.count < 8192)
        #expect(StartHistory(decoding: history.encoded()) == history)
    }

    @Test func plan() {
        let parts: [StartPlan.Part] = [
            .init(service: "preload", usually: .seconds(20)), .init(service: "engine", format: .vllm),
            .init(service: "warmup"),
        ]
        let first = StartPlan(parts, history: StartHistory())
        #expect(
            first.stages.map(\.key) == [
                "preload", "engine/importing libraries", "engine/reading the configuration",
                "engine/starting the engine", "engine/loading weights", "engine/profiling", "engine/compiling",
                "engine/measuring memory", "engine/capturing graphs", "engine/starting the server", "warmup",
            ])
        #expect(first.stages[0].expected == .seconds(20))
        let engine = first.stages[1...9].reduce(.zero) { $0 + $1.expected }
        #expect(engine >= .seconds(60) && engine <= .seconds(90))
        // Each stage by itself: what was never measured keeps its default.
        var history = StartHistory()
        history.record([("engine/compiling", .zero), ("warmup", .milliseconds(700))])
        let second = StartPlan(parts, history: history)
        #expect(second.stages.first { $0.key == "engine/compiling" }?.expected == .zero)
        #expect(second.stages.last?.expected == .milliseconds(700))
        #expect(second.stages[0...5] == first.stages[0...5])

        let embedded = StartPlan([.init(service: "engine", format: .json)], history: StartHistory())
        #expect(embedded.stages == [.init(key: "engine", expected: .seconds(1))])
        #expect(StartPlan.key("engine", .json, .starting) == "engine")
        #expect(StartPlan.key("warmup", nil, .starting) == "warmup")
        // A time for the whole service is shared out among its phases.
        let slow = StartPlan([.init(service: "engine", format: .vllm, usually: .seconds(300))], history: StartHistory())
        let total = slow.stages.reduce(.zero) { $0 + $1.expected }
        #expect(total >= .seconds(300) && total < .seconds(301))
    }
}
