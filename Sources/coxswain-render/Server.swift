import CPoppler
import Glibc
import RenderProtocol

/// Answers requests one after another until the socket ends.
struct Server {
    /// Where the api puts this process's end of the socket.
    static let socket: CInt = 3

    private let channel = FrameChannel(descriptor: Self.socket)
    private let limits: Limits
    private let losses: [String]
    private var document: (any PagedDocument)?

    /// - Parameter losses: what the sandbox lacks.
    init(limits: Limits, losses: [String]) {
        self.limits = limits
        self.losses = losses
    }

    /// - Returns: the exit status.
    mutating func run() -> CInt {
        do {
            try channel.send(RenderReply.ready(losses: losses).encoded())
            while true {
                let (body, passed) = try channel.receive(atMost: RenderLimits.requestBytes)
                limits.beginRequest()
                MemoryExhaustion.forget()
                guard let reply = answer(try RenderRequest(decoding: body), passed: passed) else { continue }
                try channel.send(reply.encoded())
            }
        } catch FrameChannel.Failure.ended {
            return RendererExit.done
        } catch {
            return RendererExit.protocolError
        }
    }

    private mutating func answer(_ request: RenderRequest, passed: CInt) -> RenderReply? {
        do throws(RenderFailure) {
            switch request {
            case .open(let password):
                document = nil
                let opened = try open(passed, password: password)
                document = opened
                return .opened(kind: opened.kind, pages: opened.pages)
            case .render(let page, let budget):
                if passed >= 0 { close(passed) }
                guard let document else { throw RenderFailure(.pageOutOfRange, "no document is open") }
                guard page < document.pages.count else {
                    throw RenderFailure(
                        .pageOutOfRange, "there is no page \(page + 1); the document has \(document.pages.count)")
                }
                return .rendered(try document.render(page: page, budget: budget))
            case .close:
                if passed >= 0 { close(passed) }
                document = nil
                // Memory that the document needed goes back to the system while this process waits for the next.
                malloc_trim(0)
                return nil
            }
        } catch {
            return .failed(error)
        }
    }

    /// - Parameter descriptor: closed by this call, or owned by the document that it returns.
    private func open(_ descriptor: CInt, password: String?) throws(RenderFailure) -> any PagedDocument {
        guard descriptor >= 0 else { throw RenderFailure(.internal, "no file came with the request to open one") }
        var keep = false
        defer { if !keep { close(descriptor) } }
        var status = stat()
        // poppler holds on to a descriptor that it refuses for not being a regular, readable file; it never sees one.
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            fcntl(descriptor, F_GETFL) & O_ACCMODE != O_WRONLY
        else { throw RenderFailure(.internal, "the document is not a file that can be read") }
        switch Content(start: start(of: descriptor)) {
        case .pdf:
            keep = true
            return try PDFDocument(
                descriptor: descriptor, password: password, pictureBytes: limits.pictureBytes)
        case .picture(let format):
            return try PictureDocument(
                descriptor: descriptor, size: Int(status.st_size), format: format, limits: limits)
        case nil:
            let what = status.st_size == 0 ? "the file is empty" : "the file is neither a PDF nor a picture"
            throw RenderFailure(.notADocument, what + "; PDF, PNG, JPEG, TIFF, WebP, GIF and BMP are taken")
        }
    }

    private func start(of descriptor: CInt) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 1024) { buffer, filled in
            filled = readAt(0, of: descriptor, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
