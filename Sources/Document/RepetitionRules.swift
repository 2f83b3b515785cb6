/// The rules one by one. Each takes a text and gives back what is to be kept of it, or nil where it does not apply.
///
/// Of what is repeated the first time is kept: it is most likely on the page. Lengths are in Unicode scalars.
enum RepetitionRules {
    typealias Text = [Unicode.Scalar]

    /// Rows of ornament shorter than this are no repetition.
    private static let ornament = 1000

    /// A line of more than 100 characters, of which more than half is a unit of at least 8 characters that the line ends
    /// with at least 5 times in a row.
    static func phrase(_ text: Text) -> Text? {
        var kept: Text = []
        var hasCut = false
        for (index, line) in lines(text).enumerated() {
            if index > 0 { kept.append("\n") }
            let words = trimmed(line)
            guard words.count > 100, let end = phraseAtEnd(of: words) else {
                kept += line
                continue
            }
            hasCut = true
            kept += trimmed(words.dropLast(end.length - end.period))
        }
        return hasCut ? kept : nil
    }

    private static func phraseAtEnd(of line: ArraySlice<Unicode.Scalar>) -> RepetitionPeriod? {
        let end = RepetitionPeriod.ofEnding(in: line) { candidate in
            // A unit of "ab" is one of "abababab" too.
            let unit = (8 + candidate.period - 1) / candidate.period * candidate.period
            let times = candidate.length / unit
            return times >= 5 && 2 * times * unit > line.count
        }
        return end.flatMap { isOrnament(line.suffix($0.length)) ? nil : $0 }
    }

    /// The whole text is one unit at least 10 times.
    static func whole(_ text: Text) -> Text? {
        let words = trimmed(text[...])
        guard let all = RepetitionPeriod.ofEnding(in: words, where: { $0.length == words.count }) else { return nil }
        var times = words.count / all.period
        // White space at the end of the last unit has been trimmed.
        let missing = words.prefix(all.period).dropFirst(words.count % all.period)
        if words.count % all.period > 0, missing.allSatisfy(\.properties.isWhitespace) { times += 1 }
        guard times >= 10, !isOrnament(words) else { return nil }
        return Array(trimmed(words.prefix(all.period)))
    }

    /// One line makes up at least 80 % of at least 10 lines, blank ones aside. The other lines are kept.
    static func lines(_ text: Text) -> Text? {
        let all = lines(text).map { (line: $0, words: trimmed($0)) }
        var counts: [ArraySlice<Unicode.Scalar>: Int] = [:]
        for (_, words) in all where !words.isEmpty { counts[words, default: 0] += 1 }
        let total = counts.values.reduce(0, +)
        guard total >= 10, let (most, count) = counts.max(by: { $0.value < $1.value }), count * 10 >= total * 8,
            !most.isOrnament || count * most.count >= ornament
        else { return nil }
        var kept: Text = []
        var isFirst = true
        for (index, (line, words)) in all.enumerated() {
            if words == most {
                guard isFirst else { continue }
                isFirst = false
            }
            if index > 0 { kept.append("\n") }
            kept += line
        }
        return kept
    }

    /// A text that was cut off for its length ends with a unit at least 5 times over at least 100 characters (1,000 of a
    /// table, whose empty rows are all alike), or 3 times over at least 600.
    static func tail(_ text: Text, isTable: Bool) -> Text? {
        let end = RepetitionPeriod.ofEnding(in: text[...]) { candidate in
            let times = candidate.length / candidate.period
            return candidate.length >= (isTable ? 1000 : 100) && times >= 5
                || candidate.length >= (isTable ? 2000 : 600) && times >= 3
        }
        guard let end, !isOrnament(text.suffix(end.length)) else { return nil }
        return Array(text.dropLast(end.length - end.period))
    }

    private static func isOrnament(_ repetition: ArraySlice<Unicode.Scalar>) -> Bool {
        repetition.count < ornament && repetition.isOrnament
    }

    private static func lines(_ text: Text) -> [ArraySlice<Unicode.Scalar>] {
        text.split(omittingEmptySubsequences: false) { $0 == "\n" }
    }

    private static func trimmed(_ text: ArraySlice<Unicode.Scalar>) -> ArraySlice<Unicode.Scalar> {
        let start = text.drop(while: \.properties.isWhitespace)
        guard let last = start.lastIndex(where: { !$0.properties.isWhitespace }) else { return start.prefix(0) }
        return start[...last]
    }
}
