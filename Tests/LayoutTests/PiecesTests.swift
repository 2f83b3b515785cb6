import Layout
import Testing

@Suite("Pieces of a column")
struct PiecesTests {
    private func pieces(_ page: DrawnPage, tallest: Int) -> [Area] {
        let map = page.map
        let pieces = map.trimmed(map.entire).map { map.pieces(of: $0, tallest: tallest) } ?? []
        #expect(pieces.allSatisfy { $0.height <= tallest })
        #expect(pieces.reduce(0) { $0 + map.sum($1) } == map.sum(map.entire))
        #expect(zip(pieces, pieces.dropFirst()).allSatisfy { $0.bottom <= $1.top })
        return pieces
    }

    @Test("that fits is one")
    func fits() {
        var page = DrawnPage()
        page.text(40..<360, 40, lines: 30)
        #expect(pieces(page, tallest: 356).count == 1)
    }

    @Test("are as few as can be, and no line is cut in two")
    func few() {
        var page = DrawnPage()
        page.text(40..<360, 40, lines: 30)
        for (tallest, count) in [(355, 2), (180, 2), (125, 3), (100, 4)] {
            let pieces = pieces(page, tallest: tallest)
            #expect(pieces.count == count, "\(tallest)")
            #expect(pieces.allSatisfy { ($0.top - 40) % 12 == 0 && ($0.height - 8) % 12 == 0 })
        }
    }

    @Test("are cut between paragraphs")
    func paragraphs() {
        var page = DrawnPage()
        let second = page.text(40..<360, 40, lines: 14) + 12
        page.text(40..<360, second, lines: 14)
        #expect(pieces(page, tallest: 300).map(\.top) == [40, second])
    }

    @Test("of a picture without white are cut where it has the least ink")
    func solid() {
        var page = DrawnPage()
        page.fill(40..<360, 40..<440)
        #expect(pieces(page, tallest: 150).count == 3)
        var notched = DrawnPage()
        notched.fill(40..<360, 40..<180)
        notched.fill(40..<60, 180..<181)
        notched.fill(40..<360, 181..<320)
        #expect(pieces(notched, tallest: 170).first.map { (180...181).contains($0.bottom) } == true)
    }

    @Test("of a single row each end")
    func tiny() {
        var page = DrawnPage(width: 40, height: 40)
        page.fill(0..<40, 0..<40)
        #expect(pieces(page, tallest: 1).count == 40)
    }
}
