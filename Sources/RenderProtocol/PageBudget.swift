/// How one page is to be drawn and encoded.
package struct PixelBudget: Sendable, Hashable {
    /// Upper bound on width × height of each encoded picture.
    package var maxPixels: Int
    /// Wished resolution of a PDF page, in dots per inch. A page that would exceed `pagePixels` is drawn at less.
    /// Pictures have pixels of their own: they are only ever scaled down, to `pagePixels`.
    package var dpi: Double
    package var regions: PageRegions
    package var color: PageColor
    package var format: PageFormat

    package init(
        maxPixels: Int = 16_000_000, dpi: Double = 300, regions: PageRegions = .whole, color: PageColor = .grey,
        format: PageFormat = .jpeg(quality: 90)
    ) {
        self.maxPixels = maxPixels
        self.dpi = dpi
        self.regions = regions
        self.color = color
        self.format = format
    }

    /// The longest side that is ever drawn: cairo's surfaces end at 32,767 pixels, JPEG's at 65,500.
    package static let maxSide = 32_000

    /// Upper bound on width × height of the page as it is drawn, whole.
    package var pagePixels: Int {
        switch regions {
        case .whole: max(maxPixels, 1)
        case .blocks(let scale): max(scale.pagePixels, 1)
        }
    }

    /// Upper bound on width × height of a picture, as both sides understand it: a block is never so small that no text
    /// fits into it.
    package var picturePixels: Int {
        switch regions {
        case .whole: max(maxPixels, 1)
        case .blocks: max(maxPixels, 16 * RenderLimits.leastSide * RenderLimits.leastSide)
        }
    }

    /// The pixels of a PDF page under this budget.
    ///
    /// - Parameter page: in points (1/72 inch), both sides positive and finite.
    /// - Returns: sides of at least one pixel with `width * height <= pagePixels`, and the resolution they amount to.
    package func fit(_ page: PageSize) -> PixelFit {
        let points = max(page.width, 1e-6) * max(page.height, 1e-6)
        let wished = min(max(dpi, 1), 2400) / 72
        let affordable = (Double(pagePixels) / points).squareRoot()
        let longest = Double(Self.maxSide) / max(page.width, page.height, 1e-6)
        return limited(page, scale: min(wished, affordable, longest), unit: 72)
    }

    /// The pixels of a picture under this budget: its own, or fewer, never more.
    ///
    /// - Parameter picture: in pixels.
    /// - Returns: as `fit(_:)`; `dpi` is the factor by which the picture is scaled, at most 1.
    package func shrink(_ picture: PageSize) -> PixelFit {
        let affordable = (Double(pagePixels) / max(picture.width * picture.height, 1)).squareRoot()
        let longest = Double(Self.maxSide) / max(picture.width, picture.height, 1)
        return limited(picture, scale: min(1, affordable, longest), unit: 1)
    }

    private func limited(_ size: PageSize, scale: Double, unit: Double) -> PixelFit {
        // The epsilon keeps a side that is whole but for rounding (841.89 pt × 300/72) from gaining a pixel's row.
        var width = max(1, Int((size.width * scale + 0.001).rounded(.down)))
        var height = max(1, Int((size.height * scale + 0.001).rounded(.down)))
        // A side held up at one pixel lets the other exceed the budget.
        if width == 1 { height = min(height, pagePixels) }
        if height == 1 { width = min(width, pagePixels) }
        return PixelFit(width: width, height: height, dpi: scale * unit)
    }
}

/// What of a page is sent.
package enum PageRegions: Sendable, Hashable {
    /// One picture, the page.
    case whole
    /// Pictures of the page's blocks, in reading order, each inside `maxPixels`. The page is drawn at the budget's `dpi`,
    /// as far as its own bound allows, and blocks that are too large at that resolution are scaled down or cut.
    case blocks(BlockScale)
}

/// How large a page and its blocks are drawn when it is cut.
package struct BlockScale: Sendable, Hashable {
    /// Resolution, in dots per inch, below which no block is scaled, so that its text can be read: rather is it cut.
    /// A page that has fewer of its own, or had to be drawn at less, keeps what it has.
    package var leastDPI: Double
    /// Upper bound on width × height of the page.
    package var pagePixels: Int

    package init(leastDPI: Double = 144, pagePixels: Int = 16_000_000) {
        self.leastDPI = leastDPI
        self.pagePixels = pagePixels
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
