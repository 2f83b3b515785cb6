import OperatorLog
import Testing

@Suite struct LineSplitterTests {
    @Test func linesMayArriveInAnyPieces() {
        let text = Array("one\ntwo\r\n\nthree\rfour".utf8)
        for cut in 0...text.count {
            var splitter = LineSplitter()
            var lines = splitter.feed(text[..<cut]) + splitter.feed(text[cut...])
            if let rest = splitter.finish() { lines.append(rest) }
            #expect(lines == ["one", "two", "three", "four"])
        }
    }

    @Test func whatHasNoEndYetCanBeSeen() {
        var splitter = LineSplitter()
        #expect(splitter.feed(Array("one\r40%| 2/5".utf8)) == ["one"] && splitter.pending == "40%| 2/5")
        #expect(splitter.feed(Array("\r".utf8)) == ["40%| 2/5"] && splitter.pending == nil)
    }

    @Test func aLineWithoutEndIsCutInBoundedMemory() {
        var splitter = LineSplitter(limit: 10)
        for _ in 0..<1000 { #expect(splitter.feed(repeatElement(UInt8(ascii: "x"), count: 1000)) == []) }
        #expect(splitter.feed([0x0A]) == ["xxxxxxxxxx… (999990 bytes cut)"])
    }

    @Test func everyByteIsMadeSafe() {
        var splitter = LineSplitter()
        let lines = splitter.feed((0...255).map { UInt8($0) } + [0x0A])
        for line in lines {
            #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F || $0 == "\t" })
        }
    }

    @Test func coloursAreDropped() {
        var splitter = LineSplitter()
        #expect(splitter.feed(Array("\u{1B}[1;31mred\u{1B}[0m text\n".utf8)) == ["red text"])
    }
}

@Suite struct LineParserTests {
    private func parse(_ line: String) -> Record { LineParser.parse(line, service: "engine", pid: 7, time: 0) }

    @Test(arguments: [
        ("(APIServer pid=7) INFO 11-22 10:00:00 [api.py:1] started", Record.Level.info),
        ("(EngineCore pid=9) ERROR 11-22 10:00:00 [core.py:2] no", .error),
        ("WARNING: low", .warning), ("hello INFO", .info), ("CRITICAL x", .error), ("", .info), ("(", .info),
    ]) func readsLevels(line: String, level: Record.Level) {
        let record = parse(line)
        #expect(record.level == level)
        #expect(record.message == line)
    }

    @Test func readsOurOwnProgramsLines() {
        let record = parse(#"{"time":"x","level":"warning","message":"slow","pages":3,"ok":true,"share":0.5}"#)
        #expect(
            record
                == Record(
                    time: 0, level: .warning, service: "engine", pid: 7, message: "slow",
                    fields: [("ok", "true"), ("pages", "3"), ("share", "0.5")]))
    }

    @Test func aCriticalLineIsAnError() {
        #expect(parse(#"{"level":"critical","message":"cannot serve"}"#).level == .error)
    }

    @Test(arguments: ["{", #"{"a":1}"#, #"{"message":{"x":1}}"#, "{}"]) func whatIsNoRecordIsText(line: String) {
        #expect(parse(line).message == line)
    }
}

@Suite struct RecordFormatTests {
    private let record = Record(
        time: 1_795_345_200.25, level: .error, service: "api", pid: 3, message: "a \"b\"\\\n\u{1}", fields: [("n", "1")]
    )

    @Test func json() {
        #expect(
            RecordFormat.json.line(for: record)
                == #"{"time":"2026-11-22T11:00:00.250Z","level":"error","service":"api","pid":3,"message":"a \"b\"\\\n\u0001","n":"1"}"#
                + "\n")
    }

    @Test func console() {
        var record = record
        record.message = "gone"
        #expect(RecordFormat.console.line(for: record) == "11:00:00.250 api       error: gone n=1\n")
    }
}
