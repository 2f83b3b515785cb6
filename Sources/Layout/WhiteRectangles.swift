extension InkMap {
    /// White rectangles inside an area that can be made neither taller nor wider, at least so wide and so tall.
    ///
    /// Takes one pass over the cells: for each place, how many rows in a row are white from it to `width` cells further
    /// right. Where that count breaks off, a rectangle ends.
    package func whiteRectangles(in area: Area, width least: Int, height: Int) -> [Area] {
        guard least > 0, height > 0, area.width >= least, area.height >= height else { return [] }
        var found: Set<Area> = []
        let places = area.width - least + 1
        var counts = [Int](repeating: 0, count: places)
        cells.withUnsafeBufferPointer { cells in
            for y in area.top..<area.bottom {
                var white = 0
                var x = area.right - 1
                // A rectangle that ends here is found at each of its places; one of them is enough.
                var last = -1
                while x >= area.left {
                    white = cells[y * self.width + x] == 0 ? white + 1 : 0
                    let place = x - area.left
                    if place < places {
                        if white >= least {
                            counts[place] += 1
                        } else {
                            let count = counts[place]
                            if count >= height, count != last {
                                found.insert(widened(x, width: least, rows: y - count..<y, in: area))
                            }
                            last = count
                            counts[place] = 0
                        }
                    }
                    x -= 1
                }
            }
        }
        var last = -1
        for place in 0..<places {
            if counts[place] >= height, counts[place] != last {
                let rows = area.bottom - counts[place]..<area.bottom
                found.insert(widened(area.left + place, width: least, rows: rows, in: area))
            }
            last = counts[place]
        }
        return Array(found)
    }

    private func widened(_ x: Int, width: Int, rows: Range<Int>, in area: Area) -> Area {
        var result = Area(left: x, top: rows.lowerBound, right: x + width, bottom: rows.upperBound)
        while result.left > area.left, isWhite(result.columns(result.left - 1..<result.left)) { result.left -= 1 }
        while result.right < area.right, isWhite(result.columns(result.right..<result.right + 1)) { result.right += 1 }
        return result
    }
}
