import CLeptonica
import RenderProtocol
import Rendering
import Testing

extension RenderingTests {
    /// The cut itself is tried in LayoutTests and ReadingOrder; here, that pictures keep to their bounds and show what
    /// their boxes say.
    @Suite("Pages in blocks")
    struct Blocks {
        private let budget = PixelBudget(maxPixels: 1_003_520, dpi: 200, regions: .blocks(BlockScale()))

        private func cut(
            _ bytes: [UInt8], _ budget: PixelBudget? = nil, page: Int = 0
        ) async throws -> EncodedPage {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let document = try await pool.open(TemporaryFile(bytes))
            let cut = try await pool.render(document, page: page, budget: budget ?? self.budget)
            #expect(cut.attempts == 1)
            try check(cut, budget ?? self.budget)
            return cut
        }

        /// What holds for every page.
        private func check(_ page: EncodedPage, _ budget: PixelBudget) throws {
            #expect(page.width * page.height <= budget.pagePixels)
            for picture in page.pictures {
                let decoded = try Picture(decoding: picture.bytes)
                #expect(decoded.width == picture.width && decoded.height == picture.height)
                #expect(picture.width * picture.height <= budget.picturePixels)
                let (short, long) = (min(picture.width, picture.height), max(picture.width, picture.height))
                #expect(short >= RenderLimits.leastSide && long < 200 * short)
                #expect(picture.width <= max(picture.box.width, RenderLimits.leastSide, picture.height))
            }
        }

        /// Lines of text, drawn as bars, each in a colour of its own: 10 points high, 14 apart, from the top of a page of
        /// 600 × 800 points.
        private func lines(_ x: Int, width: Int, from top: Int = 60, count: Int, color: String = "0 g") -> String {
            let bars = (0..<count).flatMap { line in
                // Words of 32 points, so that letters are small beside them.
                stride(from: 0, to: width, by: 36).map { start in
                    "\(x + start) \(800 - top - line * 14 - 7) \(min(32, width - start)) 7 re "
                }
            }
            return color + " " + bars.joined() + "f\n"
        }

        private func page(_ content: String) -> [UInt8] {
            Array(smallPDF(box: "[0 0 600 800]", content: content).utf8)
        }

        @Test("are pictures of one column each, in reading order, in their own colours")
        func columns() async throws {
            let content =
                lines(60, width: 480, count: 2, color: "0 0 0 rg")
                + lines(60, width: 220, from: 110, count: 40, color: "0.8 0 0 rg")
                + lines(310, width: 220, from: 110, count: 40, color: "0 0 0.8 rg")
            var budget = budget
            budget.color = .rgb
            budget.format = .png
            let page = try await cut(page(content), budget)
            #expect(page.width == 1666 && page.height == 2222 && page.dpi == 200)
            try #require(page.pictures.count == 3)
            for (picture, (red, blue)) in zip(page.pictures, [(false, false), (true, false), (false, true)]) {
                let decoded = try Picture(decoding: picture.bytes)
                var colors: Set<[Bool]> = []
                for place in 0..<10_000 {
                    let color = decoded.color(Double(place % 100) / 100, Double(place / 100) / 100)
                    if color.red + color.green + color.blue < 240 {
                        colors.insert([color.red > 150, color.blue > 150])
                    }
                }
                #expect(colors == [[red, blue]])
            }
            #expect(page.pictures.map(\.box.x) == page.pictures.map(\.box.x).sorted())
        }

        @Test("of a real book have 144 dpi or more", arguments: ["en", "ru", "ja", "zh-cn"])
        func book(language: String) async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let document = try await pool.open(OpenFile(Fixtures.book(language)))
            for index in [8, 11, 30] {
                let page = try await pool.render(document, page: index, budget: budget)
                try check(page, budget)
                #expect((1...4).contains(page.pictures.count))
                for picture in page.pictures {
                    #expect(page.dpi * Double(picture.width) / Double(picture.box.width) >= 144)
                }
                // All that is on the page is in a picture.
                let whole = try await pool.render(document, page: index, budget: PixelBudget(dpi: 200))
                let ink = try Picture(of: whole).darkness() * Double(whole.width * whole.height)
                let held = try page.pictures.map { picture in
                    let scale = Double(picture.box.width * picture.box.height)
                    return try Picture(decoding: picture.bytes).darkness() * scale
                }
                #expect(abs(held.reduce(0, +) - ink) < 0.03 * ink)
            }
        }

        @Test("that are blank have no picture")
        func blank() async throws {
            #expect(try await cut(page("")).pictures.isEmpty)
            for depth in [1, 8, 32] {
                let paper = try Picture(pixCreate(1240, 1754, CInt(depth)))
                if depth > 1 { pixSetAllArbitrary(paper.pix, depth == 8 ? 0xF0 : 0xF4F0_E000) }
                #expect(try await cut(paper.encoded(Int(IFF_PNG))).pictures.isEmpty)
            }
        }

