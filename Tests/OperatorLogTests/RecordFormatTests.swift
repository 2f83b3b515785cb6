import FoundationEssentials
import OperatorLog
import Testing

@Suite struct RecordFormatTests {
    private let record = Record(
        time: 1_795_345_200.25, level: .error, service: "api", pid: 3, message: "a \"b\"\\\n\u{1}",
        fields: [
            Record.Field("n", .integer(-1)), Record.Field("share", .number(0.5)), Record.Field("ok", .flag(false)),
            Record.Field("t", "é\u{202E}\u{85}😀\u{E0041}"),
        ])

    @Test func json() {
        #expect(
            RecordFormat.json.line(for: record)
                == #"{"time":"2026-11-22T11:00:00.250Z","level":"error","service":"api","pid":3,"message":"a \"b\"\\\n\u0001","n":-1,"share":0.5,"ok":false,"t":"é\u202e\u0085😀\udb40\udc41"}"#
                + "\n")
    }

    @Test func noNameStandsTwice() {
        var record = Record(time: 0, level: .info, service: "x", message: "m")
        record.fields = ["pid", "n", "n", "message", "message_2", "n", "n_2", "time"].map { Record.Field($0, "v") }
        let names = ["pid_2", "n", "n_3", "message_3", "message_2", "n_4", "n_2", "time_2"]
        #expect(
            RecordFormat.json.line(for: record)
                == #"{"time":"1970-01-01T00:00:00.000Z","level":"info","service":"x","message":"m""#
                + names.map { ",\"\($0)\":\"v\"" }.joined() + "}\n")
    }

    @Test func whatJSONCannotWriteIsText() {
        let record = Record(
            time: .infinity, level: .info, service: "", message: "",
            fields: [
                Record.Field("a", .number(.infinity)), Record.Field("b", .number(.nan)),
                Record.Field("c", .number(1e300)),
            ])
        #expect(RecordFormat.json.line(for: record).hasSuffix(#""message":"","a":"inf","b":"nan","c":1e+300}"# + "\n"))
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_399.999, "2000-02-28T23:59:59.999Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (951_868_800, "2000-03-01T00:00:00.000Z"), (4_107_542_400, "2100-03-01T00:00:00.000Z"),
            (1_767_225_599.5, "2025-12-31T23:59:59.500Z"),
            (-0.001, "1969-12-31T23:59:59.999Z"), (-62_135_596_800, "0001-01-01T00:00:00.000Z"),
            (1e18, "9999-12-31T23:59:59.000Z"),
        ] as [(Double, String)]) func times(seconds: Double, text: String)
    {
        let line = RecordFormat.json.line(for: Record(time: seconds, level: .info, service: "x", message: ""))
        #expect(line.hasPrefix("{\"time\":\"\(text)\""))
    }

    @Test func console() {
        let lines = [
            Record(
                time: 1_795_345_200.25, level: .info, service: "coxswain", message: "ready",
                fields: [Record.Field("after", "41 s"), Record.Field("n", .integer(3))]),
            Record(
                time: 1_795_345_200.25, level: .warning, service: "engine", pid: 7, message: "low",
                fields: [Record.Field("process", "APIServer"), Record.Field("source", "a.py:1")]),
            Record(
                time: 1_795_345_200.25, level: .error, service: "engine", pid: 7, message: "ValueError: no",
                fields: [Record.Field("traceback", "File \"a\", line 1\n  f()")]),
            Record(time: 1_795_345_200.25, level: .debug, service: "a-very-long-name", message: "x\ny\u{1B}[31m"),
        ].map { RecordFormat.console.line(for: $0) }.joined()
        #expect(
            lines == """
                11:00:00.250 coxswain         ready after="41 s" n=3
                11:00:00.250 engine    warn   low process=APIServer pid=7 source=a.py:1
                11:00:00.250 engine    error  ValueError: no pid=7
                                              File "a", line 1
                                                f()
                11:00:00.250 a-very-long-name debug  x
                                              y

                """)
    }

    @Test(arguments: [
        (#"plain"#, #"plain"#), (#""#, #""""#), (#"two words"#, #""two words""#), (#"a\b"#, #"a\b"#),
        (#"set "a" and \b"#, #""set \"a\" and \\b""#), (#"""#, #""\"""#),
    ])
    func aValueOfTheConsoleEndsWhereItIsSeenToEnd(value: String, shown: String) {
        let record = Record(
            time: 0, level: .info, service: "engine", message: "m",
            fields: [Record.Field("hint", .text(value)), Record.Field("n", .integer(1))])
        #expect(RecordFormat.console.line(for: record).hasSuffix(" m hint=\(shown) n=1\n"))
    }

    @Test func theLineThatAWarningIsAboutIsLeftOutForPeopleAndNoOtherCode() {
        func line(_ fields: [Record.Field]) -> String {
            RecordFormat.console.line(
                for: Record(time: 0, level: .warning, service: "engine", message: "m", fields: fields))
        }
        #expect(
            line([Record.Field("source", "a.py:1"), Record.Field("code", "x = 1")]).hasSuffix(" m source=a.py:1\n"))
        #expect(
            line([Record.Field("code", "not_found"), Record.Field("status", .integer(404))]).hasSuffix(
                " m code=not_found status=404\n"))
    }

    @Test func coloursChangeNothingElse() {
        let plain = RecordFormat.console.line(for: record)
        var text = ""
        var isStyle = false
        for scalar in RecordFormat.console.line(for: record, color: true).unicodeScalars {
            if scalar == "\u{1B}" {
                isStyle = true
            } else if !isStyle {
                text.unicodeScalars.append(scalar)
            } else if scalar == "m" {
                isStyle = false
            }
        }
        #expect(text == plain)
    }

    struct Decoded: Decodable, Equatable {
        var level: String
        var service: String
        var pid: Int32?
        var message: String
        var n: Int
        var share: Double
        var ok: Bool
        var t: String
    }

    @Test func aJSONLineReadsAsItWasWritten() throws {
        let line = RecordFormat.json.line(for: record)
        let decoded = try JSONDecoder().decode(Decoded.self, from: Data(line.utf8))
        #expect(
            decoded
                == Decoded(
                    level: "error", service: "api", pid: 3, message: record.message, n: -1, share: 0.5, ok: false,
                    t: record.fields[3].value.description))
    }
}
