import Document
import TestSupport
import Testing

extension TestRandom {
    mutating func word(_ letters: String = "etaoinshrdluабвгдежз的一是不了") -> String {
        String((0..<Int.random(in: 1...11, using: &self)).map { _ in letters.randomElement(using: &self) ?? "x" })
    }

    mutating func line(_ words: Int) -> String { (0..<words).map { _ in word() }.joined(separator: " ") }
}

private func times(_ count: Int, _ text: String) -> String { String(repeating: text, count: count) }

/// Letters of which no two endings are alike.
private let noise = "Ein Satz, der sich nicht wiederholt und lang genug ist"

@Suite struct RepetitionTests {
    @Test func phraseBoundaries() {
        // 8 characters 5 times are 40, of a line that must have more than 100 characters: more than half is needed.
        let unit = "abcdefg "
        #expect(Repetition.find(in: String(noise.prefix(20)) + times(11, unit)) != nil)
        let found = Repetition.find(in: noise + ": " + times(8, unit))
        #expect(found?.rule == .phrase)
        #expect(found?.kept == noise + ": abcdefg" || found?.kept == noise + ": abcdefg")
        // 4 times, however long the unit is.
        #expect(Repetition.find(in: "x" + times(4, noise)) == nil)
        #expect(Repetition.find(in: "x" + times(5, noise))?.rule == .phrase)
        // A line of 100 characters, and one of 101. The last space is no part of either.
        let ninetyFive = times(12, "abcdefg ")
        #expect(ninetyFive.dropLast().count == 95)
        #expect(Repetition.find(in: "Xyzw " + ninetyFive) == nil)
        #expect(Repetition.find(in: "Vxyzw " + ninetyFive)?.kept == "Vxyzw abcdefg")
        // Half of the line, and more than half.
        let head = String((0..<60).map { Character(Unicode.Scalar(UInt8(48 + $0))) })
        #expect(head.count == 60)
        #expect(Repetition.find(in: head + times(6, "qrstuvwxyz")) == nil)
        #expect(Repetition.find(in: head.dropLast() + times(6, "qrstuvwxyz"))?.rule == .phrase)
        // A short unit is a long one too: "ab" 20 times is "abababab" 5 times.
        #expect(Repetition.find(in: "The end of " + times(50, "ab"))?.kept == "The end of ab")
    }

    @Test func phraseIsCutInEachLineAndTheOthersAreKept() {
        let text = "First line\r\n\nSecond: " + times(30, "go on and on. ") + "\nLast line\n"
        let found = Repetition.find(in: text)
        #expect(found?.rule == .phrase)
        #expect(found?.kept == "First line\r\n\nSecond: go on and on.\nLast line\n")
    }

    @Test func wholeBoundaries() {
        #expect(Repetition.find(in: times(9, "abcdefg")) == nil)
        #expect(Repetition.find(in: times(10, "abcdefg"))?.kept == "abcdefg")
        #expect(Repetition.find(in: times(10, "abcdefg"))?.rule == .whole)
        // Over 50 characters.
        #expect(Repetition.find(in: times(50, "a")) == nil)
        #expect(Repetition.find(in: times(51, "a"))?.kept == "a")
        // White space around does not hide it, nor does a unit of several lines.
        #expect(Repetition.find(in: "\n " + times(10, "abc def ") + "\n")?.kept == "abc def")
        #expect(Repetition.find(in: times(10, "one\ntwo\n"))?.kept == "one\ntwo")
        #expect(Repetition.find(in: times(9, "one\ntwo\n")) == nil)
        // What is cut in its last unit counts the whole ones.
        #expect(Repetition.find(in: times(10, "abcdefg") + "abc")?.rule == .whole)
        #expect(Repetition.find(in: times(9, "abcdefg") + "abc") == nil)
    }

    @Test func linesBoundaries() {
        func text(_ same: Int, _ others: Int) -> String {
            (0..<others).map { "Other line number \($0)\n" }.joined() + times(same, "  the same line\n\n")
        }
        #expect(Repetition.find(in: text(8, 1)) == nil)
        #expect(Repetition.find(in: text(8, 2))?.rule == .lines)
        #expect(Repetition.find(in: text(7, 3)) == nil)
        #expect(Repetition.find(in: text(15, 4)) == nil)
        let found = Repetition.find(in: text(16, 4))
        #expect(found?.kept.split(separator: "\n").count == 5)
        #expect(found?.kept.contains("Other line number 3\n") == true)
    }