        @Test("with next to nothing on them give a picture that an engine can take")
        func little() async throws {
            // A full stop, a page number, a hairline across, one down, and ink to all edges.
            for content in [
                "0 g 300 400 2 2 re f", "0 g 300 20 5 7 re f", "0 g 0 400 600 0.5 re f", "0 g 300 0 0.5 800 re f",
                "0 g 0 0 600 800 re f",
            ] {
                #expect(try await cut(page(content)).pictures.count <= 4, "\(content)")
            }
            #expect(try await cut(page("0 g 300 20 5 7 re f")).pictures.count == 1)
        }

        @Test("of absurd size or shape keep to their bounds")
        func absurd() async throws {
            let content = "0 g 1 1 50 1 re 0 1.5 0.1 0.1 re f"
            for box in [
                "[0 0 35000 35000]", "[0 0 100000 2]", "[0 0 2 100000]", "[0 0 0.01 0.01]", "[0 0 14400 14400]",
            ] {
                let page = try await cut(Array(smallPDF(box: box, content: content).utf8))
                #expect(page.pictures.count <= 40, "\(box)")
            }
        }

        @Test("too large for their budget are cut, and by a budget that is too small scaled")
        func bounds() async throws {
            let bytes = page(lines(60, width: 480, count: 45))
            #expect(try await cut(bytes).pictures.count == 2)
            for pixels in [1, 20_000, 300_000, 50_000_000] {
                var budget = budget
                budget.maxPixels = pixels
                let page = try await cut(bytes, budget)
                #expect((1...RenderLimits.picturesPerPage).contains(page.pictures.count), "\(pixels)")
                if pixels == 50_000_000 { #expect(page.pictures.count == 1) }
            }
        }

        @Test("of a picture keep their pixels where these fit, and are found however it was taken")
        func scans() async throws {
            for (name, change) in Self.changes {
                let scan = try Self.scan()
                let changed = try Picture(change(scan.pix))
                let page = try await cut(changed.encoded(Int(IFF_PNG)))
                #expect(page.width == changed.width && page.height == changed.height)
                let tall = page.pictures.filter { $0.box.height > 800 }
                #expect(page.pictures.count == 2 && tall.count == 2, "\(name): \(page.pictures.map(\.box))")
                #expect(tall.allSatisfy { $0.width == $0.box.width && $0.height == $0.box.height }, "\(name)")
                #expect(tall.map(\.box.x) == tall.map(\.box.x).sorted(), "\(name)")
            }
        }

        /// Two columns of 40 lines, 8 bits a pixel, 1240 × 1754.
        private static func scan() throws -> Picture {
            let scan = try Picture(pixCreate(1240, 1754, 8))
            pixSetAllArbitrary(scan.pix, 250)
            for line in 0..<40 {
                for column in 0..<2 {
                    for word in 0..<8 {
                        let x = 150 + column * 500 + word * 55
                        pixSetInRectArbitrary(scan, x, 300 + line * 26, 45 + line * word % 6, 13, 20)
                    }
                }
            }
            return scan
        }

        private static func pixSetInRectArbitrary(
            _ picture: Picture, _ x: Int, _ y: Int, _ width: Int, _ height: Int, _ value: UInt32
        ) {
            var box: UnsafeMutablePointer<Box>? = boxCreate(CInt(x), CInt(y), CInt(width), CInt(height))
            CLeptonica.pixSetInRectArbitrary(picture.pix, box, value)
            boxDestroy(&box)
        }

        private typealias Change = (UnsafeMutablePointer<Pix>) -> UnsafeMutablePointer<Pix>?
        private static var changes: [(String, Change)] {
            [
                ("as it is", { pixCopy(nil, $0) }),
                ("of one bit", { pixThresholdToBinary($0, 128) }),
                ("askew", { pixRotate($0, 0.03, CInt(L_ROTATE_AREA_MAP), CInt(L_BRING_IN_WHITE), 0, 0) }),
                (
                    "askew the other way",
                    { pixRotate($0, -0.05, CInt(L_ROTATE_AREA_MAP), CInt(L_BRING_IN_WHITE), 0, 0) }
                ),
                ("light on dark", { pixInvert(nil, $0) }),
                ("faint on grey paper", { pixGammaTRC(nil, $0, 1, -400, 400) }),
                ("on a colour copier", { pixConvert8To32($0) }),
                (
                    "with the dark edges of a lid",
                    { pix in
                        pixSetBorderVal(pix, 40, 0, 55, 30, 15)
                        return pixCopy(nil, pix)
                    }
                ),
                ("with specks", { pixAddGaussianNoise($0, 6) }),
            ]
        }
    }
}
