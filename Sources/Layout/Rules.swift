/// Ruled lines of a page: frames and lines between columns are taken away, as they would hide the white between columns;
/// ruled tables are filled in, so that nothing cuts them into columns.
struct Rules {
    private var cells: [UInt8]
    private let width: Int
    private let height: Int
    private let letter: Double

    private init(cells: [UInt8], width: Int, height: Int, letter: Double) {
        self.cells = cells
        self.width = width
        self.height = height
        self.letter = letter
    }

    /// - Parameters: as in `InkMap.init`.
    /// - Returns: the cells with rules taken away and tables filled in.
    static func settled(cells: [UInt8], width: Int, height: Int, letter: Double) -> [UInt8] {
        var rules = Rules(cells: cells, width: width, height: height, letter: max(1, letter))
        rules.settle()
        return rules.cells
    }

    private mutating func settle() {
        let upright = lines(upright: true)
        guard !upright.isEmpty else { return }
        let level = lines(upright: false)
        for group in Self.groups(upright + level, reach: 2) {
            let (uprights, levels) = (group.filter { $0 < upright.count }, group.filter { $0 >= upright.count })
            guard !uprights.isEmpty else { continue }
            let all = upright + level
            let members = group.map { all[$0] }
            if let box = table(upright: uprights.map { all[$0] }, level: levels.map { all[$0] }) {
                replace(in: box) { $0 == InkMap.Cell.paper ? InkMap.Cell.tablePaper : $0 }
            } else {
                for line in members { replace(in: line) { _ in InkMap.Cell.paper } }
            }
        }
    }

    /// The box of lines that touch one another, if they are those of a table: rows of lower height than text columns
    /// have, and a line between columns.
    private func table(upright: [Area], level: [Area]) -> Area? {
        guard level.count >= 2, var box = upright.first else { return nil }
        for line in upright + level {
            box = Area(
                left: min(box.left, line.left), top: min(box.top, line.top), right: max(box.right, line.right),
                bottom: max(box.bottom, line.bottom))
        }
        let inset = Int(2 * letter)
        let divides = upright.contains { $0.left > box.left + inset && $0.right < box.right - inset }
        return divides && (level.count >= 3 || Double(box.height) < 30 * letter) ? box : nil
    }

    private mutating func replace(in area: Area, _ change: (UInt8) -> UInt8) {
        for y in area.top..<area.bottom {
            for x in area.left..<area.right { cells[y * width + x] = change(cells[y * width + x]) }
        }
    }

    /// Long thin runs of ink. A line that is a little askew is a stair of runs, side by side.
    private func lines(upright: Bool) -> [Area] {
        let (along, across) = upright ? (height, width) : (width, height)
        let least = Int((8 * letter).rounded())
        let thickest = max(3, Int(letter.rounded()))
        var open: [(range: Range<Int>, first: Int, last: Int)] = []
        var found: [(range: Range<Int>, first: Int, last: Int)] = []
        for lane in 0..<across {
            for run in runs(lane, along: along, upright: upright, least: least) {
                let touching = open.firstIndex {
                    $0.last >= lane - 1 && $0.range.lowerBound <= run.upperBound + 2
                        && run.lowerBound <= $0.range.upperBound + 2
                }
                if let touching {
                    let range = open[touching].range
                    open[touching].range =
                        min(range.lowerBound, run.lowerBound)..<max(range.upperBound, run.upperBound)
                    open[touching].last = lane
                } else {
                    open.append((run, lane, lane))
                }
            }
            found += open.filter { $0.last < lane }
            open.removeAll { $0.last < lane }
        }
        return (found + open).filter { $0.last - $0.first < thickest }.map { line in
            upright
                ? Area(
                    left: line.first, top: line.range.lowerBound, right: line.last + 1, bottom: line.range.upperBound)
                : Area(
                    left: line.range.lowerBound, top: line.first, right: line.range.upperBound, bottom: line.last + 1)
        }
    }

    private func runs(_ lane: Int, along: Int, upright: Bool, least: Int) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var length = 0
        cells.withUnsafeBufferPointer { cells in
            for index in 0...along {
                let inked = index < along && cells[upright ? index * width + lane : lane * width + index] != 0
                if inked {
                    length += 1
                } else {
                    if length >= least { found.append(index - length..<index) }
                    length = 0
                }
            }
        }
        return found
    }

    /// Indices of areas that touch one another, directly or through others.
    private static func groups(_ areas: [Area], reach: Int) -> [[Int]] {
        var group = Array(areas.indices)
        func root(_ index: Int) -> Int {
            var index = index
            while group[index] != index { index = group[index] }
            return index
        }
        // A page with more lines than this is a drawing: its lines are not those of tables.
        guard areas.count <= 1500 else { return [] }
        for one in areas.indices {
            for other in areas.indices where other > one {
                let (first, second) = (areas[one], areas[other])
                if first.left <= second.right + reach, second.left <= first.right + reach,
                    first.top <= second.bottom + reach, second.top <= first.bottom + reach
                {
                    group[root(other)] = root(one)
                }
            }
        }
        return Dictionary(grouping: areas.indices, by: root).values.sorted { $0[0] < $1[0] }
    }
}

extension InkMap {
    /// A page's map with its ruled lines dealt with: those between columns taken away, tables kept from being cut
    /// into columns.
    package init(page cells: [UInt8], width: Int, height: Int, letter: Double) {
        let settled = Rules.settled(cells: cells, width: width, height: height, letter: letter)
        // A page of nothing but lines, such as a bar code, is not a blank one.
        let lined = settled.allSatisfy { $0 == Cell.paper }
        self.init(width: width, height: height, cells: lined ? cells : settled, letter: letter)
    }
}
