import Document
import Glibc
import RenderProtocol
import Rendering
import Testing

/// Pages that others set, their blocks read by Tesseract, which is told that each is one block of text. The truth is the
/// text in the order in which it was set: that in which it stands in the PDF.
extension RenderingTests {
    @Suite(
        "Reading order",
        .enabled(
            if: ColumnedPages.isReadable, "needs tesseract and pdftotext, of Debian's tesseract-ocr and poppler-utils"))
    struct ReadingOrder {
        /// As an engine of one megapixel gets its pages.
        private static let blocks = PixelBudget(maxPixels: 1_003_520, dpi: 200, regions: .blocks(BlockScale()))

        @Test(
            "of pages of two and three columns is that in which they were set",
            .enabled(if: ColumnedPages.folder != nil, "SKIPPED: \(ColumnedPages.problem)"),
            arguments: [
                ("metaplot_preprint.pdf", [3, 4]), ("tb88henderson.pdf", [1, 4]), ("BezierApprox.pdf", [2, 7]),
                ("tugboat-geometry-space.pdf", [1]), ("tb57roeg.pdf", [1]),
                // Three columns.
                ("refs.pdf", [1, 3]), ("testeuro.pdf", [4]),
            ])
        func columns(name: String, pages: [Int]) async throws {
            let path = try #require(ColumnedPages.folder) + "/" + name
            for read in try await read(path, pages: pages) {
                // Columns that are mixed, or in the wrong order, make it 0.2 and more.
                #expect(read.errorRate < 0.08, "page \(read.page) of \(path): \(read.errorRate)")
            }
        }

        @Test(
            "of pages of one column is no worse, by a hundredth of their letters, than Tesseract's own layout finds it")
        func oneColumn() async throws {
            let pages = [8, 9, 10, 12, 15, 20, 30, 40, 50, 60]
            let book = Fixtures.book("en")
            let cut = try await read(book, pages: pages).map(\.errorRate)
            let whole = try await read(book, pages: pages, whole: true).map(\.errorRate)
            let difference = (cut.reduce(0, +) - whole.reduce(0, +)) / Double(pages.count)
            #expect(difference <= 0.01, "cut: \(cut), whole: \(whole)")
            #expect(whole.reduce(0, +) / Double(pages.count) < 0.05)
        }

        /// - Parameter whole: whether the page goes to Tesseract as it is, at 300 dpi, for its own layout analysis.
        private func read(
            _ path: String, pages: [Int], whole: Bool = false
        ) async throws -> [(page: Int, errorRate: Double)] {
            let pool = Fixtures.pool(workers: 2)
            defer { pool.shutdown() }
            let document = try await pool.open(OpenFile(path))
            let budget = whole ? PixelBudget() : Self.blocks
            return try await withThrowingTaskGroup(of: (page: Int, errorRate: Double).self) { group in
                for page in pages {
                    group.addTask {
                        let rendered = try await pool.render(document, page: page - 1, budget: budget)
                        let texts = try rendered.pictures.map { try ColumnedPages.recognise($0, oneBlock: !whole) }
                        let truth = Fixtures.output(of: "pdftotext -raw -f \(page) -l \(page) '\(path)' -")
                        try #require(truth.count > 500)
                        let rate = CharacterErrorRate.between(
                            recognised: texts.joined(separator: "\n"), reference: truth)
                        return (page, rate)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
    }
}

/// What the tests of reading order need from elsewhere.
enum ColumnedPages {
    static let isReadable =
        Fixtures.output(of: "command -v tesseract; command -v pdftotext").split(separator: "\n").count == 2

    /// Where the documents are; nil where they cannot be had.
    static var folder: String? { fetched.folder }
    /// Why not.
    static var problem: String { fetched.problem }

    private static let fetched: (folder: String?, problem: String) = {
        let lines = Fixtures.output(of: "'\(root)/etc/test/corpus/fetch-columns' 2>&1").split(separator: "\n")
        let last = lines.last.map(String.init) ?? "etc/test/corpus/fetch-columns said nothing"
        return last.hasPrefix("/") ? (last, "") : (nil, last)
    }()

    /// The repository, three levels above this file.
    private static var root: Substring {
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")[...]
    }

    static func recognise(_ picture: RenderedPicture, oneBlock: Bool) throws -> String {
        let file = try TemporaryFile(picture.bytes)
        defer { withExtendedLifetime(file) {} }
        return Fixtures.output(
            of: "OMP_THREAD_LIMIT=1 tesseract \(file.path) - --psm \(oneBlock ? 6 : 3) -l eng 2>/dev/null")
    }
}