    @Test func tailBoundaries() {
        let head = (0..<60).map { "\($0 * 7919) " }.joined()
        func find(_ tail: String, table: Bool = false) -> Repetition.Finding? {
            Repetition.find(
                in: (table ? times(4, head + noise.uppercased()) + times(300, "\(1)x") : "") + head + tail,
                isTable: table, isCutOff: true)
        }
        let unit = "alpha beta\ngamma 12\n"
        #expect(unit.count == 20)
        // 5 times, 100 characters.
        #expect(find(String(times(5, unit).dropFirst())) == nil)
        #expect(find(times(5, unit))?.rule == .tail)
        #expect(find(times(5, unit))?.kept.hasSuffix("\(59 * 7919) alpha beta\ngamma 12\n") == true)
        #expect(find(times(4, unit) + "alpha") == nil)
        // 3 times over 600.
        let long = times(2, (0..<26).map { "\($0)" }.joined()) + (50..<110).map { "\($0)\n" }.joined()
        #expect(long.count >= 200)
        #expect(find(times(3, long))?.rule == .tail)
        #expect(find(times(2, long)) == nil)
        // Only where the text was cut off.
        #expect(Repetition.find(in: head + times(5, unit)) == nil)
        // A unit that is cut in the middle.
        #expect(find(times(7, unit) + "alpha be")?.kept.hasSuffix(" alpha beta\ngamma 12\n") == true)
    }

    @Test func tablesAreLookedAtAboveFiveThousandCharacters() {
        #expect(Repetition.find(in: times(500, "0<fcel>abc"), isTable: true) == nil)
        #expect(Repetition.find(in: times(501, "0<fcel>abc"), isTable: true)?.rule == .phrase)
        #expect(Repetition.find(in: times(500, "0<fcel>abc"))?.rule == .phrase)
        var generator = TestRandom(seed: 5)
        let rows = (0..<400).map { _ in "<fcel>\(Int.random(in: 0...99, using: &generator))" }.joined() + "<nl>"
        let table = times(1, rows) + times(2, rows.uppercased())
        // Empty cells at the end of a long table that was cut off: 999 characters of them, and 1,000.
        let long = table + (0..<500).map { "<fcel>\($0)" }.joined()
        #expect(Repetition.find(in: long + "<ecel>" + times(165, "<ecel>"), isTable: true, isCutOff: true) == nil)
        #expect(
            Repetition.find(in: long + times(170, "<ecel>"), isTable: true, isCutOff: true)?.rule == .tail)
    }

    @Test func scalarsStayWhole() {
        let family = "👩‍👩‍👧 e\u{301} "
        let found = Repetition.find(in: "Überschrift " + times(40, family))
        #expect(found?.rule == .phrase)
        #expect(found?.kept == "Überschrift 👩‍👩‍👧 e\u{301}")
        #expect(Repetition.find(in: times(60, "的"))?.kept == "的")
        #expect(Repetition.find(in: times(60, "\u{301}")) == nil)
        #expect(Repetition.find(in: times(60, "\0")) == nil)
    }

    @Test(arguments: [
        "", "a", times(50, "ab ").prefix(50).description, times(400, " "), times(400, "\n"), times(400, "."),
        "Contents\n" + (1...40).map { "\($0). Chapter " + times(110, ".") + " \($0 * 7)\n" }.joined(),
        "Contents\n" + (1...40).map { "\($0). Chapter " + times(110, " .") + "\n" }.joined(),
        times(20, times(45, "_") + "\n"), "Name: " + times(120, "_"), times(30, "| --- | --- |\n"),
        times(8, "Yes\n") + "No, and why: because it is not so.\n",
        times(7, "idem\n") + "a line\nanother\nthe third\n" + noise,
    ])
    func honestTextsAreLeftAlone(_ text: String) {
        #expect(Repetition.find(in: text) == nil)
        #expect(Repetition.find(in: text, isTable: true) == nil)
    }

    @Test func endlessDotsAreFound() {
        #expect(Repetition.find(in: "Chapter 1 " + times(4000, "."))?.kept == "Chapter 1 .")
        #expect(Repetition.find(in: "Chapter 1\n" + times(300, ".....\n"), isCutOff: true)?.rule == .tail)
        #expect(Repetition.find(in: "Chapter 1\n" + times(300, ".....\n"))?.rule == .lines)
        #expect(Repetition.find(in: "Chapter 1 " + times(999, "."), isCutOff: true) == nil)
    }

    @Test(arguments: 0..<150)
    func randomTextsAreLeftAlone(_ seed: Int) {
        var generator = TestRandom(seed: UInt64(seed))
        let prose = (0..<Int.random(in: 1...60, using: &generator)).map { _ in
            generator.line(Int.random(in: 1...40, using: &generator))
        }
        #expect(Repetition.find(in: prose.joined(separator: "\n"), isCutOff: true) == nil)
        // A table of small numbers as plain text, one column of which is always the same.
        let rows = (0..<Int.random(in: 1...60, using: &generator)).map { row in
            (0..<12).map { column in column == 3 ? "0.00" : "\(Int.random(in: 0...99, using: &generator))" }
                .joined(separator: " ") + " \(row)"
        }
        #expect(Repetition.find(in: rows.joined(separator: "\n"), isCutOff: true) == nil)
        #expect(Repetition.find(in: rows.joined(separator: "\n"), isTable: true, isCutOff: true) == nil)
    }

    /// Whatever the unit, and wherever it is cut: it is found, what comes before it is kept, and the cut text is clean.
    @Test(arguments: 0..<150)
    func repetitionIsFoundBehindAnyText(_ seed: Int) {
        var generator = TestRandom(seed: UInt64(seed) &* 7919)
        let head = (0..<Int.random(in: 0...30, using: &generator)).map { _ in generator.line(9) }.joined(
            separator: "\n")
        let unit = generator.line(Int.random(in: 1...30, using: &generator)) + "\n"
        let count = max(6, 200 / unit.unicodeScalars.count + 2)
        let cut = unit.prefix(Int.random(in: 0..<unit.count, using: &generator))
        let text = head + "\n#\n" + times(count, unit) + cut
        guard let found = Repetition.find(in: text, isCutOff: true) else {
            Issue.record("nothing was found behind seed \(seed)")
            return
        }
        #expect(found.kept.hasPrefix(head + "\n#\n"))
        #expect(found.kept.unicodeScalars.count <= (head + unit).unicodeScalars.count + 5)
        #expect(found.kept.contains(unit.dropLast()))
        #expect(Repetition.find(in: found.kept, isCutOff: true) == nil)
    }
}

