import OperatorLog
import Testing

@Suite struct LineSplitterTests {
    private func lines(_ text: String) -> [String] { lines(Array(text.utf8)) }

    private func lines(_ bytes: [UInt8]) -> [String] {
        var splitter = LineSplitter()
        return splitter.feed(bytes) + (splitter.finish().map { [$0] } ?? [])
    }

    @Test func linesMayArriveInAnyPieces() {
        let text = Array("one\ntwo\r\n\nthree\rfour\u{1B}[31m\né…\n".utf8)
        for cut in 0...text.count {
            var splitter = LineSplitter()
            var lines = splitter.feed(text[..<cut]) + splitter.feed(text[cut...])
            if let rest = splitter.finish() { lines.append(rest) }
            #expect(lines == ["one", "two", "three", "four", "é…"])
        }
    }

    @Test func whatHasNoEndYetCanBeSeen() {
        var splitter = LineSplitter()
        #expect(splitter.feed(Array("one\r40%| 2/5".utf8)) == ["one"] && splitter.pending == "40%| 2/5")
        #expect(splitter.feed(Array("\r".utf8)) == ["40%| 2/5"] && splitter.pending == nil)
    }

    @Test func aLongLineIsCutWithItsCount() {
        var splitter = LineSplitter(limit: 10)
        for _ in 0..<1000 { #expect(splitter.feed(repeatElement(UInt8(ascii: "x"), count: 1000)) == []) }
        #expect(splitter.feed([0x0A]) == ["xxxxxxxxxx… (999990 bytes cut)"])
        #expect(splitter.feed(Array("next\n".utf8)) == ["next"])
    }

    /// A gigabyte without an end is told twice, whatever the chunks: once while it lasts, and once when it is over.
    @Test func aLineThatGoesOnIsToldWhileItLasts() {
        var splitter = LineSplitter(limit: 8)
        let chunk = Array(repeating: UInt8(ascii: "y"), count: 65536)
        var told: [String] = []
        for _ in 0..<64 { told += splitter.feed(chunk) }
        #expect(told == ["yyyyyyyy… (a line that goes on: more than 1048576 bytes cut so far)"])
        #expect(splitter.finish() == "yyyyyyyy… (\(64 * 65536 - 8) bytes cut)")
    }

    @Test func aCutIsBetweenCharacters() {
        for limit in 4...9 {
            var splitter = LineSplitter(limit: limit)
            let line = splitter.feed(Array("aé€😀zzzzzzz\n".utf8)).first ?? ""
            let kept = line.prefix { $0 != "…" }
            #expect("aé€😀zzzzzzz".hasPrefix(kept))
            #expect(line.hasSuffix("… (\(17 - kept.utf8.count) bytes cut)"))
        }
        // Without any beginning of a character there is nothing to go back to.
        var splitter = LineSplitter(limit: 2)
        #expect(splitter.feed([0xBF, 0xBF, 0xBF, 0x0A]) == ["\\xbf\\xbf… (1 bytes cut)"])
    }

    /// What is written, and what is shown.
    static let shown: [(String, String)] = [
        ("\u{1B}[1;31mred\u{1B}[0m text", "red text"),
        ("\u{1B}[38;2;1;2;3mtrue\u{1B}[K colour", "true colour"),
        ("\u{1B}]0;a title\u{7}text", "text"),
        ("\u{1B}]8;;https://example.org\u{1B}\\link\u{1B}]8;;\u{1B}\\ text", "link text"),
        ("\u{1B}(Btext\u{1B}=", "text"),
        ("a\u{1B}Pdata\u{1B}\\b", "ab"),
        // Broken ones hide nothing.
        ("\u{1B}[31", "\\x1b[31"),
        ("\u{1B}[31\u{7}m", "\\x1b[31\\x07m"),
        ("\u{1B}]0;no end", "\\x1b]0;no end"),
        ("\u{1B}]0;\u{1B}[31mtext", "\\x1b]0;text"),
        ("end\u{1B}", "end\\x1b"),
        (
            "\u{1B}[" + String(repeating: "1;", count: 40) + "mtext",
            "\\x1b[" + String(repeating: "1;", count: 40) + "mtext"
        ),
        (
            "\u{1B}]0;" + String(repeating: "x", count: 3000) + "\u{7}end",
            "\\x1b]0;" + String(repeating: "x", count: 3000) + "\\x07end"
        ),
        // Controls, and what changes how others are shown.
        ("a\u{8}b\u{0}c\u{7F}d\te", "a\\x08b\\x00c\\x7fd\te"),
        ("a\u{85}b\u{9B}31mc", "a\\u0085b\\u009b31mc"),
        ("a\u{202E}b\u{2066}c\u{2028}d\u{200B}e\u{FEFF}f", "a\\u202eb\\u2066c\\u2028d\\u200be\\ufefff"),
        ("a\u{E0041}b", "a\\u{e0041}b"),
        ("naïve 日本語 😀 ü", "naïve 日本語 😀 ü"),
    ]

    @Test(arguments: shown) func isMadeSafe(written: String, shown: String) { #expect(lines(written) == [shown]) }

    @Test(
        arguments: [
            ([0x61, 0xFF, 0x62], "a\\xffb"), ([0xC3], "\\xc3"), ([0xE2, 0x82], "\\xe2\\x82"),
            ([0xC0, 0xAF], "\\xc0\\xaf"),
            ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80"), ([0xF4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80"),
            ([0xF0, 0x9F, 0x98, 0x80], "😀"), ([0x80, 0x41], "\\x80A"),
        ] as [([UInt8], String)]) func whatIsNoUTF8IsVisible(bytes: [UInt8], shown: String)
    { #expect(lines(bytes) == [shown]) }
}
