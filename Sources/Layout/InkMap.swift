/// Where a page has ink: a grid of cells, some hundred to the inch, with the sum of any rectangle of them in constant time.
package struct InkMap: Sendable {
    /// What a cell holds.
    package enum Cell {
        package static let paper: UInt8 = 0
        /// Paper inside a ruled table: no gap between columns of text, but a place to cut between rows all the same.
        package static let tablePaper: UInt8 = 1
        package static let ink: UInt8 = 8
    }

    package let width: Int
    package let height: Int
    /// Row by row from the top.
    package let cells: [UInt8]
    /// Height of an ordinary small letter (an x), in cells: the measure of all other distances.
    package let letter: Double
    /// At (x, y), row by row, the sum of all cells above y and left of x.
    private let sums: [Int32]

    /// - Parameters:
    ///   - cells: `width * height` of them, each one of `Cell`.
    ///   - letter: at least 1.
    package init(width: Int, height: Int, cells: [UInt8], letter: Double) {
        precondition(cells.count == width * height, "as many cells as width and height say")
        self.width = width
        self.height = height
        self.cells = cells
        self.letter = max(1, letter)
        let stride = width + 1
        sums = [Int32](unsafeUninitializedCapacity: stride * (height + 1)) { sums, count in
            sums[..<stride].initialize(repeating: 0)
            for y in 0..<height {
                var row: Int32 = 0
                sums.initializeElement(at: (y + 1) * stride, to: 0)
                for x in 0..<width {
                    row += Int32(cells[y * width + x])
                    sums.initializeElement(at: (y + 1) * stride + x + 1, to: sums[y * stride + x + 1] + row)
                }
            }
            count = stride * (height + 1)
        }
    }

    package var entire: Area { Area(left: 0, top: 0, right: width, bottom: height) }

    /// The sum of the cells of an area inside the map.
    package func sum(_ area: Area) -> Int {
        let stride = width + 1
        let (above, below) = (area.top * stride, area.bottom * stride)
        return Int(
            sums[below + area.right] - sums[above + area.right] - sums[below + area.left] + sums[above + area.left])
    }

    package func isWhite(_ area: Area) -> Bool {
        sum(area) == 0
    }

    /// The smallest area that holds everything that is not paper; nil where all is.
    package func trimmed(_ area: Area) -> Area? {
        guard !area.isEmpty, !isWhite(area) else { return nil }
        // The area has ink, so each search ends inside it.
        var result = area
        result.top = area.top + firstIndex(in: area.height) { !isWhite(area.rows(area.top..<area.top + $0)) } - 1
        result.bottom =
            area.bottom - firstIndex(in: area.height) { !isWhite(area.rows(area.bottom - $0..<area.bottom)) } + 1
        result.left = area.left + firstIndex(in: area.width) { !isWhite(area.columns(area.left..<area.left + $0)) } - 1
        result.right =
            area.right - firstIndex(in: area.width) { !isWhite(area.columns(area.right - $0..<area.right)) } + 1
        return result
    }

    /// The least number of 1…count for which a condition, once true for ever true, holds; `count` where it never does.
    private func firstIndex(in count: Int, where holds: (Int) -> Bool) -> Int {
        var (low, high) = (1, count)
        while low < high {
            let middle = (low + high) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Rows of an area, numbered as in the map, that lie together and are not all paper.
    package func runsOfRows(in area: Area) -> [Range<Int>] {
        runs(area.top..<area.bottom) { !isWhite(area.rows($0..<$0 + 1)) }
    }

    /// Columns of an area that lie together and are not all paper.
    package func runsOfColumns(in area: Area) -> [Range<Int>] {
        runs(area.left..<area.right) { !isWhite(area.columns($0..<$0 + 1)) }
    }

    private func runs(_ range: Range<Int>, _ holds: (Int) -> Bool) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var start: Int?
        for index in range {
            if holds(index) {
                if start == nil { start = index }
            } else if let begun = start {
                found.append(begun..<index)
                start = nil
            }
        }
        if let start { found.append(start..<range.upperBound) }
        return found
    }
}

/// A rectangle of cells; `right` and `bottom` lie just outside.
package struct Area: Sendable, Hashable {
    package var left: Int
    package var top: Int
    package var right: Int
    package var bottom: Int

    package init(left: Int, top: Int, right: Int, bottom: Int) {
        self.left = left
        self.top = top
        self.right = right
        self.bottom = bottom
    }

    package var width: Int { right - left }
    package var height: Int { bottom - top }
    package var isEmpty: Bool { width <= 0 || height <= 0 }

    package func rows(_ range: Range<Int>) -> Area {
        Area(left: left, top: range.lowerBound, right: right, bottom: range.upperBound)
    }

    package func columns(_ range: Range<Int>) -> Area {
        Area(left: range.lowerBound, top: top, right: range.upperBound, bottom: bottom)
    }

    /// Larger by some cells on each side, but not beyond a limit.
    package func grown(by margin: Int, within limit: Area) -> Area {
        Area(
            left: max(limit.left, left - margin), top: max(limit.top, top - margin),
            right: min(limit.right, right + margin), bottom: min(limit.bottom, bottom + margin))
    }
}
