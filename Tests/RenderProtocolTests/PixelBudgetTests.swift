import RenderProtocol
import Testing

@Suite("A pixel budget")
struct PixelBudgetTests {
    @Test("draws an ordinary page at the wished resolution")
    func ordinary() {
        let fit = PixelBudget(maxPixels: 16_000_000, dpi: 300).fit(PageSize(width: 612, height: 792))
        #expect(fit == PixelFit(width: 2550, height: 3300, dpi: 300))
    }

    @Test(
        "is never exceeded, however absurd the page",
        arguments: [
            PageSize(width: 35_000, height: 35_000), PageSize(width: 1e7, height: 1), PageSize(width: 1, height: 1e12),
            PageSize(width: 1e-9, height: 1e-9), PageSize(width: 14_400, height: 3),
            PageSize(width: 1e300, height: 1e300),
        ])
    func absurd(_ page: PageSize) {
        for pixels in [1, 2, 1000, 1_000_000, 16_000_000] {
            for fit in [PixelBudget(maxPixels: pixels).fit(page), PixelBudget(maxPixels: pixels).shrink(page)] {
                #expect(fit.width >= 1)
                #expect(fit.height >= 1)
                #expect(fit.width * fit.height <= pixels)
                #expect(max(fit.width, fit.height) <= PixelBudget.maxSide)
            }
        }
    }

    @Test("keeps the shape of a page that it draws smaller")
    func shape() {
        let fit = PixelBudget(maxPixels: 1_000_000, dpi: 300).fit(PageSize(width: 600, height: 800))
        #expect(abs(Double(fit.width) / Double(fit.height) - 0.75) < 0.002)
        #expect(fit.dpi < 300)
        #expect(fit.width * fit.height > 990_000)
    }

    @Test("never enlarges a picture")
    func picture() {
        let small = PixelBudget(maxPixels: 16_000_000).shrink(PageSize(width: 640, height: 480))
        #expect(small == PixelFit(width: 640, height: 480, dpi: 1))
        let large = PixelBudget(maxPixels: 1_000_000).shrink(PageSize(width: 4000, height: 3000))
        #expect(large.width * large.height <= 1_000_000)
        #expect(large.dpi < 0.3)
    }

    @Test("for blocks bounds the page and its pictures, each by its own number of pixels")
    func blocks() {
        let scale = BlockScale(pagePixels: 4_000_000)
        let budget = PixelBudget(maxPixels: 1_000_000, dpi: 200, regions: .blocks(scale))
        #expect(budget.fit(PageSize(width: 612, height: 792)) == PixelFit(width: 1700, height: 2200, dpi: 200))
        let huge = budget.fit(PageSize(width: 35_000, height: 35_000))
        #expect(huge.width * huge.height <= 4_000_000)
        #expect(huge.width * huge.height > 3_900_000)
        let photograph = budget.shrink(PageSize(width: 4000, height: 4000))
        #expect(photograph.width == 2000)
        #expect(budget.picturePixels == 1_000_000)
        // Fewer pixels than any block needs, not even padding.
        #expect(PixelBudget(maxPixels: 1, regions: .blocks(scale)).picturePixels == 16 * 28 * 28)
        #expect(PixelBudget(maxPixels: 1).picturePixels == 1)
    }
}
