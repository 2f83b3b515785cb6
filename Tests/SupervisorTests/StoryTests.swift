import Lifecycle
import Supervisor
import Testing

@Suite struct StoryTests {
    @Test func aStartIsSummedUpByServiceAndByPhase() {
        let summary = StartSummary(
            total: .milliseconds(93_200),
            stages: [
                ("preload", .milliseconds(3100)), ("engine/importing", .milliseconds(15_000)),
                ("engine/compiling", .zero), ("engine/loading weights", .milliseconds(63_000)),
                ("warmup", .milliseconds(12_000)),
            ])
        #expect(summary.message == " after 1 min 33 s: preload 3.1 s, engine 1 min 18 s, warmup 12 s")
        #expect(summary.phases == "importing 15 s, loading weights 1 min 3 s")
        #expect(StartSummary(total: .milliseconds(40), stages: []).message == " after 40 ms")
        #expect(StartSummary(total: .seconds(6), stages: [("engine", .seconds(6))]).phases == nil)
    }

    @Test func theLastLinesAreThoseThatTellSomething() {
        let lines = [
            "(APIServer pid=7) INFO 11-22 10:00:00 [launcher.py:1] Application startup complete.",
            #"INFO:     127.0.0.1:4000 - "GET /health HTTP/1.1" 200 OK"#,
            #"{"time":"2026-11-22T10:00:00Z","level":"error","message":"no room","free_bytes":12}"#,
            "", "plain",
        ]
        #expect(
            LastLines.readable(lines, format: "vllm", count: 8) == [
                "Application startup complete. process=APIServer", "error: no room free_bytes=12", "plain",
            ])
        #expect(LastLines.readable(lines, format: "vllm", count: 1) == ["plain"])
        #expect(LastLines.readable([], format: nil, count: 8).isEmpty)
        let long = LastLines.readable([String(repeating: "щ", count: 5000)], format: nil, count: 8, width: 100)
        #expect(long.first?.count == 100)
    }

    @Test func aTracebackIsToldByWhatItSays() {
        let lines = [
            "Traceback (most recent call last):", "  File \"a.py\", line 3, in f", "    g()",
            "OSError: [Errno 28] No space left on device",
        ]
        let told = LastLines.readable(lines, format: nil, count: 8)
        #expect(told.count == 1 && told[0].contains("No space left on device"), "\(told)")
    }
}
