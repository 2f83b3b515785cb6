extension InkMap {
    /// The page's columns of text and what spans them, in the order in which they are read: what spans, then column by
    /// column below it from the left to the right, and so on down the page (a recursive XY-cut that looks for columns
    /// first). A page of one column is one area. Areas do not overlap, and no ink lies outside all of them.
    ///
    /// Scripts that run from right to left, and vertical text, are not handled: their columns come out from the left.
    package func columns() -> [Area] {
        var found: [Area] = []
        order(entire, depth: 0, into: &found)
        return found
    }

    private func order(_ area: Area, depth: Int, into found: inout [Area]) {
        guard let area = trimmed(area) else { return }
        guard depth < Self.deepest, let gutter = gutter(in: area) else {
            found.append(area)
            return
        }
        var top = whitestRow(near: start(of: gutter, in: area), in: area)
        var bottom = whitestRow(near: gutter.bottom, in: area)
        if depth == 0 { (top, bottom) = withoutRunningLines(top, bottom, in: area) }
        guard bottom > top else {
            found.append(area)
            return
        }
        let middle = (gutter.left + gutter.right) / 2
        let parts = [
            area.rows(area.top..<top), Area(left: area.left, top: top, right: middle, bottom: bottom),
            Area(left: middle, top: top, right: area.right, bottom: bottom), area.rows(bottom..<area.bottom),
        ]
        for part in parts { order(part, depth: depth + 1, into: &found) }
    }

    /// Beyond this a page is cut no further into columns: nothing that people print is nested so deep.
    private static let deepest = 12

    /// The row where columns begin beside a gutter. A last line of what spans them, when it is short, leaves the gutter
    /// white beside it: lines on the left alone are counted to what is above, which is read before them anyway.
    private func start(of gutter: Area, in area: Area) -> Int {
        guard gutter.top > area.top,
            let right = trimmed(Area(left: gutter.right, top: gutter.top, right: area.right, bottom: gutter.bottom))
        else { return gutter.top }
        return max(gutter.top, right.top)
    }

    /// Where the rows at an end of a gutter are divided: not through a line of the column beside what spans.
    private func whitestRow(near row: Int, in area: Area) -> Int {
        if row <= area.top { return area.top }
        if row >= area.bottom { return area.bottom }
        let reach = Int((Self.linePitch * letter).rounded())
        let rows = max(area.top, row - reach)...min(area.bottom - 1, row + reach)
        // Of rows with equally little ink the nearest.
        return rows.min { one, other in
            let (first, second) = (sum(area.rows(one..<one + 1)), sum(area.rows(other..<other + 1)))
            return first == second ? abs(one - row) < abs(other - row) : first < second
        } ?? row
    }

    /// A page's first and last line, if they stand apart, are read across: a running title with a page number.
    private func withoutRunningLines(_ top: Int, _ bottom: Int, in area: Area) -> (top: Int, bottom: Int) {
        let runs = runsOfRows(in: area)
        guard runs.count >= 3 else { return (top, bottom) }
        let (lineHeight, apart) = (3 * letter, 2 * letter)
        var result = (top: top, bottom: bottom)
        if top <= runs[0].lowerBound, Double(runs[0].count) <= lineHeight,
            Double(runs[1].lowerBound - runs[0].upperBound) >= apart
        {
            result.top = runs[0].upperBound + 1
        }
        let (last, before) = (runs[runs.count - 1], runs[runs.count - 2])
        if bottom >= last.upperBound, Double(last.count) <= lineHeight,
            Double(last.lowerBound - before.upperBound) >= apart
        {
            result.bottom = last.lowerBound - 1
        }
        return result
    }
}
