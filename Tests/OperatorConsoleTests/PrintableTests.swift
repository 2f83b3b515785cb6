import ControlProtocol
import Health
import OperatorConsole
import Testing

@Suite struct PrintableTests {
    @Test func nothingSteersTheTerminal() {
        #expect(Printable.text("a\u{1B}[31mb\u{7}\r\n\u{9B}2J\u{7F}") == #"a\x1b[31mb\x07\x0d\x0a\x9b2J\x7f"#)
        #expect(Printable.text("a\n\tb", keepsLines: true) == "a\n\tb")
        #expect(Printable.text("abc\u{202E}gnp.exe") == #"abc\u{202e}gnp.exe"#)
        #expect(Printable.text("Grüße, 漢字 🚢") == "Grüße, 漢字 🚢")
        for value in UInt32(0)..<0x2100 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = Printable.text(String(Character(scalar)))
            #expect(!text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) })
        }
    }

    @Test func cutsAtTheEdge() {
        #expect(Printable.cut("engine", to: 6) == "engine")
        #expect(Printable.cut("engines", to: 6) == "engin…")
        #expect(Printable.cut("漢字漢字", to: 5) == "漢字…")
        #expect(Printable.cut("漢字漢字", to: 4) == "漢…")
        #expect(Printable.cut("a", to: 0) == "")
        for columns in 1...12 { #expect(Printable.width(Printable.cut("ab漢字cd🚢ef", to: columns)) <= columns) }
    }

    @Test func prose() {
        #expect(Paragraph.wrap("one two three", to: 7) == "one two\nthree")
        #expect(Paragraph.wrap("incomprehensible x", to: 4) == "incomprehensible\nx")
        #expect(Paragraph.wrap("", to: 4) == "")
    }

    @Test func aLineOfTheLogIsWrittenHarmless() {
        let line =
            #"{"time":"2026-11-22T10:00:00.123Z","level":"error","service":"engine","pid":7,"message":"red \u001b[31m","n":3,"ok":true}"#
        let text = RecordText.log(line, color: false)
        #expect(text.contains("10:00:00.123") && text.contains("engine") && text.contains(#"red \x1b[31m"#))
        #expect(text.contains("n=3") && text.hasSuffix("\n") && !text.contains("\u{1B}"))
        #expect(RecordText.log("no \u{1B}JSON", color: true) == "no \\x1bJSON\n")
        #expect(RecordText.log("{}", color: false) == "{}\n")
        #expect(RecordText.log(#"{"message":{"a":1}}"#, color: false) == "{\"message\":{\"a\":1}}\n")
    }

    @Test func anEventShowsWhatHelps() {
        let event = ControlEvent(
            sequence: 1, time: 1_795_341_600, kind: "failed", level: "error", service: "engine",
            message: "engine failed after 3 s: killed by SIGKILL",
            fields: ["hint": .text("look at dmesg"), "seconds": .number(3)])
        let text = RecordText.event(event, color: false)
        #expect(
            text.contains("engine failed after 3 s") && text.contains("look at dmesg") && !text.contains("seconds="))
    }
}
