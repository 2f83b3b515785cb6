import CImage
import CLeptonica
import Glibc
import Testing

/// The encoder leaves out white tiles and puts their bytes in afterwards: what comes out must be one whole picture.
@Suite("JPEG of pages")
struct JPEGTests {
    /// White, with a square of a colour at each of some places.
    private struct Page {
        let width: Int
        let height: Int
        var squares: [(x: Int, y: Int)] = []
        var side = 6
        /// Red, green, blue.
        var color: [UInt8] = [0, 0, 0]
        var order = CIMAGE_BGRX

        var pixels: [UInt8] {
            let red = order == CIMAGE_BGRX ? 2 : 3
            // The byte that says nothing differs from pixel to pixel, as it does on cairo's surfaces.
            var pixels = (0..<width * height * 4).map { index in
                index % 4 == (order == CIMAGE_BGRX ? 3 : 0) ? UInt8(truncatingIfNeeded: index / 4) : 255
            }
            for square in squares {
                for y in square.y..<min(square.y + side, height) {
                    for x in square.x..<min(square.x + side, width) {
                        for channel in 0..<3 { pixels[(y * width + x) * 4 + red - channel] = color[channel] }
                    }
                }
            }
            return pixels
        }

        func encoded(grey: Bool) throws -> Picture {
            let (bytes, left) = try bytes(grey: grey, wipes: false)
            #expect(left == pixels)
            return try Picture(decoding: bytes)
        }

        /// The encoded picture, and what the raster holds afterwards.
        func bytes(grey: Bool, wipes: Bool) throws -> (jpeg: [UInt8], left: [UInt8]) {
            var pixels = pixels
            var bytes: UnsafeMutablePointer<UInt8>?
            var count = 0
            let code = pixels.withUnsafeMutableBufferPointer { pixels in
                var raster = cimage_raster(
                    pixels: pixels.baseAddress, stride: width * 4, width: UInt32(width), height: UInt32(height),
                    order: order)
                return cimage_encode_jpeg(
                    &raster, cimage_encoding(grey: grey, quality: 95, dpi: 144, wipes: wipes), &bytes, &count)
            }
            defer { free(bytes) }
            try #require(Int(code) == CIMAGE_OK)
            return (Array(UnsafeBufferPointer(start: bytes, count: count)), pixels)
        }
    }

    /// Every pixel is what was drawn, but for what JPEG rounds.
    private func check(_ page: Page, grey: Bool) throws {
        let picture = try page.encoded(grey: grey)
        try #require(picture.width == page.width && picture.height == page.height)
        let (pixels, red) = (page.pixels, page.order == CIMAGE_BGRX ? 2 : 3)
        var worst = 0
        for y in 0..<page.height {
            for x in 0..<page.width {
                let color = picture.color(
                    (Double(x) + 0.5) / Double(page.width), (Double(y) + 0.5) / Double(page.height))
                let at = (y * page.width + x) * 4 + red
                worst = max(worst, abs(color.red - Int(pixels[at])), abs(color.green - Int(pixels[at - 1])))
                worst = max(worst, abs(color.blue - Int(pixels[at - 2])))
            }
        }
        #expect(worst < 40, "\(page.width) × \(page.height)")
    }

    @Test(
        "is whole at any size and wherever there is ink",
        arguments: [(1, 1), (8, 8), (9, 7), (127, 129), (128, 64), (640, 480), (1000, 37), (37, 1000), (1013, 509)])
    func sizes(width: Int, height: Int) throws {
        var seed: UInt64 = 1
        func next(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % max(bound, 1)
        }
        for squares in [0, 1, 5, 60] {
            for order in [CIMAGE_BGRX, CIMAGE_XBGR] {
                var page = Page(width: width, height: height, order: order)
                page.squares = (0..<squares).map { _ in (next(width), next(height)) }
                // The corners are where tiles are cut.
                if squares > 0 { page.squares += [(0, 0), (width - 1, height - 1)] }
                try check(page, grey: true)
                try check(page, grey: false)
            }
        }
    }

    @Test("leaves white paper behind, where that is asked for, and is the same", arguments: [true, false])
    func wiped(grey: Bool) throws {
        for order in [CIMAGE_BGRX, CIMAGE_XBGR] {
            var page = Page(width: 1013, height: 509, color: [200, 10, 20], order: order)
            page.squares = [(0, 0), (3, 100), (500, 250), (1008, 503), (1012, 0), (0, 508)]
            let (kept, wiped) = (try page.bytes(grey: grey, wipes: false), try page.bytes(grey: grey, wipes: true))
            #expect(kept.jpeg == wiped.jpeg)
            page.squares = []
            let silent = order == CIMAGE_BGRX ? 3 : 0
            let same = zip(wiped.left, page.pixels).enumerated().allSatisfy { index, bytes in
                index % 4 == silent || bytes.0 == bytes.1
            }
            #expect(same)
        }
    }

    @Test("is whole where there is no white at all")
    func dark() throws {
        try check(Page(width: 200, height: 150, squares: [(0, 0)], side: 200), grey: true)
    }

    @Test("keeps colours, and has one channel where there are none")
    func channels() throws {
        var page = Page(width: 300, height: 200, squares: [(100, 100)], side: 32, color: [220, 30, 30])
        try check(page, grey: false)
        let colored = try page.encoded(grey: false)
        page.color = [90, 90, 90]
        let plain = try page.encoded(grey: false)
        withExtendedLifetime((colored, plain)) {
            #expect(pixGetDepth(colored.pix) == 32 && pixGetDepth(plain.pix) == 8)
            #expect(pixGetXRes(plain.pix) == 144)
        }
    }
}
