import Digests
package import NIOCore

/// Takes the document out of a form while the form is still arriving: at most a few hundred kilobytes of it are in
/// memory at any time.
package struct UploadReader: Sendable {
    private let spool: Spool
    private let maximumBytes: Int
    private let field: String

    /// - Parameters:
    ///   - maximumBytes: bytes that a document may have.
    ///   - field: name of the form field that carries it.
    package init(spool: Spool, maximumBytes: Int, field: String = "file") {
        self.spool = spool
        self.maximumBytes = maximumBytes
        self.field = field
    }

    /// Bytes that a form may have around its document: boundaries, headers, other fields.
    private static let maximumOverhead = 1 << 20

    /// Judges a request by its head, before any of its body is read.
    ///
    /// - Parameters:
    ///   - contentType: the request's `Content-Type`; nil when it has none.
    ///   - contentLength: its `Content-Length`, in bytes; nil when it has none.
    /// - Returns: what ``read(_:form:)`` needs.
    package func admit(contentType: String?, contentLength: Int?) throws(UploadError) -> MultipartParser {
        if contentLength == 0 { throw .noBody }
        if let contentLength, contentLength > maximumBytes + Self.maximumOverhead {
            throw .tooLarge(limit: maximumBytes)
        }
        return try Self.translating { () throws(MultipartError) in
            try MultipartParser(contentType: contentType ?? "")
        }
    }

    /// Reads a whole form.
    ///
    /// A document that is refused for its content is still read to its end, without being kept: most clients look for
    /// an answer only after they have sent everything.
    ///
    /// - Throws: ``UploadError``, or what the body throws when the connection fails.
    package func read<Body: AsyncSequence>(_ body: Body, form: MultipartParser) async throws -> Upload
    where Body.Element == ByteBuffer {
        var form = form
        var document = DocumentSink(spool: spool, maximumBytes: maximumBytes)
        var fields = FormFields()
        var part: MultipartPart?
        var found: MultipartPart?
        var received = 0
        for try await chunk in body {
            received += chunk.readableBytes
            if received > maximumBytes + Self.maximumOverhead { throw UploadError.tooLarge(limit: maximumBytes) }
            for event in try Self.translating({ () throws(MultipartError) in try form.feed(chunk) }) {
                switch event {
                case .partBegan(let began):
                    part = began
                    // The first field of that name counts, as for the container that this one replaces.
                    if found == nil, began.name == field { found = began }
                    if began.name != field { fields.begin(began) }
                case .data(let data):
                    if part != nil, part == found, !document.isClosed { try await document.take(data) }
                    if part?.name != field { fields.take(data) }
                case .partEnded:
                    if part != nil, part == found, !document.isClosed { try await document.close() }
                    if part?.name != field { fields.end() }
                    part = nil
                }
            }
        }
        if received == 0 { throw UploadError.noBody }
        try Self.translating { () throws(MultipartError) in try form.finish() }
        guard let found else { throw UploadError.noField(field) }
        var upload = try document.upload(of: found)
        upload.fields = fields.texts
        upload.unreadFields = fields.unread
        return upload
    }

    private static func translating<Value>(_ body: () throws(MultipartError) -> Value) throws(UploadError) -> Value {
        do { return try body() } catch { throw .form(error) }
    }
}

/// A document that has arrived.
package struct Upload: Sendable {
    package var file: SpoolFile
    /// As the client sent it; nil when it sent none.
    package var fileName: String?
    package var kind: DocumentKind
    package var bytes: Int
    /// Of the document, as ``Digest/finish()`` writes it.
    package var sha256: String?
    /// The form's other text fields: at most 16, of at most 4096 bytes each.
    package var fields: [String: String] = [:]
    /// Names of text fields that are not in ``fields``, since they were too long, too many or no UTF-8. Whoever needs one
    /// of them refuses the request; the others are nobody's.
    package var unreadFields: Set<String> = []
}

/// Why an upload was not taken.
package enum UploadError: Error, Sendable, Equatable {
    case form(MultipartError)
    case noBody
    case noField(String)
    /// The document has no bytes.
    case empty
    /// Neither a PDF nor a picture that can be read.
    case unsupported
    /// Bytes that a document may have.
    case tooLarge(limit: Int)
    case spool(FileFailure)
}

/// Collects one document: judges it by its beginning, then puts it on disk in pieces.
private struct DocumentSink {
    let spool: Spool
    let maximumBytes: Int
    private(set) var isClosed = false
    private var bytes = 0
    private let digest = Digest()
    private var waiting: [ByteBuffer] = []
    private var waitingBytes = 0
    private var verdict = Verdict.open

    private enum Verdict {
        case open
        case accepted(DocumentKind, SpoolFile)
        case refused(UploadError)
    }

    init(spool: Spool, maximumBytes: Int) {
        self.spool = spool
        self.maximumBytes = maximumBytes
    }

    /// Bytes that are collected before they are written: fewer, larger writes.
    private static let pieceBytes = 256 << 10

    mutating func take(_ data: ByteBuffer) async throws {
        bytes += data.readableBytes
        if bytes > maximumBytes { throw UploadError.tooLarge(limit: maximumBytes) }
        if case .refused = verdict { return }
        waiting.append(data)
        waitingBytes += data.readableBytes
        if case .open = verdict, waitingBytes >= DocumentKind.prefixLength { try judge() }
        if waitingBytes >= Self.pieceBytes { try await flush() }
    }

    mutating func close() async throws {
        isClosed = true
        if case .open = verdict { try judge() }
        try await flush()
    }

    func upload(of part: MultipartPart) throws(UploadError) -> Upload {
        switch verdict {
        case .open: throw .empty
        case .refused(let error): throw error
        case .accepted(let kind, let file):
            return Upload(file: file, fileName: part.fileName, kind: kind, bytes: bytes, sha256: digest.finish())
        }
    }

    private mutating func judge() throws {
        var prefix: [UInt8] = []
        for chunk in waiting where prefix.count < DocumentKind.prefixLength {
            prefix += chunk.readableBytesView.prefix(DocumentKind.prefixLength - prefix.count)
        }
        guard let kind = DocumentKind.sniff(prefix) else {
            verdict = .refused(bytes == 0 ? .empty : .unsupported)
            waiting = []
            waitingBytes = 0
            return
        }
        do {
            verdict = .accepted(kind, try spool.makeFile(isPublished: true))
        } catch {
            throw UploadError.spool(error)
        }
    }

    private mutating func flush() async throws {
        guard case .accepted(_, let file) = verdict, !waiting.isEmpty else { return }
        let chunks = waiting
        waiting = []
        waitingBytes = 0
        for chunk in chunks { chunk.withUnsafeReadableBytes { digest.update($0) } }
        do {
            try await file.append(chunks)
        } catch let failure as FileFailure {
            throw UploadError.spool(failure)
        }
    }
}
