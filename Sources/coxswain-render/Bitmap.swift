import CImage
import CLeptonica
import RenderProtocol

/// Owns a picture of leptonica's. Each step makes a new one and lets the old one go, so that never more than two are
/// in memory.
struct Bitmap: ~Copyable {
    private let pix: UnsafeMutablePointer<Pix>

    /// - Parameter pix: what a leptonica function returned; owned from here on.
    init?(_ pix: UnsafeMutablePointer<Pix>?) {
        guard let pix else { return nil }
        self.pix = pix
    }

    /// 32 bits a pixel, contents undefined.
    init?(width: Int, height: Int) {
        self.init(pixCreateNoInit(CInt(width), CInt(height), 32))
    }

    deinit {
        var pix: UnsafeMutablePointer<Pix>? = pix
        pixDestroy(&pix)
    }

    var width: Int { Int(pixGetWidth(pix)) }
    var height: Int { Int(pixGetHeight(pix)) }
    /// Dots per inch, or 0.
    var resolution: Double { Double(max(0, pixGetXRes(pix))) }

    /// The pixels, for a bitmap of 32 bits a pixel.
    var raster: cimage_raster {
        let stride = Int(pixGetWpl(pix)) * 4
        let words = pixGetData(pix)
        let bytes = UnsafeMutableRawPointer(words)?.assumingMemoryBound(to: UInt8.self)
        return cimage_raster(
            pixels: bytes, stride: stride, width: UInt32(width), height: UInt32(height), order: CIMAGE_XBGR)
    }

    /// Without colour map and transparency, on white; 8 or 32 bits a pixel.
    consuming func flattened() -> Bitmap? {
        let resolution = pixGetXRes(pix)
        var result: Bitmap
        if let map = pixGetColormap(pix) {
            var opaque: CInt = 1
            pixcmapIsOpaque(map, &opaque)
            let type = opaque == 1 ? REMOVE_CMAP_BASED_ON_SRC : REMOVE_CMAP_WITH_ALPHA
            guard let plain = Bitmap(pixRemoveColormap(pix, CInt(type))) else { return nil }
            result = plain
        } else {
            result = self
        }
        if pixGetDepth(result.pix) == 32, pixGetSpp(result.pix) == 4 {
            guard let blended = Bitmap(pixAlphaBlendUniform(result.pix, 0xFFFF_FF00)) else { return nil }
            result = blended
        }
        if pixGetDepth(result.pix) != 32 {
            guard let grey = Bitmap(pixConvertTo8(result.pix, 0)) else { return nil }
            result = grey
        }
        pixSetResolution(result.pix, resolution, resolution)
        return result
    }

    /// Turned as EXIF and TIFF number it: 1 is upright already, 3 upside down, 6 and 8 on a side, the rest mirrored.
    consuming func turned(orientation: Int) -> Bitmap? {
        let resolution = pixGetXRes(pix)
        var result = self
        if [2, 4, 5, 7].contains(orientation) {
            guard let mirrored = Bitmap(pixFlipLR(nil, result.pix)) else { return nil }
            result = mirrored
        }
        let quarters: CInt
        switch orientation {
        case 3, 4: quarters = 2
        case 6, 7: quarters = 1
        case 5, 8: quarters = 3
        default: quarters = 0
        }
        if quarters != 0 {
            guard let rotated = Bitmap(pixRotateOrth(result.pix, quarters)) else { return nil }
            result = rotated
        }
        pixSetResolution(result.pix, resolution, resolution)
        return result
    }

    /// Scaled by the mean of the pixels that each new one covers; 8 or 32 bits a pixel.
    consuming func scaled(to fit: PixelFit) -> Bitmap? {
        guard fit.width != width || fit.height != height else { return self }
        let resolution = CInt((Double(pixGetXRes(pix)) * Double(fit.width) / Double(width)).rounded())
        guard let result = Bitmap(pixScaleAreaMapToSize(pix, CInt(fit.width), CInt(fit.height))) else { return nil }
        pixSetResolution(result.pix, resolution, resolution)
        return result
    }

    /// With 32 bits a pixel.
    consuming func wide() -> Bitmap? {
        guard pixGetDepth(pix) != 32 else { return self }
        let resolution = pixGetXRes(pix)
        guard let result = Bitmap(pixConvertTo32(pix)) else { return nil }
        pixSetResolution(result.pix, resolution, resolution)
        return result
    }

    /// Notes the resolution in dots per inch.
    borrowing func setResolution(_ resolution: Double) {
        pixSetResolution(pix, CInt(resolution.rounded()), CInt(resolution.rounded()))
    }
}
