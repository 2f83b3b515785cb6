import CImage
import CPoppler
import Glibc
import RenderProtocol

/// The pixels of the page that is being drawn. Kept from page to page: fresh memory costs more than drawing a page of text.
final class Canvas {
    private var bytes: UnsafeMutableRawPointer?
    private var capacity = 0
    /// Bytes of the page at hand.
    private var used = 0
    /// Bytes from the first that are known to be 255. Most of a page of text stays white, and where it does not, the encoder
    /// wipes what it has read: that is cheaper than going over all memory before each page.
    private var white = 0
    private static let hugePage = 2 << 20

    deinit {
        free(bytes)
    }

    /// Room for a page, its contents undefined; good until the next call.
    func raster(_ fit: PixelFit) throws(RenderFailure) -> cimage_raster {
        let stride = fit.width * 4
        let (needed, overflow) = stride.multipliedReportingOverflow(by: fit.height)
        if overflow || needed > capacity {
            free(bytes)
            bytes = nil
            capacity = 0
            white = 0
            var fresh: UnsafeMutableRawPointer?
            let code = overflow ? ENOMEM : posix_memalign(&fresh, Self.hugePage, needed)
            guard code == 0, let fresh else {
                throw MemoryExhaustion.failure("making room for a page of \(fit.width) × \(fit.height) pixels")
            }
            bytes = fresh
            capacity = needed
            // Some thousand page faults less. Only a wish: the kernel may have no such pages, or a rule against it.
            if needed >= Self.hugePage { _ = madvise(fresh, needed, MADV_HUGEPAGE) }
        }
        used = needed
        return cimage_raster(
            pixels: bytes?.assumingMemoryBound(to: UInt8.self), stride: stride, width: UInt32(fit.width),
            height: UInt32(fit.height), order: CIMAGE_BGRX)
    }

    /// Draws on white.
    ///
    /// - Parameter body: draws, and leaves the raster as it is or wiped.
    /// - Returns: what `body` returns: the page, and whether it has wiped the raster.
    func onWhite<Page>(
        _ body: () throws(RenderFailure) -> (page: Page, isWiped: Bool)
    ) throws(RenderFailure) -> Page {
        if let bytes, white < used { memset(bytes + white, 0xFF, used - white) }
        let known = max(white, used)
        white = 0
        let (page, isWiped) = try body()
        if isWiped { white = known }
        return page
    }

    /// Something was drawn, and not wiped.
    func spoil() {
        white = 0
    }
}

extension cimage_raster {
    /// Lets cairo draw.
    ///
    /// - Parameters:
    ///   - scale: pixels a point.
    ///   - what: what failures say was being done.
    func draw(
        scale: Double, what: String, _ body: (_ context: OpaquePointer) -> Void
    ) throws(RenderFailure) {
        let surface = cairo_image_surface_create_for_data(
            pixels, CAIRO_FORMAT_RGB24, CInt(width), CInt(height), CInt(stride))
        guard let surface else { throw MemoryExhaustion.failure(what) }
        defer { cairo_surface_destroy(surface) }
        guard let context = cairo_create(surface) else { throw MemoryExhaustion.failure(what) }
        defer { cairo_destroy(context) }
        cairo_scale(context, scale, scale)
        body(context)
        // poppler leaves out a picture for which cairo had no memory and says nothing; the page would be half empty.
        let status = cairo_status(context)
        if MemoryExhaustion.happened || status == CAIRO_STATUS_NO_MEMORY { throw MemoryExhaustion.failure(what) }
        guard status == CAIRO_STATUS_SUCCESS else {
            throw RenderFailure(.damaged, "\(what) failed: \(String(cString: cairo_status_to_string(status)))")
        }
        cairo_surface_flush(surface)
    }
}
