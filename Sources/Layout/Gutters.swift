extension InkMap {
    /// The tallest white band between two columns of text in an area; nil where there are none side by side.
    ///
    /// White bands are also what is between the columns of a table and, for a few lines, between words. So a gutter must
    /// be wide for its height, and on both sides of it there must be what looks like a column: wide enough for a few
    /// words, of several lines that use that width and are not full of holes.
    package func gutter(in area: Area) -> Area? {
        let least = max(2, Int((1.1 * letter).rounded()))
        let shortest = Int((3 * Self.linePitch * letter).rounded())
        var best: (gutter: Area, measure: (Int, Int, Int))?
        for candidate in whiteRectangles(in: area, width: least, height: shortest) {
            guard candidate.left > area.left, candidate.right < area.right,
                let left = trimmed(
                    Area(left: area.left, top: candidate.top, right: candidate.left, bottom: candidate.bottom)),
                let right = trimmed(
                    Area(left: candidate.right, top: candidate.top, right: area.right, bottom: candidate.bottom))
            else { continue }
            let height = min(left.bottom, right.bottom) - max(left.top, right.top)
            guard height >= shortest, isWideEnough(candidate.width, height: height) else { continue }
            // Of bands beside the same lines the longer one: where one column goes on alone, it is still that column.
            let measure = (height, candidate.height, candidate.width)
            if let best, best.measure >= measure { continue }
            // Only where there is something on both sides does one side say what the other is beside.
            let both = max(left.top, right.top)..<min(left.bottom, right.bottom)
            guard areColumns(left.rows(both), right.rows(both), height: height) else { continue }
            let rows = min(left.top, right.top)..<max(left.bottom, right.bottom)
            best = (candidate.rows(rows), measure)
        }
        return best?.gutter
    }

    /// From the foot of one line to the foot of the next, in heights of a small letter.
    static let linePitch = 2.4

    /// The wider a band the fewer lines prove that it is no accident.
    private func isWideEnough(_ width: Int, height: Int) -> Bool {
        let lines = Double(height) / (Self.linePitch * letter)
        let letters = Double(width) / letter
        return letters >= 3 || letters >= 2 && lines >= 5 || letters >= 1.5 && lines >= 8 || lines >= 14
    }

    private func areColumns(_ left: Area, _ right: Area, height: Int) -> Bool {
        guard let one = TextShape(of: left, in: self), let other = TextShape(of: right, in: self) else { return false }
        for shape in [one, other] {
            guard Double(shape.width) >= 14 * letter, shape.lines >= 3, shape.holes <= 0.25 else { return false }
        }
        // A figure may stand beside text, but what is white inside a figure divides nothing.
        guard max(one.singleLines, other.singleLines) >= 3 else { return false }
        let reach = min(one.reach, other.reach)
        if reach >= 0.75, max(one.holes, other.holes) <= 0.15 { return true }
        guard Double(height) >= 6 * Self.linePitch * letter else { return false }
        if reach >= 0.4,
            min(one.alignment(with: other, letter: letter), other.alignment(with: one, letter: letter)) < 0.7
        {
            return true
        }
        // Short lines that lie level on both sides are the rows of a table; or an index or a listing, if they are many and
        // begin below one another.
        return reach >= 0.3 && min(one.lines, other.lines) >= 25 && other.leftEdge >= 0.4
    }
}
