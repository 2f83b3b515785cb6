/// How one page is to be drawn and encoded.
package struct PixelBudget: Sendable, Hashable {
    /// Upper bound on width × height of the encoded page.
    package var maxPixels: Int
    /// Wished resolution of a PDF page, in dots per inch. A page that would exceed `maxPixels` is drawn at less.
    /// Pictures have pixels of their own: they are only ever scaled down, to `maxPixels`.
    package var dpi: Double
    package var color: PageColor
    package var format: PageFormat

    package init(
        maxPixels: Int = 16_000_000, dpi: Double = 300, color: PageColor = .grey,
        format: PageFormat = .jpeg(quality: 90)
    ) {
        self.maxPixels = maxPixels
        self.dpi = dpi
        self.color = color
        self.format = format
    }

    /// The longest side that is ever drawn: cairo's surfaces end at 32,767 pixels, JPEG's at 65,500.
    package static let maxSide = 32_000

    /// The pixels of a PDF page under this budget.
    ///
    /// - Parameter page: in points (1/72 inch), both sides positive and finite.
    /// - Returns: sides of at least one pixel with `width * height <= maxPixels`, and the resolution they amount to.
    package func fit(_ page: PageSize) -> PixelFit {
        let points = max(page.width, 1e-6) * max(page.height, 1e-6)
        let wished = min(max(dpi, 1), 2400) / 72
        let affordable = (Double(max(maxPixels, 1)) / points).squareRoot()
        let longest = Double(Self.maxSide) / max(page.width, page.height, 1e-6)
        return limited(page, scale: min(wished, affordable, longest), unit: 72)
    }

    /// The pixels of a picture under this budget: its own, or fewer, never more.
    ///
    /// - Parameter picture: in pixels.
    /// - Returns: as `fit(_:)`; `dpi` is the factor by which the picture is scaled, at most 1.
    package func shrink(_ picture: PageSize) -> PixelFit {
        let affordable = (Double(max(maxPixels, 1)) / max(picture.width * picture.height, 1)).squareRoot()
        let longest = Double(Self.maxSide) / max(picture.width, picture.height, 1)
        return limited(picture, scale: min(1, affordable, longest), unit: 1)
    }

    private func limited(_ size: PageSize, scale: Double, unit: Double) -> PixelFit {
        // The epsilon keeps a side that is whole but for rounding (841.89 pt × 300/72) from gaining a pixel's row.
        var width = max(1, Int((size.width * scale + 0.001).rounded(.down)))
        var height = max(1, Int((size.height * scale + 0.001).rounded(.down)))
        // A side held up at one pixel lets the other exceed the budget.
        if width == 1 { height = min(height, max(maxPixels, 1)) }
        if height == 1 { width = min(width, max(maxPixels, 1)) }
        return PixelFit(width: width, height: height, dpi: scale * unit)
    }
}

/// Pixels that a page is drawn with.
package struct PixelFit: Sendable, Hashable {
    package let width: Int
    package let height: Int
    /// Dots per inch for a PDF page; for a picture the factor by which it is scaled.
    package let dpi: Double

    package init(width: Int, height: Int, dpi: Double) {
        self.width = width
        self.height = height
        self.dpi = dpi
    }
}

/// Width and height of a page as it is read, rotation and crop box applied: points (1/72 inch) in a PDF, pixels in a
/// picture. Both are 0 for a page that the document promises but does not hold.
package struct PageSize: Sendable, Hashable {
    package let width: Double
    package let height: Double

    package init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }
}

package enum PageColor: UInt8, Sendable, Hashable {
    case grey = 0
    case rgb = 1
}

package enum PageFormat: Sendable, Hashable {
    /// Quality 1…100 as libjpeg means it; chroma is never subsampled.
    case jpeg(quality: Int)
    /// Lossless, at the fastest compression level.
    case png
}

package enum MediaType: UInt8, Sendable, Hashable {
    case jpeg = 0
    case png = 1

    /// As HTTP and data URLs call it.
    package var name: String {
        switch self {
        case .jpeg: "image/jpeg"
        case .png: "image/png"
        }
    }
}

package enum DocumentKind: UInt8, Sendable, Hashable {
    case pdf = 0
    case image = 1
}
