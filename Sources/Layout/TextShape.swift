/// What the ink of an area looks like, line by line: running text, or the cells of a table.
struct TextShape {
    /// From the first ink to the last, in cells.
    let width: Int
    /// Lines of text; where lines touch one another, or in a figure, as many as would fit.
    let lines: Int
    /// How much of the width the lines take up, on average: 0…1. Low for words in the cells of a table, for verse and for
    /// an index.
    let reach: Double
    /// How much of the lines is white space wider than between words: 0…1.
    let holes: Double
    /// Of these, how many stand alone between white, as lines of text do and parts of a figure do not.
    let singleLines: Int
    /// How many of the lines begin where most of them do: 0…1. High for running text, low for cells set flush right.
    let leftEdge: Double
    /// Rows of each line, or of lines that touch.
    let runs: [Range<Int>]

    init?(of area: Area, in map: InkMap) {
        guard let area = map.trimmed(area) else { return nil }
        width = area.width
        runs = map.runsOfRows(in: area)
        let wordSpace = Int((2 * map.letter).rounded())
        var (lines, singles, reached, white) = (0, 0, 0, 0)
        var starts: [Int] = []
        for run in runs {
            // From one line to the next it is some 2.4 times the height of a small letter.
            let count = max(1, Int((Double(run.count) / (2.4 * map.letter)).rounded()))
            let words = map.runsOfColumns(in: area.rows(run))
            guard let first = words.first, let last = words.last else { continue }
            let extent = last.upperBound - first.lowerBound
            let gaps = zip(words, words.dropFirst()).map { $1.lowerBound - $0.upperBound }
            lines += count
            reached += count * extent
            if count <= 2 {
                singles += count
                starts.append(first.lowerBound)
            }
            white += count * gaps.filter { $0 > wordSpace }.reduce(0, +)
        }
        guard lines > 0 else { return nil }
        self.lines = lines
        singleLines = singles
        let letter = map.letter
        let usual = starts.map { start in starts.filter { abs(Double($0 - start)) <= letter }.count }.max() ?? 0
        leftEdge = Double(usual) / Double(max(1, starts.count))
        reach = Double(reached) / Double(lines * area.width)
        holes = Double(white) / Double(max(1, reached))
    }

    /// How many of the single lines here lie level with one on the other side: 0…1.
    func alignment(with other: TextShape, letter: Double) -> Double {
        guard !runs.isEmpty else { return 0 }
        let tolerance = max(1, 0.4 * letter)
        let aligned = runs.filter { run in
            other.runs.contains { abs(Double($0.upperBound - run.upperBound)) <= tolerance }
        }
        return Double(aligned.count) / Double(runs.count)
    }
}
