import Layout
import Testing

@Suite("Columns")
struct ReadingOrderTests {
    /// Ink that no area holds, and cells that more than one does.
    private func strays(_ areas: [Area], on map: InkMap) -> (lost: Int, twice: Int) {
        let total = map.sum(map.entire)
        let held = areas.reduce(0) { $0 + map.sum($1) }
        var twice = 0
        for (index, one) in areas.enumerated() {
            for other in areas[(index + 1)...] {
                let across = min(one.right, other.right) - max(one.left, other.left)
                let down = min(one.bottom, other.bottom) - max(one.top, other.top)
                if across > 0, down > 0 { twice += across * down }
            }
        }
        return (total - held, twice)
    }

    private func expect(
        _ page: DrawnPage, _ expected: [Area], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let map = page.map
        let areas = map.columns()
        #expect(areas == expected, sourceLocation: sourceLocation)
        #expect(strays(areas, on: map) == (0, 0), sourceLocation: sourceLocation)
    }

    @Test("of a blank page are none")
    func blank() {
        expect(DrawnPage(), [])
        expect(DrawnPage(width: 1, height: 1), [])
    }

    @Test("of a page of one column are one")
    func single() {
        var page = DrawnPage()
        page.text(40..<360, 40, lines: 30)
        expect(page, [Area(left: 40, top: 40, right: 360, bottom: 40 + 29 * 12 + 8)])
    }

    @Test("are read one after another, the left one first")
    func two() {
        var page = DrawnPage()
        page.text(30..<190, 40, lines: 30)
        page.text(210..<370, 40, lines: 30)
        expect(
            page,
            [Area(left: 30, top: 40, right: 190, bottom: 396), Area(left: 210, top: 40, right: 370, bottom: 396)])
    }

    @Test("of three, with a gutter as narrow as a word space of an untidy line, are three")
    func three() {
        var page = DrawnPage(width: 420)
        for column in 0..<3 { page.text(30 + column * 120..<143 + column * 120, 40, lines: 36) }
        #expect(page.map.columns().map(\.left) == [30, 150, 270])
    }

    @Test("that are spanned by a heading are read below it, and before what spans them next")
    func spanned() {
        var page = DrawnPage()
        page.fill(60..<340, 20..<36)
        page.text(30..<190, 60, lines: 12)
        page.text(210..<370, 60, lines: 12)
        page.fill(30..<370, 220..<300)
        page.text(30..<190, 320, lines: 12)
        page.text(210..<370, 320, lines: 12)
        let lefts = page.map.columns().map { [$0.left, $0.top] }
        #expect(lefts == [[60, 20], [30, 60], [210, 60], [30, 220], [30, 320], [210, 320]])
    }

    @Test("are told from the short last line of what spans them")
    func shortLastLine() {
        var page = DrawnPage()
        let below = page.text(30..<370, 30, lines: 5)
        page.text(30..<190, below + 12, lines: 25)
        page.text(210..<370, below + 12, lines: 25)
        let areas = page.map.columns()
        #expect(areas.map(\.left) == [30, 30, 210])
        #expect(areas.first?.bottom == below - 4)
    }

    @Test("of different length lose nothing")
    func uneven() {
        var page = DrawnPage()
        page.text(30..<190, 40, lines: 35)
        page.text(210..<370, 40, lines: 9)
        #expect(page.map.columns().map(\.height) == [34 * 12 + 8, 8 * 12 + 8])
    }

    @Test("of different length keep their last lines, though these reach into the gutter a little")
    func overhanging() {
        var page = DrawnPage()
        let below = page.text(30..<190, 40, lines: 20)
        for line in 0..<4 { page.line(30..<194, below + line * 12) }
        page.text(210..<370, 40, lines: 12)
        #expect(page.map.columns().map(\.top) == [40, 40])
    }

    @Test("do not swallow a page's running title and number")
    func runningLines() {
        var page = DrawnPage()
        page.line(30..<120, 10)
        page.line(350..<370, 10)
        page.text(30..<190, 40, lines: 34)
        page.text(210..<370, 40, lines: 34)
        page.line(185..<215, 480)
        #expect(page.map.columns().map { [$0.left, $0.top] } == [[30, 10], [30, 40], [210, 40], [185, 480]])
    }

