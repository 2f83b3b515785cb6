import RenderProtocol
import Rendering
import Testing

extension RenderingTests {
    /// A renderer draws each page where the one before it was, and clears no more than that left behind.
    @Suite("Pages drawn one after another")
    struct PagesInTurn {
        @Test("are what each of them is in a fresh renderer")
        func independent() async throws {
            let small = PixelBudget(dpi: 60)
            let blocks = PixelBudget(maxPixels: 100_000, dpi: 60, regions: .blocks(BlockScale()))
            let steps: [(page: Int, budget: PixelBudget)] = [
                (20, small), (21, small), (20, small),
                // Larger than anything before, then smaller again, in colour, and losslessly, after which nothing is white.
                (21, PixelBudget(dpi: 90)), (22, small), (20, PixelBudget(dpi: 60, color: .rgb)), (21, small),
                (22, PixelBudget(dpi: 60, format: .png)), (23, small), (20, blocks), (22, small),
                (0, PixelBudget(dpi: 45, color: .rgb)), (23, small),
            ]
            let file = try OpenFile(Fixtures.book("en"))
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let document = try await pool.open(file)
            for (number, step) in steps.enumerated() {
                let page = try await pool.render(document, page: step.page, budget: step.budget)
                let alone = Fixtures.pool()
                let fresh = try await alone.render(alone.open(file), page: step.page, budget: step.budget)
                alone.shutdown()
                #expect(page.pictures == fresh.pictures, "step \(number)")
            }
            #expect(pool.statistics.started == 1)
        }

        @Test("are so after a scan, which fills all")
        func scans() async throws {
            var pdf = HostilePDF(page: "/Resources<</XObject<</I 5 0 R>>>>", content: "q 200 0 0 100 0 0 cm /I Do Q")
            pdf.set(2, "<</Type/Pages/Kids[3 0 R 6 0 R]/Count 2>>")
            pdf.stream(
                5, [UInt8](repeating: 0, count: 16 * 16),
                "/Type/XObject/Subtype/Image/Width 16/Height 16/ColorSpace/DeviceGray/BitsPerComponent 8")
            pdf.set(6, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 7 0 R>>")
            pdf.stream(7, Array("0 0 100 100 re f".utf8))
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let document = try await pool.open(TemporaryFile(pdf.bytes))
            for page in [1, 0, 1, 1, 0, 0, 1] {
                let picture = try Picture(
                    of: await pool.render(document, page: page, budget: PixelBudget(dpi: 72)))
                #expect(picture.isBlack(0.25, 0.5))
                #expect(page == 0 ? picture.isBlack(0.75, 0.5) : picture.isWhite(0.75, 0.5))
            }
        }
    }
}
