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
            let (mediaType, bytes) = try encodedBytes(budget: budget, dpi: dpi)
            return RenderedPage(
                width: Int(width), height: Int(height), dpi: dpi, mediaType: mediaType, bytes: bytes)
        case .blocks(let scale):
            return try blocks(budget: budget, scale: scale, dpi: dpi, isClaimed: isClaimed)
        }
    }

    /// Encodes the pixels as the budget says.
    ///
    /// - Parameter dpi: resolution for the header, or 0.
    func encodedBytes(budget: PixelBudget, dpi: Double) throws(RenderFailure) -> (MediaType, [UInt8]) {
        var raster = self
        var bytes: UnsafeMutablePointer<UInt8>?
        var length = 0
        let code: CInt
        let mediaType: MediaType
        switch budget.format {
        case .jpeg(let quality):
            mediaType = .jpeg
            let how = cimage_encoding(
                grey: budget.color == .grey, quality: CInt(min(max(quality, 1), 100)), dpi: dpi)
            code = cimage_encode_jpeg(&raster, how, &bytes, &length)
        case .png:
            mediaType = .png
            code = cimage_encode_png(
                &raster, cimage_encoding(grey: budget.color == .grey, quality: 0, dpi: dpi), &bytes, &length)
        }
        defer { free(bytes) }
        guard Int(code) == CIMAGE_OK else { throw MemoryExhaustion.failure("encoding a page") }
        guard length <= RenderLimits.replyBytes - RenderedPage.overhead(pictures: 1) else {
            throw RenderFailure(.tooLarge, "the encoded page has \(length) bytes: ask for fewer pixels, or for JPEG")
        }
        return (mediaType, Array(UnsafeBufferPointer(start: bytes, count: length)))
    }
}
