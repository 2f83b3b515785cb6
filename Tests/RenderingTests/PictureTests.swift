import CLeptonica
import Glibc
import RenderProtocol
import Rendering
import Testing

extension RenderingTests {
    @Suite("Pictures")
    struct Pictures {
        private let lossless = PixelBudget(color: .rgb, format: .png)

        private func drawn(_ bytes: [UInt8], _ budget: PixelBudget) async throws -> (RenderedDocument, Picture) {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let document = try await pool.open(TemporaryFile(bytes))
            let page = try await pool.render(document, page: 0, budget: budget)
            return (document, try Picture(of: page))
        }

        @Test(
            "of each kind keep their pixels",
            arguments: [
                ("PNG", Int(IFF_PNG)), ("JPEG", Int(IFF_JFIF_JPEG)), ("TIFF", Int(IFF_TIFF_LZW)),
                ("WebP", Int(IFF_WEBP)), ("GIF", Int(IFF_GIF)), ("BMP", Int(IFF_BMP)),
            ])
        func kinds(name: String, format: Int) async throws {
            let bytes = try Picture.sample().encoded(format)
            let (document, picture) = try await drawn(bytes, lossless)
            #expect(document.kind == .image)
            #expect(document.pages == [PageSize(width: 64, height: 32)])
            #expect(picture.width == 64 && picture.height == 32)
            #expect(picture.isRed(0.25, 0.25) && picture.isWhite(0.25, 0.75) && picture.isBlack(0.75, 0.5))
        }

        @Test("of one bit or grey, too", arguments: [1, 8])
        func depths(depth: Int) async throws {
            for format in [Int(IFF_PNG), Int(depth == 1 ? IFF_TIFF_G4 : IFF_TIFF_ZIP)] {
                let (_, picture) = try await drawn(
                    Picture.sample(depth: depth).encoded(format), PixelBudget(format: .png))
                #expect(picture.isBlack(0.25, 0.25) && picture.isWhite(0.25, 0.75) && picture.isBlack(0.75, 0.5))
            }
        }

        @Test("beyond the budget are scaled down, and never up", arguments: [Int(IFF_JFIF_JPEG), Int(IFF_PNG)])
        func scaled(format: Int) async throws {
            let bytes = try Picture.sample(width: 1600, height: 800).encoded(format)
            let budget = PixelBudget(maxPixels: 20_000, color: .rgb, format: .png)
            let (document, picture) = try await drawn(bytes, budget)
            #expect(document.pages == [PageSize(width: 1600, height: 800)])
            #expect(picture.width == 200 && picture.height == 100)
            #expect(picture.isRed(0.25, 0.25) && picture.isWhite(0.25, 0.75) && picture.isBlack(0.75, 0.5))
        }

        @Test("of a TIFF file are pages")
        func multipage() async throws {
            let file = try TemporaryFile()
            for width in [40, 80, 120] {
                let picture = try Picture.sample(width: width, depth: 8)
                pixWriteTiff(file.path, picture.pix, CInt(IFF_TIFF_LZW), width == 40 ? "w" : "a")
            }
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let document = try await pool.open(OpenFile(file.path))
            #expect(document.pages.map(\.width) == [40, 80, 120])
            for page in [2, 0, 1] {
                let rendered = try await pool.render(document, page: page, budget: lossless)
                #expect(rendered.width == [40, 80, 120][page])
            }
        }

