import OperatorLog
import Testing

/// Several lines that are one record.
@Suite struct FoldingTests {
    private func read(_ lines: [String]) -> [Record] {
        var reader = RecordReader(service: "engine", format: "vllm")
        return lines.flatMap { reader.read($0, at: 1) } + reader.finish(at: 1)
    }

    private func traceback(_ record: Record) -> String? {
        if case .text(let text) = record.fields.first(where: { $0.name == "traceback" })?.value { text } else { nil }
    }

    static let simple = [
        "Traceback (most recent call last):", "  File \"/app/a.py\", line 1, in main", "    run()", "    ^^^^^",
        "  File \"/app/b.py\", line 2, in run", "    raise ValueError(\"no\")", "ValueError: no",
    ]
    static let frames = """
        File "/app/a.py", line 1, in main
          run()
        File "/app/b.py", line 2, in run
          raise ValueError("no")
        """

    @Test func aTracebackIsOneRecord() {
        let records = read(["before"] + Self.simple + ["after"])
        #expect(
            records == [
                Record(time: 1, level: .info, service: "engine", message: "before"),
                Record(
                    time: 1, level: .error, service: "engine", message: "ValueError: no",
                    fields: [Record.Field("traceback", .text(Self.frames))]),
                Record(time: 1, level: .info, service: "engine", message: "after"),
            ])
    }

    @Test(arguments: [
        "During handling of the above exception, another exception occurred:",
        "The above exception was the direct cause of the following exception:",
    ])
    func exceptionsThatLedToEachOtherAreOne(sentence: String) {
        let second = [
            "Traceback (most recent call last):", "  File \"/app/c.py\", line 3, in other", "    f()",
            "app.Wrong: worse", "  second line",
        ]
        let records = read(Self.simple + [sentence] + second)
        #expect(records.map(\.message) == ["app.Wrong: worse: second line"])
        #expect(
            traceback(records[0])
                == Self.frames
                + "\nValueError: no\n\(sentence)\nTraceback (most recent call last):\nFile \"/app/c.py\", line 3, in other\n  f()"
        )
    }

    @Test func eachLineMayHaveVLLMsFront() {
        let front = "(EngineCore pid=9) ERROR 11-22 10:00:00 [core.py:12] "
        let records = read(
            [front + "failed"] + Self.simple.map { front + $0 } + [
                "(EngineCore pid=9) INFO 11-22 10:00:00 [core.py:13] next"
            ])
        let fields = [Record.Field("process", "EngineCore"), Record.Field("source", "core.py:12")]
        #expect(
            records == [
                Record(time: 1, level: .error, service: "engine", pid: 9, message: "failed", fields: fields),
                Record(
                    time: 1, level: .error, service: "engine", pid: 9, message: "ValueError: no",
                    fields: fields + [Record.Field("traceback", .text(Self.frames))]),
                Record(
                    time: 1, level: .info, service: "engine", pid: 9, message: "next",
                    fields: [Record.Field("process", "EngineCore"), Record.Field("source", "core.py:13")]),
            ])
    }

    @Test func tracebacksOfTwoProcessesAtOnceAreKeptApart() {
        let first = Self.simple.map { "(EngineCore pid=9) ERROR 11-22 10:00:00 [core.py:12] " + $0 }
        let second = Self.simple.map { "(Worker pid=10) ERROR 11-22 10:00:00 [worker.py:12] " + $0 }
        let third = Self.simple.map { "[rank1]: " + $0 }
        let mixed = zip(zip(first, second), zip(Self.simple, third)).flatMap { [$0.0.0, $0.0.1, $0.1.0, $0.1.1] }
        let records = read(mixed)
        #expect(records.map(\.pid) == [9, 10, nil, nil])
        #expect(
            records.allSatisfy { $0.message == "ValueError: no" && traceback($0) == Self.frames && $0.level == .error })
        #expect(records.last?.fields.first == Record.Field("rank", .integer(1)))
    }

    @Test func otherLinesInBetweenAreTheirOwn() {
        var lines = Self.simple
        lines.insert("INFO:     Shutting down", at: 3)
        lines.insert(#"{"level":"info","message":"json"}"#, at: 5)
        lines.insert("(APIServer pid=7) INFO 11-22 10:00:00 [a.py:1] more", at: 2)
        let records = read(lines)
        #expect(records.map(\.message) == ["more", "Shutting down", "json", "ValueError: no"])
        #expect(traceback(records[3]) == Self.frames)
    }

    @Test func anExceptionMayHaveSeveralLines() {
        let lines =
            Self.simple.dropLast() + [
                "pydantic_core._pydantic_core.ValidationError: 2 validation errors for ModelConfig", "max_len",
                "  Value error, too long [type=value_error, input_value={'text': 'private'}, input_type=dict]",
                "    For further information visit https://errors.pydantic.dev/2.14/v/value_error", "name.0",
                "  Field required",
                "and another line",
            ]
        let records = read(Array(lines))
        #expect(
            records.map(\.message) == [
                "pydantic_core._pydantic_core.ValidationError: 2 validation errors for ModelConfig: max_len Value error, too long "
                    + "[type=value_error, input_value=[… 19 bytes], input_type=dict] name.0 Field required",
                "and another line",
            ])
    }

    @Test func aGroupOfExceptionsIsOne() {
        let records = read([
            "  + Exception Group Traceback (most recent call last):", "  |   File \"/app/a.py\", line 1, in main",
            "  |     run()",
            "  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)",
            "  +-+---------------- 1 ----------------",
            "    | Traceback (most recent call last):", "    |   File \"/app/b.py\", line 2, in run",
            "    |     raise ValueError(1)",
            "    | ValueError: 1", "    +------------------------------------", "after",
        ])
        #expect(
            records.map(\.message) == ["ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)", "after"])
        #expect(traceback(records[0])?.contains("  | ValueError: 1") ?? false)
    }

    @Test func stacksOfAllThreadsAreOne() {
        let records = read([
            "Fatal Python error: Aborted", "Thread 0x00007eff014be6c0 (most recent call first):",
            "  File \"/usr/lib/python3.11/threading.py\", line 331 in wait",
            "Current thread 0x00007eff02225b80 (most recent call first):",
            "  File \"/app/hang.py\", line 4 in wait_for_gpu", "Extension modules: numpy, torch (total: 2)", "after",
        ])
        #expect(records.map(\.message) == ["Fatal Python error: Aborted", "after"])
        #expect(records[0].level == .error)
        #expect(traceback(records[0])?.split(separator: "\n").count == 4)
    }

    static let native: [(lines: [String], message: String, frames: Int)] = [
        (
            [
                "terminate called after throwing an instance of 'c10::Error'",
                "  what():  CUDA error: an illegal memory access was encountered",
                "CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be incorrect.",
                "For debugging consider passing CUDA_LAUNCH_BLOCKING=1",
                "Exception raised from c10_cuda_check_implementation at /pytorch/c10/cuda/CUDAException.cpp:43 (most recent call first):",
                "frame #0: c10::Error::Error(std::string) + 0x96 (0x7f00 in /x/libc10.so)",
                "frame #1: <unknown function> + 0x5 (0x7f01 in /x/lib.so)",
            ],
            "terminate called after throwing an instance of 'c10::Error': CUDA error: an illegal memory access was encountered",
            5
        ),
        (
            [
                "[rank0]:[E1122 10:00:00.1 ProcessGroupNCCL.cpp:2057] [PG ID 0] Process group watchdog thread terminated with exception: CUDA error: no",
                "CUDA kernel errors might be asynchronously reported", "frame #0: f()",
            ],
            "[PG ID 0] Process group watchdog thread terminated with exception: CUDA error: no", 2
        ),
        (
            [
                "*** SIGSEGV received at time=1732270000 on cpu 3 ***", "PC: @     0x7f00  (unknown)  raise",
                "    @     0x7f01  (unknown)  main",
            ],
            "*** SIGSEGV received at time=1732270000 on cpu 3 ***", 2
        ),
        (
            [
                "C++ Traceback (most recent call last):", "--------------------------------------", "0   paddle::run()",
                "1   phi::f()",
                "----------------------", "Error Message Summary:",
                "FatalError: `Segmentation fault` is detected by the operating system.",
                "  [TimeInfo: *** Aborted at 1732270000 ***]",
            ],
            "C++ Traceback (most recent call last):", 7
        ),
        (
            [
                "thread 'main' panicked at src/main.rs:2:5:", "index out of bounds",
                "note: run with `RUST_BACKTRACE=1`", "stack backtrace:",
                "   0: rust_begin_unwind", "             at /rustc/x.rs:1",
            ], "thread 'main' panicked at src/main.rs:2:5: index out of bounds", 3
        ),
        (["thread 'main' panicked at 'oh', src/main.rs:2:5"], "thread 'main' panicked at 'oh', src/main.rs:2:5", 0),
        (
            [
                "API/Routes.swift:12: Fatal error: Index out of range",
                "*** Signal 5: Backtracing from 0x55…  done ***",
                "*** Program crashed: System trap at 0x0000557 ***", "Thread 0 \"coxswain-ocr\" crashed:",
                "0 0x0000557 main + 12 in coxswain-ocr",
                "Backtrace took 0.12s",
            ], "API/Routes.swift:12: Fatal error: Index out of range", 5
        ),
    ]

    @Test(arguments: native) func lastWordsOfOtherPrograms(lines: [String], message: String, frames: Int) {
        let records = read(lines + ["ordinary text"])
        #expect(records.first?.message == message)
        #expect(records.first?.level == .error)
        #expect(records.last?.message == "ordinary text")
        if frames > 0 || lines.count == 1 { #expect(records.count == 2) }
        #expect((traceback(records[0]).map { $0.split(separator: "\n").count } ?? 0) == frames)
    }

    @Test func aWarningTakesItsLineOfCode() {
        let records = read([
            "/opt/venv/lib/python3.11/site-packages/vllm/a.py:138: FutureWarning: `x` is deprecated",
            "  if hasattr(value):", "  next",
        ])
        #expect(
            records == [
                Record(
                    time: 1, level: .warning, service: "engine", message: "FutureWarning: `x` is deprecated",
                    fields: [Record.Field("source", "vllm/a.py:138"), Record.Field("code", "if hasattr(value):")]),
                Record(time: 1, level: .info, service: "engine", message: "  next"),
            ])
    }

    @Test func aPrivateKeyLeavesNothing() {
        let body = (0..<20).map { _ in String(repeating: "aB3/", count: 16) }
        let records = read(
            ["-----BEGIN RSA PRIVATE KEY-----"] + body + ["c2hvcnQ=", "-----END RSA PRIVATE KEY-----", "after"])
        #expect(records.map(\.message) == ["-----BEGIN PRIVATE KEY-----***", "after"])
    }

    // MARK: Bounds

    @Test func aLongTracebackKeepsItsEnds() throws {
        let frames = (0..<5000).flatMap { ["  File \"/app/\($0).py\", line 1, in f\($0)", "    call()"] }
        let records = read(["Traceback (most recent call last):"] + frames + ["RecursionError: deep"])
        #expect(records.map(\.message) == ["RecursionError: deep"])
        let text = try #require(traceback(records[0]))
        #expect(text.utf8.count < 10_000 && text.contains("in f0\n") && text.contains("in f4999\n"))
        let cut = try #require(text.split(separator: "\n").first { $0.hasPrefix("… ") })
        let told = text.split(separator: "\n").count - 1
        #expect(cut == "… \(10_000 - told) lines cut …")
    }

    @Test func whatWaitsIsGivenOutInTime() throws {
        var reader = RecordReader(service: "engine", format: nil)
        #expect(reader.waitsUntil == nil)
        for (index, line) in Self.simple.dropLast().enumerated() {
            #expect(reader.read(line, at: 10 + Double(index) * 0.01) == [])
        }
        let due = try #require(reader.waitsUntil)
        #expect(due > 10.05 && due <= 10.05 + 0.2)
        #expect(reader.tick(at: due - 0.01) == [])
        #expect(reader.tick(at: due).map(\.message) == ["raise ValueError(\"no\")"])
        #expect(reader.waitsUntil == nil && reader.finish(at: 11) == [])
    }

    @Test func aTracebackThatDripsIsNotWithheld() {
        var reader = RecordReader(service: "engine", format: nil)
        var told = reader.read(Self.simple[0], at: 0)
        for step in 1..<100 where told.isEmpty { told += reader.read("    line \(step)", at: Double(step) * 0.1) }
        #expect((told.first?.time).map { $0 <= 1.1 } ?? false)
    }

    @Test func aClockThatGoesBackDelaysNothing() {
        var reader = RecordReader(service: "engine", format: nil)
        for line in Self.simple { _ = reader.read(line, at: 5000) }
        #expect(reader.tick(at: 100).count == 1)
    }

    @Test func manyAtOnceAreBounded() {
        var reader = RecordReader(service: "engine", format: nil)
        var told: [Record] = []
        for pid in 0..<100 {
            told += reader.read("(Worker pid=\(pid)) Traceback (most recent call last):", at: 0)
            told += reader.read("(Worker pid=\(pid))   File \"a.py\", line 1, in f", at: 0)
        }
        #expect(told.count == 92)
        told += reader.finish(at: 0)
        #expect(told.map(\.pid) == (0..<100).map { Int32($0) })
    }
}
