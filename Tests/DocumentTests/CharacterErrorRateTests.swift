import Document
import Testing

@Suite struct CharacterErrorRateTests {
    @Test(arguments: [
        ("", "", 0.0),
        ("made up", "", 1.0),
        ("", "four", 1.0),
        ("same", "same", 0.0),
        ("kitten", "sitting", 3.0 / 7),
        ("sitting", "kitten", 3.0 / 6),
        ("abcabcabc", "abc", 2.0),
        ("мир", "пир", 1.0 / 3),
    ])
    func countsEdits(_ recognised: String, _ reference: String, _ expected: Double) {
        #expect(CharacterErrorRate.between(recognised: recognised, reference: reference) == expected)
    }

    @Test func whiteSpaceIsFoldedOnlyOnRequest() {
        #expect(CharacterErrorRate.between(recognised: " a\n\tb ", reference: "a b") == 0)
        #expect(CharacterErrorRate.between(recognised: "a\u{A0}b", reference: "a b") == 0)
        #expect(CharacterErrorRate.between(recognised: "a\nb", reference: "a b", foldingWhitespace: false) == 1.0 / 3)
    }

    @Test func scalarsCountNotGraphemes() {
        // A decomposed é has two scalars, the composed one: a substitution and an insertion.
        #expect(CharacterErrorRate.between(recognised: "e\u{301}", reference: "\u{E9}") == 2)
    }

    @Test(.timeLimit(.minutes(1))) func wholePageIsFeasible() {
        let page = String(repeating: "Съешь ещё этих мягких французских булок. ", count: 100)
        let noisy = String(page.unicodeScalars.enumerated().map { $0.offset % 50 == 0 ? "x" : Character($0.element) })
        let rate = CharacterErrorRate.between(recognised: noisy, reference: page)
        #expect(rate > 0.019 && rate <= 0.021)
    }
}
