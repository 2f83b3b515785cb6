import OperatorLog
import Testing

/// One line in, one record out.
@Suite struct FormatsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var line: String
        var level: Record.Level
        var pid: Int32?
        var message: String
        var fields: [Record.Field] = []
        var testDescription: String { line }

        init(
            _ line: String, _ level: Record.Level, _ pid: Int32? = nil, _ message: String,
            _ fields: [(String, Record.Value)] = []
        ) {
            self.line = line
            self.level = level
            self.pid = pid
            self.message = message
            self.fields = fields.map { Record.Field($0.0, $0.1) }
        }
    }

    static let vllm: [Case] = [
        Case(
            "(APIServer pid=7) INFO 11-22 10:00:00 [file.py:1] text", .info, 7, "text",
            [("process", "APIServer"), ("source", "file.py:1")]),
        Case(
            "(Worker_TP0 pid=70) (EngineCore_DP0 pid=9) ERROR 11-22 10:00:00 [v1/core.py:12] no", .error, 9, "no",
            [("process", "EngineCore_DP0"), ("source", "v1/core.py:12")]),
        Case("INFO 07-22 10:00:00 [core.py:58] text", .info, nil, "text", [("source", "core.py:58")]),
        Case(
            "WARNING 07-22 10:00:00 llm_engine.py:161] text", .warning, nil, "text", [("source", "llm_engine.py:161")]),
        Case("DEBUG 07-22 10:00:00.123 [core.py:58] text", .debug, nil, "text", [("source", "core.py:58")]),
        Case(
            "(RayWorkerWrapper pid=12, ip=10.0.0.1) INFO 07-22 10:00:00 [core.py:58] text", .info, 12, "text",
            [("process", "RayWorkerWrapper"), ("source", "core.py:58")]),
        Case(
            "(EngineCore_DP0 pid=9) Loading safetensors now", .info, 9, "Loading safetensors now",
            [("process", "EngineCore_DP0")]),
        Case(
            "(APIServer pid=7) INFO 11-22 10:00:00 [a.py:1]  ▄▄ ▄█ █     █     █ ▀▄▀ █  version 0.32.0", .info, 7,
            "version 0.32.0",
            [("process", "APIServer"), ("source", "a.py:1")]),
        Case(
            "(APIServer pid=7) INFO 11-22 10:00:00 [launcher.py:195] Route: /health, Methods: GET", .debug, 7,
            "Route: /health, Methods: GET", [("process", "APIServer"), ("source", "launcher.py:195")]),
        Case(
            "(APIServer pid=7) INFO:     Started server process [7]", .info, 7, "Started server process [7]",
            [("process", "APIServer")]),
        Case("(see pid=7) hello", .info, 7, "hello", [("process", "see")]),
        Case("(pid=7) hello", .info, nil, "(pid=7) hello"),
        Case("(", .info, nil, "("),
    ]

    static let python: [Case] = [
        Case("INFO:     Application startup complete.", .info, nil, "Application startup complete."),
        Case(
            "ERROR:    [Errno 98] error while attempting to bind", .error, nil,
            "[Errno 98] error while attempting to bind"),
        Case("WARNING:root:low", .warning, nil, "low"),
        Case("CRITICAL:my.module:gone: away", .error, nil, "gone: away", [("logger", "my.module")]),
        Case("INFO:httpx:HTTP Request: done", .info, nil, "HTTP Request: done", [("logger", "httpx")]),
        Case("2026-11-22 10:00:00,123 - name - WARNING - text", .warning, nil, "text", [("logger", "name")]),
        Case("2026-11-22 10:00:00,123 - a.b - ERROR - text - more", .error, nil, "text - more", [("logger", "a.b")]),
        Case("2026-11-22 10:00:00,123 ERROR a.b: text", .error, nil, "a.b: text"),
        Case("2026-11-22 10:00:00,123 [INFO] text", .info, nil, "text"),
        Case(
            "2026-11-22 10:00:00.123 | INFO     | app.main:run:12 - text", .info, nil, "text",
            [("source", "app.main:run:12")]),
        Case("2026-11-22T10:00:00.123456Z  WARN my_crate::net: text", .warning, nil, "my_crate::net: text"),
        Case("2026-11-22T10:00:00+0000 info : [App] text", .info, nil, "[App] text"),
        Case("2026-11-22T10:00:00+01:00 ERROR text", .error, nil, "text"),
        Case("2026/11/22 10:00:00 ppocr DEBUG: text", .debug, nil, "text", [("logger", "ppocr")]),
        Case("[2026/11/22 10:00:00] ppocr INFO: text", .info, nil, "text", [("logger", "ppocr")]),
        Case("[2026-11-22 10:00:00,123] [    INFO] - text", .info, nil, "text"),
        Case(
            "[2026-11-22 10:00:00,123] [ WARNING] file.py:12 - text", .warning, nil, "text", [("source", "file.py:12")]),
        Case("[2026-11-22 10:00:00 +0000] [7] [ERROR] text", .error, 7, "text"),
        Case(
            "[2026-11-22 10:00:00 TP0] Load weight begin. avail mem=10 GB", .info, nil,
            "Load weight begin. avail mem=10 GB", [("process", "TP0")]),
        Case("[2026-11-22 10:00:00] INFO:     Started server process [7]", .info, nil, "Started server process [7]"),
        Case("[ERROR] text", .error, nil, "text"),
        Case("[warning ] text", .warning, nil, "text"),
        Case("10:00:00 INFO text", .info, nil, "text"),
        Case("INFO 2026-11-22 10:00:00,123 launch.py:12] text", .info, nil, "text", [("source", "launch.py:12")]),
        Case("2026-11-22 10:00:00,123 nothing here", .info, nil, "2026-11-22 10:00:00,123 nothing here"),
        Case(
            "2026-11-22 10:00:00.123456: W tensorflow/core/x.cc:12] text", .warning, nil, "text",
            [("source", "tensorflow/core/x.cc:12")]),
        Case(
            "[2026-11-22 10:00:00,123 E 7 12] (raylet) main.cc:12: text", .error, 7, "(raylet) main.cc:12: text",
            [("thread", .integer(12))]),
        Case("Creating model: ('PP-DocLayoutV2', None)", .info, nil, "Creating model: ('PP-DocLayoutV2', None)"),
        Case("[transformers] text", .info, nil, "[transformers] text"),
        Case("INFORMATION about", .info, nil, "INFORMATION about"),
        Case("hello INFO", .info, nil, "hello INFO"),
        Case(
            "WARNING: All log messages before absl::InitializeLog() is called", .warning, nil,
            "All log messages before absl::InitializeLog() is called"),
    ]

    static let native: [Case] = [
        Case(
            "W1122 10:00:00.1 7 file.cc:12] text", .warning, nil, "text",
            [("source", "file.cc:12"), ("thread", .integer(7))]),
        Case(
            "I1122 10:00:00.123456    12 gpu_resources.cc:119] Please NOTE: device: 0", .info, nil,
            "Please NOTE: device: 0",
            [("source", "gpu_resources.cc:119"), ("thread", .integer(12))]),
        Case(
            "E0000 00:00:1732270000.123456    7 cuda_dnn.cc:8310] Unable", .error, nil, "Unable",
            [("source", "cuda_dnn.cc:8310"), ("thread", .integer(7))]),
        Case(
            "[W1122 08:37:38.747298158 utils.cpp:68] Warning: NUMA", .warning, nil, "Warning: NUMA",
            [("source", "utils.cpp:68")]),
        Case(
            "[rank0]:[W1122 08:37:38.7 ProcessGroupNCCL.cpp:1250] Warning: destroyed", .warning, nil,
            "Warning: destroyed",
            [("rank", .integer(0)), ("source", "ProcessGroupNCCL.cpp:1250")]),
        Case(
            "gpu-host:7:12 [0] NCCL WARN Call to connect failed", .warning, 7, "Call to connect failed",
            [("logger", "NCCL"), ("thread", .integer(12))]),
        Case(
            "[2026-11-22 10:00:00] gpu-host:7:12 [0] misc/socket.cc:484 NCCL WARN no", .warning, 7, "no",
            [("logger", "NCCL"), ("thread", .integer(12))]),
        Case(
            "gpu-host:7:7 [1] NCCL INFO Bootstrap", .info, 7, "Bootstrap",
            [("logger", "NCCL"), ("thread", .integer(7))]),
        Case("error: no such file", .error, nil, "error: no such file"),
        Case("Fatal: out of memory", .error, nil, "Fatal: out of memory"),
        Case("ValueError: bad", .error, nil, "ValueError: bad"),
        Case("Errors were found", .info, nil, "Errors were found"),
        Case("W", .info, nil, "W"), Case("E1122", .info, nil, "E1122"), Case("[", .info, nil, "["),
        Case("   indented", .info, nil, "   indented"),
    ]

    static let json: [Case] =
        [
            Case(
                #"{"time":"x","level":"warning","message":"slow","pages":3,"ok":true,"share":0.5,"none":null}"#,
                .warning, nil, "slow",
                [("pages", .integer(3)), ("ok", .flag(true)), ("share", .number(0.5))]),
            Case(
                #"{"event": "started", "level": "error", "timestamp": "x", "logger": "a", "n": -12, "e": 1e3, "z": -0}"#,
                .error, nil, "started",
                [("logger", "a"), ("n", .integer(-12)), ("e", .number(1000)), ("z", .number(-0.0))]),
            Case(
                #"{"msg":"m","severity":"CRITICAL","ts":1.5,"pid":7,"tags":["a",{"b":1}],"o":{}}"#, .error, 7, "m",
                [("tags", #"["a",{"b":1}]"#), ("o", "{}")]),
            Case(
                #"{"message":"a\"b\\\/\u00e9\ud83d\ude00\n\u001b[31mred","x":"\u202e"}"#, .info, nil, "a\"b\\/é😀\nred",
                [("x", "\\u202e")]),
            Case(
                #"{"message":"m","service":"other","level":"odd","big":1000000000000000000000000000000}"#, .info, nil,
                "m",
                [("service", "other"), ("level", "odd"), ("big", .number(1e30))]),
            Case(#"{"message":"","a":9223372036854775807}"#, .info, nil, "", [("a", .integer(.max))]),
            Case(#"{"message":"half \ud800 pair"}"#, .info, nil, "half \u{FFFD} pair"),
        ]
        + [
            "{", "{}", #"{"a":1}"#, #"{"message":{"x":1}}"#, #"{"message":"a"} x"#, #"{"message":"a",}"#,
            #"{"message":'a'}"#,
            #"{"message":"a","n":01}"#, #"{"message":"a","n":+1}"#, #"{"message":"a","n":NaN}"#, #"{"message":"\x"}"#,
            "{\"message\":\"a\u{9}b\"}", #"{"message":"a""#, "[1]",
            #"{"message":"deep","d":"# + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}",
        ].map { Case($0, .info, nil, $0) }

    @Test(arguments: vllm + python + native + json) func aLineIsARecord(test: Case) {
        var reader = RecordReader(service: "engine", format: "vllm")
        let records = reader.read(test.line, at: 5) + reader.finish(at: 5)
        #expect(
            records == [
                Record(
                    time: 5, level: test.level, service: "engine", pid: test.pid, message: test.message,
                    fields: test.fields)
            ])
    }

    @Test(arguments: [
        "", " ", "(APIServer pid=7) INFO 11-22 10:00:00 [a.py:1] ",
        "(APIServer pid=7) INFO 11-22 10:00:00 [a.py:1]   █▄█▀ █     █",
    ])
    func whatSaysNothingIsLeftOut(line: String) {
        var reader = RecordReader(service: "engine", format: "vllm")
        #expect(reader.read(line, at: 0) + reader.finish(at: 0) == [])
    }

    @Test func ofAProgressBarEachTenthIsTold() {
        var reader = RecordReader(service: "engine", format: "vllm")
        let drawings = (0...200).map {
            "(Worker pid=3) Loading weights: \($0 / 2)% Completed | \($0)/200 [00:01<00:03,  1.00s/it]"
        }
        let records = (drawings + drawings).flatMap { reader.read($0, at: 0) }
        #expect(records.map(\.message) == (Array(0...10) + Array(0...10)).map { "Loading weights: \($0 * 10) %" })
        #expect(records.allSatisfy { $0.pid == 3 && $0.fields.first == Record.Field("process", "Worker") })
        #expect(records[3].fields.last == Record.Field("percent", .integer(30)))
    }
}