        @Test("that a camera took on its side are turned upright", arguments: 1...8)
        func orientation(_ orientation: Int) async throws {
            // A JPEG's EXIF block and a TIFF's first directory say it the same way.
            let tag: [UInt8] = [0x12, 0x01, 3, 0, 1, 0, 0, 0, UInt8(orientation), 0, 0, 0]
            let exif: [UInt8] =
                Array("Exif\0\0".utf8) + [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0] + tag + [0, 0, 0, 0]
            let jpeg = try Picture.sample().encoded(Int(IFF_JFIF_JPEG))
            let bytes = jpeg.prefix(2) + [0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif + jpeg.dropFirst(2)
            try await check(Array(bytes), orientation: orientation)
            try await check(tiff(orientation: orientation), orientation: orientation)
        }

        private func check(_ bytes: [UInt8], orientation: Int) async throws {
            let (document, picture) = try await drawn(bytes, lossless)
            let sideways = orientation >= 5
            #expect(document.pages == [PageSize(width: sideways ? 32 : 64, height: sideways ? 64 : 32)])
            #expect(picture.width == (sideways ? 32 : 64))
            // Where the red quarter and the white one lie; "row 0 is the top, column 0 the left side" and so on.
            let places: [((Double, Double), (Double, Double))] = [
                ((0.25, 0.25), (0.25, 0.75)), ((0.75, 0.25), (0.75, 0.75)), ((0.75, 0.75), (0.75, 0.25)),
                ((0.25, 0.75), (0.25, 0.25)), ((0.25, 0.25), (0.75, 0.25)), ((0.75, 0.25), (0.25, 0.25)),
                ((0.75, 0.75), (0.25, 0.75)), ((0.25, 0.75), (0.75, 0.75)),
            ]
            let (red, white) = places[orientation - 1]
            #expect(picture.isRed(red.0, red.1), "orientation \(orientation)")
            #expect(picture.isWhite(white.0, white.1), "orientation \(orientation)")
        }

        /// The sample, uncompressed, by hand.
        private func tiff(orientation: Int) throws -> [UInt8] {
            let sample = try Picture.sample()
            var pixels: [UInt8] = []
            for y in 0..<32 {
                for x in 0..<64 {
                    let color = sample.color(Double(x) / 64, Double(y) / 32)
                    pixels += [UInt8(color.red), UInt8(color.green), UInt8(color.blue)]
                }
            }
            func entry(_ tag: UInt16, _ type: UInt16, _ count: UInt32, _ value: UInt32) -> [UInt8] {
                [tag, type].flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
                    + [count, value].flatMap { value in (0..<4).map { UInt8(value >> (8 * $0) & 0xFF) } }
            }
            let entries = [
                entry(256, 3, 1, 64), entry(257, 3, 1, 32), entry(258, 3, 3, 136), entry(259, 3, 1, 1),
                entry(262, 3, 1, 2), entry(273, 4, 1, 142), entry(274, 3, 1, UInt32(orientation)), entry(277, 3, 1, 3),
                entry(278, 3, 1, 32), entry(279, 4, 1, UInt32(pixels.count)),
            ]
            let header: [UInt8] = [0x49, 0x49, 42, 0, 8, 0, 0, 0, UInt8(entries.count), 0]
            let directory = header + entries.flatMap { $0 } + [0, 0, 0, 0]
            return directory + [UInt8](repeating: 0, count: 136 - directory.count) + [8, 0, 8, 0, 8, 0] + pixels
        }

        @Test("that let the paper through lie on white paper")
        func transparent() async throws {
            let sample = try Picture.sample()
            pixSetSpp(sample.pix, 4)
            // Opaque on the left, transparent (and black) on the right.
            for y in 0..<32 {
                for x in 0..<64 { pixSetPixel(sample.pix, CInt(x), CInt(y), x < 32 ? 0xFF00_00FF : 0) }
            }
            for format in [Int(IFF_PNG), Int(IFF_WEBP)] {
                let (_, picture) = try await drawn(sample.encoded(format), lossless)
                #expect(picture.isRed(0.25, 0.5) && picture.isWhite(0.75, 0.5))
            }
        }

        @Test(
            "cut short are damaged, not half drawn", arguments: [Int(IFF_JFIF_JPEG), Int(IFF_PNG), Int(IFF_TIFF_LZW)])
        func truncated(format: Int) async throws {
            let bytes = try Picture.sample(width: 400, height: 400).encoded(format)
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let file = try TemporaryFile(Array(bytes.prefix(bytes.count * 2 / 3)))
            let error = await renderError {
                let document = try await pool.open(file)
                _ = try await pool.render(document, page: 0, budget: PixelBudget())
            }
            #expect(error?.code == .damaged)
            #expect(pool.statistics.started == 1)
        }

        @Test("cut short are damaged, even where a marker says that this is the end", arguments: [0.0, 0.5])
        func endedEarly(part: Double) async throws {
            let bytes = try Picture.sample(width: 400, height: 400).encoded(Int(IFF_JFIF_JPEG))
            let scan = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xFF, 0xDA]) })
            let data = scan + 2 + Int(bytes[scan + 2]) << 8 + Int(bytes[scan + 3])
            let kept = data + Int(Double(bytes.count - data) * part)
            let file = try TemporaryFile(Array(bytes[..<kept]) + [0xFF, 0xD9])
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let document = try await pool.open(file)
            let error = await renderError { _ = try await pool.render(document, page: 0, budget: PixelBudget()) }
            #expect(error?.code == .damaged)
        }

        @Test("whose colours nobody understands are damaged, and no memory is said to be missing")
        func indexedWithTransparency() async throws {
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let document = try await pool.open(TemporaryFile(indexedTIFFWithTransparency()))
            let error = await renderError { _ = try await pool.render(document, page: 0, budget: PixelBudget()) }
            #expect(error?.code == .damaged, "\(String(describing: error))")
            #expect(error?.attempts == 1)
        }

        /// 4 × 4 pixels of two samples: an index into a colour map, and how opaque it is.
        private func indexedTIFFWithTransparency() -> [UInt8] {
            func little(_ value: Int, _ bytes: Int) -> [UInt8] { (0..<bytes).map { UInt8(value >> (8 * $0) & 0xFF) } }
            // Tag, type (3: two bytes, 4: four), count, value or where it is.
            let entries = [
                (256, 3, 1, 4), (257, 3, 1, 4), (258, 3, 2, 8 << 16 | 8), (259, 3, 1, 1), (262, 3, 1, 3),
                (273, 4, 1, 146), (277, 3, 1, 2), (278, 3, 1, 4), (279, 4, 1, 32), (320, 3, 768, 178), (338, 3, 1, 2),
            ]
            let directory = entries.flatMap { little($0.0, 2) + little($0.1, 2) + little($0.2, 4) + little($0.3, 4) }
            return [0x49, 0x49, 42, 0, 8, 0, 0, 0] + little(entries.count, 2) + directory + little(0, 4)
                + (0..<32).map { UInt8($0 % 2 == 0 ? $0 : 255) } + (0..<768).flatMap { little($0 * 80, 2) }
        }

        @Test("that claim more pixels than there is memory for are refused unread")
        func claims() async throws {
            var bmp = [UInt8](repeating: 0, count: 64)
            bmp.replaceSubrange(0..<2, with: Array("BM".utf8))
            bmp[14] = 40
            bmp.replaceSubrange(18..<26, with: [0x30, 0x75, 0, 0, 0x30, 0x75, 0, 0])
            let pool = Fixtures.pool()
            defer { pool.shutdown() }
            let document = try await pool.open(TemporaryFile(bmp))
            #expect(document.pages == [PageSize(width: 30_000, height: 30_000)])
            let error = await renderError { _ = try await pool.render(document, page: 0, budget: PixelBudget()) }
            #expect(error?.code == .tooLarge)
        }
    }
}
