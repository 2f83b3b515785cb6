import Document
import TestSupport
import Testing

@Suite struct MarkdownNormaliseTests {
    @Test(arguments: [
        ("", ""),
        ("one", "one"),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree"),
        ("one  \ntwo\t \n", "one\ntwo"),
        ("\n\n  \none", "one"),
        ("  indented stays", "  indented stays"),
        ("one\n\n\n\ntwo", "one\n\ntwo"),
        ("one\r\n\r\n\r\ntwo", "one\n\ntwo"),
        ("one\u{0C}", "one"),
        ("one\u{0C}two", "one\ntwo"),
        ("a\u{0}b\u{7}c\u{7F}d\u{85}e\u{FEFF}f", "abcdef"),
        ("a\tb", "a\tb"),
        ("один\n \nдва", "один\n\nдва"),
        ("\u{0}\n\u{1}", ""),
    ])
    func normalises(_ text: String, _ expected: String) {
        #expect(Markdown.normalise(text) == expected)
    }

    @Test func normalisingTwiceChangesNothing() {
        let once = Markdown.normalise("a \r\n\r\n\r\nb\u{0C}\u{0C}c  ")
        #expect(once == "a\n\nb\n\nc")
        #expect(Markdown.normalise(once) == once)
    }

    /// A tab at the end goes, and has the text looked at more closely than one without: both ways agree.
    @Test func theShortWayIsTheLongOne() {
        var random = TestRandom(seed: 2026)
        let pieces = [
            "a", "Ж", "，", "\n", "\n", "\n\n", " ", " \n", "\u{85}", "\u{FEFF}", "\u{FF3B}", "é", "\u{C0}", "\r", "b\n",
            "\u{7F}",
        ]
        for _ in 0..<2000 {
            // Mostly of what needs nothing done.
            let pool = pieces.prefix(Int.random(in: 1...pieces.count, using: &random))
            let text = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                pool.randomElement(using: &random) ?? ""
            }.joined()
            #expect(Markdown.normalise(text) == Markdown.normalise(text + "\t"))
        }
    }
}

@Suite struct MarkdownAssembleTests {
    @Test func nothingIsEmpty() {
        #expect(Markdown.assemble([]) == "")
        #expect(Markdown.assemble([Page(number: 1, outcome: .ok, text: " \n")]) == "")
    }

    @Test func pagesAreMarkedFromTheSecondOn() {
        let pages = [
            Page(number: 1, outcome: .ok, text: "First.\n"),
            Page(number: 2, outcome: .ok, text: ""),
            Page(number: 3, outcome: .ok, text: "Third,\nline two.\n\u{0C}"),
        ]
        #expect(
            Markdown.assemble(pages) == """
                First.

                <!-- page 2 -->

                <!-- page 3 -->

                Third,
                line two.

                """)
    }

    @Test func failedPageLeavesANoteOnOneLineAndNoText() {
        let pages = [
            Page(number: 6, outcome: .ok, text: "Six."),
            Page(number: 7, outcome: .failed, reason: "the engine gave\n\nno answer", text: "left over"),
            Page(number: 8, outcome: .failed),
        ]
        #expect(
            Markdown.assemble(pages) == """
                Six.

                <!-- page 7 -->

                > Page 7 could not be read: the engine gave no answer

                <!-- page 8 -->

                > Page 8 could not be read: no reason was given

                """)
    }

    @Test func degradedPageKeepsItsText() {
        let page = Page(number: 1, outcome: .degraded, reason: "the text was cut", text: "Half a")
        #expect(Markdown.assemble([page]) == "> Page 1 may be incomplete: the text was cut\n\nHalf a\n")
    }
}
