import Layout

/// A page drawn for a test out of rectangles, with small letters of five cells and lines of text twelve cells apart.
struct DrawnPage {
    static let letter = 5.0
    static let pitch = 12

    let width: Int
    let height: Int
    private var cells: [UInt8]

    init(width: Int = 400, height: Int = 500) {
        self.width = width
        self.height = height
        cells = [UInt8](repeating: InkMap.Cell.paper, count: width * height)
    }

    var map: InkMap { InkMap(page: cells, width: width, height: height, letter: Self.letter) }

    mutating func fill(_ x: Range<Int>, _ y: Range<Int>) {
        for row in y {
            for column in x { cells[row * width + column] = InkMap.Cell.ink }
        }
    }

    /// One line: words with spaces of three cells, up to the right end. Its ink is eight cells high.
    mutating func line(_ x: Range<Int>, _ y: Int) {
        // Word lengths that differ from line to line, so that spaces do not lie below one another.
        var start = x.lowerBound
        var seed = y &* 7919
        while start < x.upperBound {
            seed = (seed &* 1_103_515_245 &+ 12345) & 0x7FFF_FFFF
            var end = min(start + 8 + seed / 65536 % 20, x.upperBound)
            // No word of a cell or two at the end.
            if x.upperBound - end < 8 { end = x.upperBound }
            fill(start..<end, y..<y + 8)
            start = end + 3
        }
    }

    /// Lines from a row on. The last one is short, as a paragraph's is.
    /// - Returns: where the next line would begin.
    @discardableResult
    mutating func text(_ x: Range<Int>, _ y: Int, lines: Int) -> Int {
        for index in 0..<lines {
            let end = index == lines - 1 ? x.lowerBound + x.count / 3 : x.upperBound
            line(x.lowerBound..<end, y + index * Self.pitch)
        }
        return y + lines * Self.pitch
    }
}
