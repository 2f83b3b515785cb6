import CImage
import Glibc
import RenderProtocol

/// A document whose pages can be drawn.
protocol PagedDocument {
    var kind: DocumentKind { get }
    var pages: [PageSize] { get }
    /// - Parameter page: counted from 0, below `pages.count`.
    func render(page: Int, budget: PixelBudget) throws(RenderFailure) -> RenderedPage
}

/// Tells by its first bytes what a document is. Names and declared types are not asked: they are the sender's word.
enum Content {
    case pdf
    case picture(PictureFormat)

    /// - Parameter start: the first 1024 bytes, or the whole of a shorter file.
    init?(start: [UInt8]) {
        if let format = PictureFormat(start: start) {
            self = .picture(format)
        } else if Self.holdsPDFHeader(start) {
            self = .pdf
        } else {
            return nil
        }
    }

    /// The header may follow other bytes; readers look for it in the first 1024.
    private static func holdsPDFHeader(_ start: [UInt8]) -> Bool {
        let header = Array("%PDF-".utf8)
        guard start.count >= header.count else { return false }
        return (0...start.count - header.count).contains { start[$0..<$0 + header.count].elementsEqual(header) }
    }
}

/// Reads from a descriptor at given places. The api and other renderers share its position, so nobody may move it.
func readAt(_ offset: Int, of descriptor: CInt, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    var filled = 0
    while filled < buffer.count {
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
        let count = pread(descriptor, part.baseAddress, part.count, off_t(offset + filled))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        filled += count
    }
    return filled
}

extension cimage_raster {
    /// The page as the budget wants it: encoded whole, or as pictures of its blocks.
    ///
    /// - Parameters:
    ///   - dpi: resolution for the header and the reply, or 0.
    ///   - isClaimed: whether that is what a picture's header says, which cameras and editors make up; a PDF's is known.
    func encoded(
        budget: PixelBudget, dpi: Double, isClaimed: Bool = false
    ) throws(RenderFailure) -> RenderedPage {
        switch budget.regions {
        case .whole:
            return try encodedWhole(budget: budget, dpi: dpi, wipes: false)
        case .blocks(let scale):
            return try blocks(budget: budget, scale: scale, dpi: dpi, isClaimed: isClaimed)
        }
    }

    /// As `encoded`. The raster is white afterwards, if that is done in passing.
    func encodedAndWiped(
        budget: PixelBudget, dpi: Double
    ) throws(RenderFailure) -> (page: RenderedPage, isWiped: Bool) {
        guard case .whole = budget.regions, case .jpeg = budget.format else {
            return (try encoded(budget: budget, dpi: dpi), false)
        }
        return (try encodedWhole(budget: budget, dpi: dpi, wipes: true), true)
    }

    private func encodedWhole(budget: PixelBudget, dpi: Double, wipes: Bool) throws(RenderFailure) -> RenderedPage {
        let (mediaType, bytes) = try encodedBytes(budget: budget, dpi: dpi, wipes: wipes)
        return RenderedPage(width: Int(width), height: Int(height), dpi: dpi, mediaType: mediaType, bytes: bytes)
    }

    /// Encodes the pixels as the budget says.
    ///
    /// - Parameters:
    ///   - dpi: resolution for the header, or 0.
    ///   - wipes: whether the raster is to be white afterwards; JPEG only.
    func encodedBytes(
        budget: PixelBudget, dpi: Double, wipes: Bool = false
    ) throws(RenderFailure) -> (MediaType, [UInt8]) {
        var raster = self
        var bytes: UnsafeMutablePointer<UInt8>?
        var length = 0
        let code: CInt
        let mediaType: MediaType
        switch budget.format {
        case .jpeg(let quality):
            mediaType = .jpeg
            let how = cimage_encoding(
                grey: budget.color == .grey, quality: CInt(min(max(quality, 1), 100)), dpi: dpi, wipes: wipes)
            code = cimage_encode_jpeg(&raster, how, &bytes, &length)
        case .png:
            mediaType = .png
            let how = cimage_encoding(grey: budget.color == .grey, quality: 0, dpi: dpi, wipes: false)
            code = cimage_encode_png(&raster, how, &bytes, &length)
        }
        defer { free(bytes) }
        guard Int(code) == CIMAGE_OK else { throw MemoryExhaustion.failure("encoding a page") }
        guard length <= RenderLimits.replyBytes - RenderedPage.overhead(pictures: 1) else {
            throw RenderFailure(.tooLarge, "the encoded page has \(length) bytes: ask for fewer pixels, or for JPEG")
        }
        return (mediaType, Array(UnsafeBufferPointer(start: bytes, count: length)))
    }
}