    @Test("are found where a ruled line divides them, or a frame surrounds them")
    func ruled() {
        var page = DrawnPage()
        page.text(30..<190, 40, lines: 30)
        page.fill(199..<200, 36..<400)
        page.text(210..<370, 40, lines: 30)
        #expect(page.map.columns().map(\.left) == [30, 210])
        for (x, y) in [(20..<380, 30..<31), (20..<380, 409..<410), (20..<21, 30..<410), (379..<380, 30..<410)] {
            page.fill(x, y)
        }
        #expect(page.map.columns().map(\.left) == [30, 210])
    }

    @Test("are not made of a paragraph with wide spaces")
    func spaces() {
        var page = DrawnPage()
        for line in 0..<20 {
            // The same space of six cells in three lines, then elsewhere.
            let gap = 150 + line / 3 * 20
            page.line(40..<gap, 40 + line * 12)
            page.line(gap + 6..<360, 40 + line * 12)
        }
        #expect(page.map.columns().count == 1)
    }

    @Test("are not made of a table, with ruled borders or without")
    func tables() {
        for ruled in [true, false] {
            var page = DrawnPage()
            page.text(30..<370, 20, lines: 4)
            for row in 0..<12 {
                let y = 84 + row * 20
                for column in 0..<4 { page.line(40 + column * 84..<90 + column * 84 - row % 3 * 10, y) }
                if ruled { page.fill(30..<370, y - 7..<y - 6) }
            }
            if ruled {
                page.fill(30..<370, 320..<321)
                for column in 0...4 {
                    page.fill(
                        30 + column * 85 - (column == 4 ? 1 : 0)..<31 + column * 85 - (column == 4 ? 1 : 0), 77..<321)
                }
            }
            page.text(30..<370, 350, lines: 4)
            #expect(page.map.columns().count == 1, "ruled: \(ruled)")
        }
    }

    @Test("are not made of a table of contents, nor of numbers before a list")
    func narrow() {
        var contents = DrawnPage()
        for row in 0..<30 {
            contents.line(30..<150 + row % 5 * 20, 40 + row * 12)
            contents.line(350..<370, 40 + row * 12)
        }
        #expect(contents.map.columns().count == 1)
        var list = DrawnPage()
        for row in 0..<30 {
            list.line(30..<42, 40 + row * 12)
            list.line(56..<370, 40 + row * 12)
        }
        #expect(list.map.columns().count == 1)
    }

    @Test("of a picture beside text are two, and of what is white inside a picture none")
    func figures() {
        var beside = DrawnPage()
        beside.fill(30..<180, 40..<240)
        beside.text(200..<370, 40, lines: 17)
        #expect(beside.map.columns().map(\.left) == [30, 200])
        var inside = DrawnPage()
        inside.fill(30..<190, 40..<240)
        inside.fill(210..<370, 40..<240)
        inside.text(30..<370, 260, lines: 8)
        #expect(inside.map.columns().count == 1)
    }

    @Test("of a page of nothing but lines are not none")
    func lines() {
        var page = DrawnPage()
        for x in stride(from: 100, to: 300, by: 7) { page.fill(x..<x + 1 + x % 3, 200..<300) }
        #expect(page.map.columns() == [Area(left: 100, top: 200, right: 299, bottom: 300)])
    }

    @Test("of noise end, and hold all of it")
    func noise() {
        for seed in 1...6 {
            var page = DrawnPage(width: 300, height: 300)
            var state = UInt64(seed)
            for _ in 0..<seed * 400 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let (x, y) = (Int(state >> 33) % 298, Int(state >> 12 & 0xFFFF) % 298)
                page.fill(x..<x + 1 + Int(state >> 50) % 2, y..<y + 2)
            }
            let map = page.map
            #expect(strays(map.columns(), on: map) == (0, 0))
        }
    }
}
