import Glibc
import RenderProtocol
import Rendering
import Testing

extension RenderingTests {
    @Suite("Real documents")
    struct RealDocuments {
        @Test("have the pages and sizes that pdfinfo gives", arguments: ["en", "ru", "ja", "zh-cn"])
        func sizes(language: String) async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let document = try await pool.open(OpenFile(Fixtures.book(language)))
            #expect(document.kind == .pdf)
            let lines = Fixtures.output(of: "pdfinfo -f 1 -l 10000 \(Fixtures.book(language))").split(separator: "\n")
            let expected = lines.filter { $0.hasPrefix("Page ") && $0.contains(" size:") }.map { line in
                line.split(separator: " ").compactMap { Double($0) }
            }
            try #require(document.pages.count == expected.count)
            for (page, numbers) in zip(document.pages, expected) {
                #expect(abs(page.width - numbers[1]) < 0.01)
                #expect(abs(page.height - numbers[2]) < 0.01)
            }
        }

        @Test("look as pdftoppm draws them", arguments: ["en", "ru", "ja", "zh-cn"])
        func ink(language: String) async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let document = try await pool.open(OpenFile(Fixtures.book(language)))
            let page = try await pool.render(document, page: 11, budget: PixelBudget())
            #expect(page.pictures.map(\.mediaType) == [.jpeg])
            #expect(page.dpi == 300)
            #expect(page.attempts == 1)
            let ours = try Picture(of: page)
            #expect(ours.width == page.width)
            #expect(ours.height == page.height)
            let reference = try TemporaryFile()
            _ = Fixtures.output(
                of: "pdftoppm -r 300 -gray -f 12 -l 12 -singlefile \(Fixtures.book(language)) \(reference.path)")
            defer { unlink(reference.path + ".pgm") }
            let theirs = try Picture(path: reference.path + ".pgm")
            #expect(abs(ours.width - theirs.width) <= 1)
            #expect(abs(ours.height - theirs.height) <= 1)
            let (mine, yours) = (try ours.darkness(), try theirs.darkness())
            #expect(mine > 0.005)
            #expect(abs(mine - yours) < 0.1 * yours)
        }

        @Test("are drawn in colour, as PNG, and small, as asked")
        func formats() async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let file = try TemporaryFile(smallPDF(content: "1 0 0 rg 0 50 100 50 re f 0 g 100 0 100 100 re f"))
            let document = try await pool.open(file)
            for format in [PageFormat.png, .jpeg(quality: 90)] {
                let budget = PixelBudget(dpi: 72, color: .rgb, format: format)
                let page = try await pool.render(document, page: 0, budget: budget)
                let picture = try Picture(of: page)
                #expect(page.width == 200 && picture.width == 200 && picture.height == 100)
                #expect(picture.isRed(0.25, 0.25) && picture.isWhite(0.25, 0.75) && picture.isBlack(0.75, 0.5))
            }
            let grey = try await pool.render(document, page: 0, budget: PixelBudget(maxPixels: 5000, format: .png))
            #expect(grey.width * grey.height <= 5000)
            #expect(grey.pictures.map(\.mediaType) == [.png])
            let picture = try Picture(of: grey)
            #expect(abs(picture.color(0.25, 0.25).red - 76) < 5)
            #expect(picture.isWhite(0.25, 0.75) && picture.isBlack(0.75, 0.5))
        }

        @Test("are seen rotated and cropped as a reader sees them")
        func rotated() async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let content = "1 0 0 rg 0 0 50 100 re f"
            let file = try TemporaryFile(smallPDF(page: "/Rotate 90/CropBox[0 0 100 100]", content: content))
            let tall = try TemporaryFile(smallPDF(page: "/Rotate 90", content: content))
            let cropped = try await pool.open(file)
            #expect(cropped.pages == [PageSize(width: 100, height: 100)])
            let turned = try await pool.open(tall)
            #expect(turned.pages == [PageSize(width: 100, height: 200)])
            let budget = PixelBudget(dpi: 72, color: .rgb, format: .png)
            let picture = try Picture(of: try await pool.render(cropped, page: 0, budget: budget))
            // The red left half is the upper half after a quarter turn clockwise.
            #expect(picture.isRed(0.5, 0.25) && picture.isWhite(0.5, 0.75))
        }

        @Test("of absurd size are drawn within the budget")
        func absurd() async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            for box in ["[0 0 35000 35000]", "[0 0 100000 2]", "[0 0 0.01 0.01]", "[-5 -5 14400 14400]"] {
                let document = try await pool.open(TemporaryFile(smallPDF(box: box)))
                let page = try await pool.render(document, page: 0, budget: PixelBudget(maxPixels: 4_000_000))
                #expect(page.width * page.height <= 4_000_000)
                #expect(try Picture(of: page).width == page.width)
            }
        }

        @Test("are drawn by several renderers at once, in whatever order is asked")
        func parallel() async throws {
            let pool = Fixtures.pool(workers: 3)
            defer { pool.shutdown() }
            let english = try await pool.open(OpenFile(Fixtures.book("en")))
            let russian = try await pool.open(OpenFile(Fixtures.book("ru")))
            let budget = PixelBudget(dpi: 50)
            let widths = try await withThrowingTaskGroup(of: Int.self) { group in
                for index in 0..<40 {
                    group.addTask {
                        let document = index % 2 == 0 ? english : russian
                        return try await pool.render(document, page: index, budget: budget).width
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(widths == [Int](repeating: 413, count: 40))
            #expect(pool.statistics.pagesRendered == 40)
            #expect(pool.statistics.started == 3)
        }

        @Test("beyond their last page have none")
        func pageOutOfRange() async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let document = try await pool.open(TemporaryFile(smallPDF()))
            for page in [-1, 1, 1_000_000] {
                let error = await renderError { _ = try await pool.render(document, page: page, budget: PixelBudget()) }
                #expect(error?.code == .pageOutOfRange)
            }
        }
    }
}
