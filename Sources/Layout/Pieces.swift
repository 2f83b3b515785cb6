extension InkMap {
    /// Cuts an area of one column across into as few pieces as keep to a height, from the top to the bottom.
    ///
    /// Cuts lie where the white between lines is highest, which is between paragraphs; where there is no white at all, as
    /// in a photograph, in the row of least ink.
    ///
    /// - Parameter tallest: in cells, at least 1.
    package func pieces(of area: Area, tallest: Int) -> [Area] {
        var pieces: [Area] = []
        var rest = area
        while let trimmed = trimmed(rest) {
            guard trimmed.height > tallest else {
                pieces.append(trimmed)
                break
            }
            let row = cut(trimmed, tallest: max(1, tallest))
            if let piece = self.trimmed(trimmed.rows(trimmed.top..<row)) { pieces.append(piece) }
            rest = trimmed.rows(row..<trimmed.bottom)
        }
        return pieces
    }

    /// The first row of what is left when a piece is cut off an area.
    private func cut(_ area: Area, tallest: Int) -> Int {
        let count = (area.height + tallest - 1) / tallest
        let highest = area.top + tallest
        // So far down that the rest needs no more pieces than it must, and a piece is not a single line.
        let lowest = max(area.bottom - (count - 1) * tallest, area.top + tallest / 2)
        let gaps = whiteRuns(in: area, from: min(lowest, highest), to: highest)
        // Among gaps alike the last, so that the pieces are few.
        if let gap = gaps.max(by: { ($0.count, $0.lowerBound) < ($1.count, $1.lowerBound) }) {
            return (gap.lowerBound + gap.upperBound + 1) / 2
        }
        // One piece more, and not a line cut in two.
        let earlier = whiteRuns(in: area, from: area.top + max(1, tallest / 3), to: highest)
        if let gap = earlier.last { return (gap.lowerBound + gap.upperBound + 1) / 2 }
        let rows = (area.top + max(1, tallest * 2 / 3))...max(highest, area.top + max(1, tallest * 2 / 3))
        return rows.min { one, other in
            (sum(area.rows(one..<one + 1)), -one) < (sum(area.rows(other..<other + 1)), -other)
        } ?? highest
    }

    private func whiteRuns(in area: Area, from first: Int, to last: Int) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var start: Int?
        for row in first...last {
            let white = row < area.bottom && isWhite(area.rows(row..<row + 1))
            if white, start == nil { start = row }
            if !white || row == last, let begun = start {
                let end = white ? row + 1 : row
                runs.append(begun..<end)
                start = nil
            }
        }
        return runs
    }
}