@Suite struct RepetitionWatchTests {
    private func stop(_ text: String, isTable: Bool = false, piece: Int = 7) -> Int? {
        var watch = RepetitionWatch(isTable: isTable)
        let characters = Array(text)
        for start in stride(from: 0, to: characters.count, by: piece) {
            let end = min(start + piece, characters.count)
            if watch.take(String(characters[start..<end])) { return end }
        }
        return nil
    }

    @Test(arguments: ["and so on ", "a", "a line\n", ".", "的一是", times(20, noise).prefix(180).description])
    func endlessRepetitionIsSeenSoon(_ unit: String) {
        for piece in [1, 7, 5000] {
            let head = (0..<300).map { "\($0) " }.joined()
            let end = stop(head + times(30_000 / unit.count, unit), piece: piece)
            #expect((end ?? 0) > head.count + 1999)
            #expect((end ?? .max) <= head.count + 2600 + max(piece, 8 * unit.count))
        }
    }

    @Test func longUnitsAreSeenWithinTheWindow() {
        var generator = TestRandom(seed: 1)
        let unit = String(generator.line(200).prefix(900)) + "\n"
        #expect(stop(times(20, unit)) != nil)
    }

    @Test func belowTheThresholdNothingIsSeen() {
        #expect(stop(noise + times(1999, "a") + noise) == nil)
        #expect(stop(times(7999, "<"), isTable: true) == nil)
        #expect(stop(times(1200, "<ecel>") + "<nl>", isTable: true) == nil)
        #expect(stop(times(2000, "<ecel>"), isTable: true) != nil)
    }

    @Test(arguments: 0..<20)
    func randomTextsAreLeftAlone(_ seed: Int) {
        var generator = TestRandom(seed: UInt64(seed))
        #expect(stop((0..<400).map { _ in generator.line(9) }.joined(separator: "\n")) == nil)
    }

    @Test func whatWasSeenStaysSeen() {
        var watch = RepetitionWatch()
        let seen = [times(5000, "ab"), noise, ""].map { watch.take($0) }
        #expect(seen == [true, true, true])
    }
}
