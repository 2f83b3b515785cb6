import CImage
import CPoppler
import Glibc
import RenderProtocol

/// A PDF, drawn by poppler and cairo, or where its pages are scans, from their pictures.
final class PDFDocument: PagedDocument {
    let kind = DocumentKind.pdf
    /// In points, as the page is read: crop box and rotation applied.
    let pages: [PageSize]
    private let document: OpaquePointer
    private let scans: ScannedPages?
    private let canvas = Canvas()

    /// - Parameters:
    ///   - descriptor: a regular file that can be read; owned by this call, whether it succeeds or not. poppler closes it
    ///     with the document.
    ///   - pictureBytes: bytes that decoding one picture of a scanned page may take.
    convenience init(descriptor: CInt, password: String?, pictureBytes: Int) throws(RenderFailure) {
        let spare = password == nil ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        defer { if spare >= 0 { close(spare) } }
        var error: UnsafeMutablePointer<GError>?
        if let document = poppler_document_new_from_fd(descriptor, password, &error) {
            try self.init(
                document,
                scans: ScannedPages(descriptor: descriptor, password: password, pictureBytes: pictureBytes))
            return
        }
        defer { g_error_free(error) }
        if MemoryExhaustion.happened { throw MemoryExhaustion.failure("opening the PDF") }
        if Self.isEncrypted(error) { throw RenderFailure(.encrypted, "the PDF needs a password to be opened") }
        // With a wrong password poppler tries another spelling of it on the descriptor that it has closed by then, and
        // calls the PDF damaged. Without one it tells the truth.
        if spare >= 0, Self.isEncryptedWithoutPassword(fcntl(spare, F_DUPFD_CLOEXEC, 3)) {
            throw RenderFailure(.encrypted, "the PDF is encrypted and the password is wrong")
        }
        throw RenderFailure(.damaged, "the PDF is damaged: it cannot be opened; it may have been cut off")
    }

    /// - Parameter source: a whole PDF.
    convenience init(source: String) throws(RenderFailure) {
        let bytes = g_bytes_new(source, gsize(source.utf8.count))
        defer { g_bytes_unref(bytes) }
        guard let document = poppler_document_new_from_bytes(bytes, nil, nil) else {
            throw RenderFailure(.internal, "a PDF of our own cannot be opened")
        }
        try self.init(document, scans: nil)
    }

    /// - Parameter document: owned from here on.
    private init(_ document: OpaquePointer, scans: ScannedPages?) throws(RenderFailure) {
        self.document = document
        self.scans = scans
        let count = Int(poppler_document_get_n_pages(document))
        guard count <= RenderLimits.pages else {
            pages = []
            throw RenderFailure(.tooLarge, "the PDF has \(count) pages; at most \(RenderLimits.pages) are taken")
        }
        pages = (0..<max(count, 0)).map { Self.size(of: $0, in: document) }
        guard pages.contains(where: { $0.width > 0 }) else {
            throw RenderFailure(.damaged, "the PDF holds no page that can be read; it may have been cut off")
        }
    }

    deinit {
        g_object_unref(UnsafeMutableRawPointer(document))
    }

    func render(page index: Int, budget: PixelBudget) throws(RenderFailure) -> RenderedPage {
        let size = pages[index]
        guard size.width > 0, let page = poppler_document_get_page(document, CInt(index)) else {
            throw RenderFailure(.damaged, "page \(index + 1) cannot be read")
        }
        defer { g_object_unref(UnsafeMutableRawPointer(page)) }
        let fit = budget.fit(size)
        let raster = try canvas.raster(fit)
        let scale = fit.dpi / 72
        if case .drawn(let lacksPart) = try drawScan(page: index, scale: scale, color: budget.color, on: raster) {
            var page = try raster.encoded(budget: budget, dpi: fit.dpi)
            page.lacksPart = lacksPart
            return page
        }
        return try canvas.onWhite { () throws(RenderFailure) in
            try raster.draw(scale: scale, what: "drawing page \(index + 1)") { poppler_page_render(page, $0) }
            return try raster.encodedAndWiped(budget: budget, dpi: fit.dpi)
        }
    }

    /// Draws the page if it is nothing but pictures.
    private func drawScan(
        page: Int, scale: Double, color: PageColor, on raster: cimage_raster
    ) throws(RenderFailure) -> ScannedPages.Outcome {
        guard let scans else { return .notPictures }
        var outcome = ScannedPages.Outcome.spoilt
        defer { if outcome != .notPictures { canvas.spoil() } }
        outcome = try scans.draw(page: page, scale: scale, color: color, on: raster)
        return outcome
    }

    private static func size(of index: Int, in document: OpaquePointer) -> PageSize {
        guard let page = poppler_document_get_page(document, CInt(index)) else { return PageSize(width: 0, height: 0) }
        defer { g_object_unref(UnsafeMutableRawPointer(page)) }
        var width = 0.0
        var height = 0.0
        poppler_page_get_size(page, &width, &height)
        guard width.isFinite, height.isFinite, width > 0, height > 0 else { return PageSize(width: 0, height: 0) }
        return PageSize(width: width, height: height)
    }

    private static func isEncrypted(_ error: UnsafeMutablePointer<GError>?) -> Bool {
        guard let error else { return false }
        return error.pointee.domain == poppler_error_quark()
            && error.pointee.code == CInt(POPPLER_ERROR_ENCRYPTED.rawValue)
    }

    /// - Parameter descriptor: owned by this call.
    private static func isEncryptedWithoutPassword(_ descriptor: CInt) -> Bool {
        var error: UnsafeMutablePointer<GError>?
        guard let document = poppler_document_new_from_fd(descriptor, nil, &error) else {
            defer { g_error_free(error) }
            return isEncrypted(error)
        }
        g_object_unref(UnsafeMutableRawPointer(document))
        return false
    }
}
