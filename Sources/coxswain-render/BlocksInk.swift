import CLeptonica
import Layout
import RenderProtocol

/// What a page's ink says about its layout: how far it lies askew, and where ink is.
struct PageInk {
    /// Resolution of the map, in cells to the inch, more or less: enough to tell gutters and the white between lines.
    private static let cellsPerInch = 100.0
    /// One bit a pixel, 1 for ink.
    private let bits: Sheet

    /// - Parameter resolution: of the page in dots per inch.
    init(_ page: Sheet, resolution: Double) throws(RenderFailure) {
        // A map of a huge page is coarser, and still small.
        let largest = Double(max(page.width, page.height)) / 3000
        let factor = max(1, Int((resolution / Self.cellsPerInch).rounded()), Int(largest.rounded(.up)))
        let grey = try page.grey(reducedBy: factor)
        bits = try Self.binarised(grey)
    }

    /// Angle in radians by which the page is to be turned, clockwise, to be straight; 0 unless that is certain and
    /// worth it: turning blurs.
    var skew: Double {
        var angle: Float = 0
        var confidence: Float = 0
        guard pixFindSkew(bits.pix, &angle, &confidence) == 0, confidence >= 5, abs(angle) >= 0.3, abs(angle) <= 7
        else { return 0 }
        return Double(angle) * .pi / 180
    }

    /// nil for a page without ink.
    func map() throws(RenderFailure) -> InkMap? {
        let what = "looking for blocks"
        removeEdges()
        let clean = try Sheet(
            pixSelectBySize(
                bits.pix, 2, 2, 8, CInt(L_SELECT_IF_EITHER), CInt(L_SELECT_IF_GTE), nil),
            doing: what)
        var boxes = pixConnCompBB(clean.pix, 8)
        defer { boxaDestroy(&boxes) }
        guard let letter = Self.letter(boxes, pageHeight: clean.height) else { return nil }
        return InkMap(page: Self.cells(clean), width: clean.width, height: clean.height, letter: letter)
    }

    private static func binarised(_ grey: Sheet) throws(RenderFailure) -> Sheet {
        let what = "looking for blocks"
        let (width, height) = (grey.width, grey.height)
        let all = Double(width * height)
        // Light letters on dark paper become dark ones on light paper.
        let inverted = Self.count(of: grey, 0...110) >= 0.6 * all
        let grey = inverted ? try Sheet(pixInvert(nil, grey.pix), doing: what) : grey
        if Self.count(of: grey, 245...255) >= 0.5 * all || min(width, height) < 64 {
            // Drawn by a program on white paper, or scanned well. What is only a little darker is a tint.
            return try Sheet(pixThresholdToBinary(grey.pix, 220), doing: what)
        }
        // Sauvola's threshold follows paper that is yellow, shaded or shines through.
        var result: UnsafeMutablePointer<Pix>?
        pixSauvolaBinarize(grey.pix, 15, 0.3, 1, nil, nil, nil, &result)
        return try Sheet(result, doing: what)
    }

    /// How many pixels have one of some values, as far as a sample tells.
    private static func count(of grey: Sheet, _ values: ClosedRange<CInt>) -> Double {
        // Every fourth pixel of every fourth row.
        let step: CInt = 4
        var histogram = pixGetGrayHistogram(grey.pix, step)
        defer { numaDestroy(&histogram) }
        var sum: Float = 0
        numaGetSumOnInterval(histogram, values.lowerBound, values.upperBound, &sum)
        return Double(sum) * Double(step * step)
    }

    /// Blanks dark bands along the edges, which the lid of a scanner leaves. Bands wider than that are part of the page.
    private func removeEdges() {
        let (width, height) = (bits.width, bits.height)
        let cells = Self.cells(bits)
        let ink = Int(InkMap.Cell.ink)
        func isDark(_ count: Int, of length: Int) -> Bool { count * 2 > length * ink }
        func column(_ x: Int) -> Bool {
            isDark((0..<height).reduce(0) { $0 + Int(cells[$1 * width + x]) }, of: height)
        }
        func row(_ y: Int) -> Bool {
            isDark((0..<width).reduce(0) { $0 + Int(cells[y * width + $1]) }, of: width)
        }
        func band(_ length: Int, _ dark: (Int) -> Bool) -> Int {
            let most = length / 16
            let count = (0..<most).first { !dark($0) } ?? most
            return count < most ? count : 0
        }
        let left = band(width, column), right = band(width) { column(width - 1 - $0) }
        let top = band(height, row), bottom = band(height) { row(height - 1 - $0) }
        // The band's own edge is ragged.
        func blank(_ size: Int) -> CInt { size == 0 ? 0 : CInt(size + 2) }
        pixSetOrClearBorder(bits.pix, blank(left), blank(right), blank(top), blank(bottom), CInt(PIX_CLR))
    }

    /// Height of an ordinary small letter in pixels: of the pieces of ink that could be letters, the middle one.
    private static func letter(_ boxes: UnsafeMutablePointer<Boxa>?, pageHeight: Int) -> Double? {
        guard let boxes else { return nil }
        var heights: [CInt] = []
        var something = false
        for index in 0..<boxaGetCount(boxes) {
            var (x, y, width, height): (CInt, CInt, CInt, CInt) = (0, 0, 0, 0)
            guard boxaGetBoxGeometry(boxes, index, &x, &y, &width, &height) == 0 else { continue }
            if max(width, height) >= 4 { something = true }
            if height >= 3, width >= 2, width <= 8 * height, Int(height) <= max(8, pageHeight / 12) {
                heights.append(height)
            }
        }
        guard something else { return nil }
        heights.sort()
        let usual = heights.isEmpty ? 7 : Double(heights[heights.count / 2])
        return min(max(usual, 3), max(4, Double(pageHeight) / 40))
    }

    private static func cells(_ bits: Sheet) -> [UInt8] {
        let (width, height, stride) = (bits.width, bits.height, Int(pixGetWpl(bits.pix)))
        let (ink, paper) = (InkMap.Cell.ink, InkMap.Cell.paper)
        guard let words = pixGetData(bits.pix) else { return [UInt8](repeating: 0, count: width * height) }
        return [UInt8](unsafeUninitializedCapacity: width * height) { cells, count in
            for y in 0..<height {
                let row = words + y * stride
                for x in 0..<width {
                    // The leftmost pixel of a word is its highest bit.
                    let bit = row[x >> 5] >> UInt32(31 - x & 31) & 1
                    cells.initializeElement(at: y * width + x, to: bit == 1 ? ink : paper)
                }
            }
            count = width * height
        }
    }
}
