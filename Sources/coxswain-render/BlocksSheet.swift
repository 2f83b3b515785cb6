import CImage
import CLeptonica
import Glibc
import RenderProtocol

/// A drawn page in leptonica's hands, grey (8 bits a pixel) or in colour (32), from which pictures of blocks are taken.
final class Sheet {
    let pix: UnsafeMutablePointer<Pix>

    /// - Parameter pix: what a leptonica function returned; owned from here on.
    init(_ pix: UnsafeMutablePointer<Pix>?, doing what: String) throws(RenderFailure) {
        guard let pix else { throw MemoryExhaustion.failure(what) }
        self.pix = pix
    }

    /// A copy of drawn pixels.
    init(_ raster: cimage_raster, color: PageColor) throws(RenderFailure) {
        let (width, height) = (Int(raster.width), Int(raster.height))
        guard let pixels = raster.pixels, let pix = pixCreateNoInit(CInt(width), CInt(height), color == .grey ? 8 : 32),
            let words = pixGetData(pix)
        else { throw MemoryExhaustion.failure("copying the page") }
        self.pix = pix
        let stride = Int(pixGetWpl(pix))
        // Where red lies, from the low byte of a pixel; then green below it and blue below that.
        let red: UInt32 = raster.order == CIMAGE_BGRX ? 16 : 24
        for y in 0..<height {
            let row = UnsafeRawPointer(pixels + y * raster.stride).assumingMemoryBound(to: UInt32.self)
            let target = words + y * stride
            switch color {
            case .rgb:
                for x in 0..<width { target[x] = row[x] << (24 - red) & 0xFFFF_FF00 }
            case .grey:
                // leptonica keeps four grey pixels in a word, the left one in its highest byte.
                for word in 0..<width / 4 {
                    let x = 4 * word
                    var four = Self.luminance(row[x], red)
                    four = four << 8 | Self.luminance(row[x + 1], red)
                    four = four << 8 | Self.luminance(row[x + 2], red)
                    target[word] = four << 8 | Self.luminance(row[x + 3], red)
                }
                for x in width / 4 * 4..<width {
                    if x & 3 == 0 { target[x >> 2] = 0 }
                    target[x >> 2] |= Self.luminance(row[x], red) << UInt32(24 - 8 * (x & 3))
                }
            }
        }
    }

    /// - Parameter red: where red lies in a pixel, counted in bits; green is below it, and blue below that.
    @inline(__always)
    private static func luminance(_ pixel: UInt32, _ red: UInt32) -> UInt32 {
        (77 * (pixel >> red & 0xFF) + 150 * (pixel >> (red - 8) & 0xFF) + 29 * (pixel >> (red - 16) & 0xFF)) >> 8
    }

    deinit {
        var pix: UnsafeMutablePointer<Pix>? = pix
        pixDestroy(&pix)
    }

    var width: Int { Int(pixGetWidth(pix)) }
    var height: Int { Int(pixGetHeight(pix)) }

    /// 8 bits a pixel, smaller by a whole factor.
    func grey(reducedBy factor: Int) throws(RenderFailure) -> Sheet {
        let what = "looking for blocks"
        if pixGetDepth(pix) == 32 {
            return try Sheet(pixConvertRGBToLuminance(pix), doing: what).grey(reducedBy: factor)
        }
        guard factor > 1 else { return try Sheet(pixClone(pix), doing: what) }
        // Not below a pixel.
        let across = max(1 / Float(factor), 1 / Float(width)), down = max(1 / Float(factor), 1 / Float(height))
        return try Sheet(pixScaleAreaMap(pix, across, down), doing: what)
    }

    /// Turned about its middle, white where nothing was; corners are lost.
    ///
    /// - Parameter radians: clockwise.
    func turned(_ radians: Double) throws(RenderFailure) -> Sheet {
        try Sheet(
            pixRotate(pix, Float(radians), CInt(L_ROTATE_AREA_MAP), CInt(L_BRING_IN_WHITE), 0, 0),
            doing: "straightening the page")
    }

    /// What a box shows, encoded.
    ///
    /// - Parameters:
    ///   - scale: at most 1. The picture is at least as large as engines need it, by white around what is shown.
    ///   - dpi: of the page; 0 where it is not known.
    func picture(
        of box: PixelBox, scale: Double, budget: PixelBudget, dpi: Double
    ) throws(RenderFailure) -> RenderedPicture {
        let what = "taking a block from the page"
        var sheet = try cut(box, doing: what)
        if scale < 1 {
            let (width, height) = Self.size(of: box, scale: scale)
            sheet = try Sheet(pixScaleAreaMapToSize(sheet.pix, CInt(width), CInt(height)), doing: what)
        }
        sheet = try sheet.padded(doing: what)
        if pixGetDepth(sheet.pix) != 32 { sheet = try Sheet(pixConvertTo32(sheet.pix), doing: what) }
        guard let words = pixGetData(sheet.pix) else { throw MemoryExhaustion.failure(what) }
        let raster = cimage_raster(
            pixels: UnsafeMutableRawPointer(words).assumingMemoryBound(to: UInt8.self),
            stride: Int(pixGetWpl(sheet.pix)) * 4, width: UInt32(sheet.width), height: UInt32(sheet.height),
            order: CIMAGE_XBGR)
        let (mediaType, bytes) = try raster.encodedBytes(budget: budget, dpi: dpi * scale)
        return RenderedPicture(
            box: box, width: sheet.width, height: sheet.height, mediaType: mediaType, bytes: bytes)
    }

    private func cut(_ box: PixelBox, doing what: String) throws(RenderFailure) -> Sheet {
        var area: UnsafeMutablePointer<Box>? = boxCreate(
            CInt(box.x), CInt(box.y), CInt(box.width), CInt(box.height))
        defer { boxDestroy(&area) }
        return try Sheet(pixClipRectangle(pix, area, nil), doing: what)
    }

    /// The shorter side that a picture must have.
    private static func leastSide(_ width: Int, _ height: Int) -> Int {
        max(RenderLimits.leastSide, (max(width, height) + 99) / 100)
    }

    /// The scale, at most 1, at which what a box shows keeps to a number of pixels, white around it counted.
    static func scale(of box: PixelBox, pixels: Int) -> Double {
        var scale = min(1, (Double(pixels) / Double(box.width * box.height)).squareRoot())
        // White makes a thin picture larger again.
        while scale > 1e-6 {
            let (width, height) = size(of: box, scale: scale)
            let least = leastSide(width, height)
            if max(width, least) * max(height, least) <= pixels { break }
            scale *= 0.97
        }
        return scale
    }

    private static func size(of box: PixelBox, scale: Double) -> (width: Int, height: Int) {
        (max(1, Int(Double(box.width) * scale)), max(1, Int(Double(box.height) * scale)))
    }

    /// With white around, so that no side is shorter than engines take, nor a hundredth of the other.
    private func padded(doing what: String) throws(RenderFailure) -> Sheet {
        let least = Self.leastSide(width, height)
        let across = max(0, least - width), down = max(0, least - height)
        guard across > 0 || down > 0 else { return self }
        return try Sheet(
            pixAddBorderGeneral(
                pix, CInt(across / 2), CInt(across - across / 2), CInt(down / 2), CInt(down - down / 2),
                pixGetDepth(pix) == 32 ? 0xFFFF_FF00 : 0xFF),
            doing: what)
    }
}
