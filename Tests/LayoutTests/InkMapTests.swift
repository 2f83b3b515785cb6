import Layout
import Testing

@Suite("An ink map")
struct InkMapTests {
    private func map(_ rows: [String]) -> InkMap {
        InkMap(
            width: rows[0].count, height: rows.count,
            cells: rows.flatMap { row in row.map { $0 == "#" ? InkMap.Cell.ink : InkMap.Cell.paper } }, letter: 1)
    }

    @Test("sums any rectangle")
    func sums() {
        let map = map(["..#.", "#.#.", "...."])
        let ink = Int(InkMap.Cell.ink)
        #expect(map.sum(map.entire) == 3 * ink)
        #expect(map.sum(Area(left: 2, top: 0, right: 3, bottom: 2)) == 2 * ink)
        #expect(map.isWhite(Area(left: 0, top: 2, right: 4, bottom: 3)))
        #expect(map.isWhite(Area(left: 1, top: 1, right: 1, bottom: 3)))
    }

    @Test("trims an area to its ink")
    func trimmed() {
        let map = map(["......", "..#...", "...#..", "......"])
        #expect(map.trimmed(map.entire) == Area(left: 2, top: 1, right: 4, bottom: 3))
        #expect(map.trimmed(Area(left: 3, top: 0, right: 6, bottom: 4)) == Area(left: 3, top: 2, right: 4, bottom: 3))
        #expect(map.trimmed(Area(left: 4, top: 0, right: 6, bottom: 4)) == nil)
        #expect(map.trimmed(Area(left: 4, top: 0, right: 4, bottom: 4)) == nil)
        let full = self.map(["##", "##"])
        #expect(full.trimmed(full.entire) == full.entire)
    }

    @Test("finds the white rectangles that cannot grow")
    func rectangles() {
        let map = map([
            "#...#",
            "#...#",
            "#.#.#",
            "#...#",
            "#....",
        ])
        let found = Set(map.whiteRectangles(in: map.entire, width: 2, height: 2))
        #expect(
            found == [
                Area(left: 1, top: 0, right: 4, bottom: 2), Area(left: 1, top: 3, right: 4, bottom: 5),
            ])
        // One cell wide, the columns beside the dot go all the way down.
        let narrow = Set(map.whiteRectangles(in: map.entire, width: 1, height: 5))
        #expect(narrow == [Area(left: 1, top: 0, right: 2, bottom: 5), Area(left: 3, top: 0, right: 4, bottom: 5)])
        #expect(map.whiteRectangles(in: map.entire, width: 6, height: 1).isEmpty)
        #expect(map.whiteRectangles(in: map.entire, width: 0, height: 0).isEmpty)
    }
}
