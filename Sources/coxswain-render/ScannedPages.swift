import CImage
import CPDFScan
import Glibc
import RenderProtocol

/// Draws pages of a PDF that are nothing but pictures, as scans are, from the pictures themselves: several times as fast as
/// drawing them as pages. Reads the file beside poppler-glib, which lets nobody at what it has read.
final class ScannedPages {
    private enum State {
        case unopened
        case opened(OpaquePointer)
        /// Not readable this way; all pages are drawn.
        case refused
    }

    private var state = State.unopened
    private let descriptor: CInt
    private let password: String?
    /// Bytes that decoding one picture may take.
    private let pictureBytes: Int

    /// - Parameter descriptor: of the file, which stays open as long as this does; not owned.
    init(descriptor: CInt, password: String?, pictureBytes: Int) {
        self.descriptor = descriptor
        self.password = password
        self.pictureBytes = pictureBytes
    }

    deinit {
        if case .opened(let document) = state { cpdfscan_close(document) }
    }

    enum Outcome: Equatable {
        /// - Parameter lacksPart: the data of a picture end before the picture does.
        case drawn(lacksPart: Bool)
        /// The page is more than pictures; the raster is as it was.
        case notPictures
        /// The same, but that was found out when something was drawn already.
        case spoilt
    }

    /// - Parameters:
    ///   - page: counted from 0.
    ///   - scale: pixels a point.
    ///   - raster: of the page's size.
    func draw(page: Int, scale: Double, color: PageColor, on raster: cimage_raster) throws(RenderFailure) -> Outcome {
        let what = "decoding the pictures of page \(page + 1)"
        guard let document = try document(what) else { return .notPictures }
        var raster = raster
        let code = Int(cpdfscan_draw(document, CInt(page), scale, color == .grey, pictureBytes, &raster))
        switch code {
        case CPDFSCAN_OK:
            if MemoryExhaustion.happened { throw MemoryExhaustion.failure(what) }
            return .drawn(lacksPart: cpdfscan_lacks_part(document))
        case CPDFSCAN_OUT_OF_MEMORY:
            throw MemoryExhaustion.failure(what)
        case CPDFSCAN_TOO_LARGE:
            throw RenderFailure(
                .tooLarge, "page \(page + 1) has a picture of too many pixels to be decoded; send it smaller")
        default:
            // Whatever this attempt ran into is not held against the drawing that follows.
            MemoryExhaustion.forget()
            return code == CPDFSCAN_NOT_PICTURES ? .notPictures : .spoilt
        }
    }

    private func document(_ what: String) throws(RenderFailure) -> OpaquePointer? {
        switch state {
        case .opened(let document): return document
        case .refused: return nil
        case .unopened: break
        }
        state = .refused
        let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard own >= 0 else { return nil }
        var document: OpaquePointer?
        switch Int(cpdfscan_open(own, password, &document)) {
        case CPDFSCAN_OK:
            if let document { state = .opened(document) }
        case CPDFSCAN_OUT_OF_MEMORY:
            throw MemoryExhaustion.failure(what)
        default:
            MemoryExhaustion.forget()
        }
        return document
    }
}
