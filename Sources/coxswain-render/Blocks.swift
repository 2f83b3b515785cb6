import CImage
import Layout
import RenderProtocol

extension cimage_raster {
    /// The page as pictures of its blocks, in reading order; none for a blank page.
    ///
    /// - Parameters:
    ///   - dpi: of the page, or 0.
    ///   - isClaimed: as in `encoded`.
    func blocks(
        budget: PixelBudget, scale: BlockScale, dpi: Double, isClaimed: Bool
    ) throws(RenderFailure) -> RenderedPage {
        var sheet = try Sheet(self, color: budget.color)
        let resolution = isClaimed || dpi <= 0 ? plausible(dpi) : dpi
        var ink = try PageInk(sheet, resolution: resolution)
        let skew = ink.skew
        if skew != 0 {
            sheet = try sheet.turned(skew)
            ink = try PageInk(sheet, resolution: resolution)
        }
        let boxes: [PixelBox]
        if let map = try ink.map() {
            let layout = WhiteSpaceLayout(map: map, pageWidth: sheet.width, pageHeight: sheet.height)
            boxes = layout.boxes(pixels: budget.picturePixels, leastScale: min(1, scale.leastDPI / resolution))
        } else {
            boxes = []
        }
        var pictures: [RenderedPicture] = []
        var bytes = 0
        for box in boxes {
            let fit = Sheet.scale(of: box, pixels: budget.picturePixels)
            let picture = try sheet.picture(of: box, scale: fit, budget: budget, dpi: dpi)
            bytes += picture.bytes.count
            guard bytes <= RenderLimits.replyBytes - RenderedPage.overhead(pictures: boxes.count) else {
                throw RenderFailure(
                    .tooLarge, "the encoded blocks have more than \(bytes) bytes: ask for fewer pixels, or for JPEG")
            }
            pictures.append(picture)
        }
        return RenderedPage(width: sheet.width, height: sheet.height, dpi: dpi, pictures: pictures)
    }

    /// The page's resolution for deciding how small its blocks may become. Cameras and editors write 72 or 96 into
    /// pictures of any size: then the page is taken for one of A4 or letter size.
    private func plausible(_ dpi: Double) -> Double {
        let side = Double(max(width, height))
        return dpi >= 100 && dpi <= 1200 && side / dpi <= 50 ? dpi : max(1, side / 11.7)
    }
}

/// Where the blocks of a page are, told from the white between them. A service that knows layouts would take its place:
/// what it must give is boxes in reading order.
struct WhiteSpaceLayout {
    let map: InkMap
    let pageWidth: Int
    let pageHeight: Int

    /// - Parameters:
    ///   - pixels: bound on width × height of a block's picture.
    ///   - leastScale: the scale, at most 1, below which a block is cut instead.
    /// - Returns: boxes on the page, in reading order.
    func boxes(pixels: Int, leastScale: Double) -> [PixelBox] {
        let columns = map.columns()
        let boxes = columns.flatMap { self.boxes(of: $0, among: columns, pixels: pixels, leastScale: leastScale) }
        guard boxes.count > RenderLimits.picturesPerPage else { return boxes }
        // Confetti, not columns of text. Cut across into a quarter of what is allowed, as no piece is lower than a third of
        // its height; what is too large is scaled down.
        let height = max(1, map.height / (RenderLimits.picturesPerPage / 4))
        return map.pieces(of: map.entire, tallest: max(height, tallest(map.entire, pixels, leastScale)))
            .prefix(RenderLimits.picturesPerPage).map { box($0, grown: 0, within: map.entire) }
    }

    private func boxes(of column: Area, among columns: [Area], pixels: Int, leastScale: Double) -> [PixelBox] {
        let margin = Int(map.letter.rounded(.up))
        let pieces = map.pieces(of: column, tallest: tallest(column, pixels, leastScale))
        return pieces.indices.map { index in
            let piece = pieces[index]
            // Not into what lies beside, above or below.
            var limit = map.entire
            for other in columns where other != column { limit = Self.without(other, limit, around: piece) }
            if index > 0 { limit.top = max(limit.top, (pieces[index - 1].bottom + piece.top) / 2) }
            if index + 1 < pieces.count {
                limit.bottom = min(limit.bottom, (piece.bottom + pieces[index + 1].top + 1) / 2)
            }
            return box(piece, grown: margin, within: limit)
        }
    }

    /// The height in cells that a piece as wide as a column may have.
    private func tallest(_ column: Area, _ pixels: Int, _ leastScale: Double) -> Int {
        let margin = 2 * map.letter.rounded(.up)
        let (across, down) = (Double(pageWidth) / Double(map.width), Double(pageHeight) / Double(map.height))
        let width = (Double(column.width) + margin) * across * leastScale
        let cells = Double(pixels) / max(1, width) / (down * leastScale) - margin
        // At least some lines: a very wide page is scaled down rather than cut into single lines.
        return Int(max(cells, 8 * map.letter, 1))
    }

    /// A limit drawn in halfway to another area, if that lies beside, above or below.
    private static func without(_ other: Area, _ limit: Area, around area: Area) -> Area {
        var limit = limit
        if other.left >= area.right {
            if overlap(other.top..<other.bottom, area.top..<area.bottom) {
                limit.right = min(limit.right, (area.right + other.left + 1) / 2)
            }
        } else if other.right <= area.left {
            if overlap(other.top..<other.bottom, area.top..<area.bottom) {
                limit.left = max(limit.left, (area.left + other.right) / 2)
            }
        } else if other.top >= area.bottom {
            limit.bottom = min(limit.bottom, (area.bottom + other.top + 1) / 2)
        } else if other.bottom <= area.top {
            limit.top = max(limit.top, (area.top + other.bottom) / 2)
        }
        return limit
    }

    private static func overlap(_ one: Range<Int>, _ other: Range<Int>) -> Bool {
        one.overlaps(other)
    }

    private func box(_ area: Area, grown margin: Int, within limit: Area) -> PixelBox {
        let area = area.grown(by: margin, within: limit)
        let (across, down) = (Double(pageWidth) / Double(map.width), Double(pageHeight) / Double(map.height))
        let left = Int((Double(area.left) * across).rounded(.down))
        let top = Int((Double(area.top) * down).rounded(.down))
        let right = min(pageWidth, Int((Double(area.right) * across).rounded(.up)))
        let bottom = min(pageHeight, Int((Double(area.bottom) * down).rounded(.up)))
        return PixelBox(x: left, y: top, width: max(1, right - left), height: max(1, bottom - top))
    }
}
