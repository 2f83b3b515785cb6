package import NIOCore
import NIOPosix

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

    /// Reads a whole form that has to have a document.
    ///
    /// - Throws: ``UploadError``, or what the body throws when the connection fails.
    package func read<Body: AsyncSequence>(_ body: Body, form: MultipartParser) async throws -> Upload
    where Body.Element == ByteBuffer {
        let form = try await readForm(body, form: form)
        guard let document = form.document else { throw UploadError.noField(field) }
        var upload = try document.get()
        upload.fields = form.fields
        upload.unreadFields = form.unreadFields
        return upload
    }

    /// Reads a whole form.
    ///
    /// A document that is refused for its content is still read to its end, without being kept: most clients look for
    /// an answer only after they have sent everything.
    ///
    /// - Throws: ``UploadError`` for what is wrong with the form, its size or the disk, or what the body throws when the
    ///   connection fails.
    package func readForm<Body: AsyncSequence>(_ body: Body, form: MultipartParser) async throws -> UploadForm
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
        return UploadForm(
            document: found.map { part in Result { () throws(UploadError) in try document.upload(of: part) } },
            fields: fields.texts, unreadFields: fields.unread)
    }

    private static func translating<Value>(_ body: () throws(MultipartError) -> Value) throws(UploadError) -> Value {
        do { return try body() } catch { throw .form(error) }
    }
}

/// A form that has arrived.
package struct UploadForm: Sendable {
    /// Nil where the form has no such field; a failure where what it has is no document.
    package var document: Result<Upload, UploadError>?
    /// As ``Upload/fields``.
    package var fields: [String: String]
    /// As ``Upload/unreadFields``.
    package var unreadFields: Set<String>
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

/// Collects one document of a form: in pieces, and away from the threads that run Swift tasks, as a disk may be slow.
private struct DocumentSink {
    private let receiver: DocumentReceiver
    private let maximumBytes: Int
    private(set) var isClosed = false
    /// It is no document: what else comes of it is read and let go.
    private var isUnsupported = false
    private var bytes = 0
    private var waiting: [ByteBuffer] = []
    private var waitingBytes = 0

    init(spool: Spool, maximumBytes: Int) {
        receiver = DocumentReceiver(spool: spool, maximumBytes: maximumBytes)
        self.maximumBytes = maximumBytes
    }

    /// Bytes that are collected before they are written: fewer, larger writes.
    private static let pieceBytes = 256 << 10

    mutating func take(_ data: ByteBuffer) async throws {
        bytes += data.readableBytes
        if bytes > maximumBytes { throw UploadError.tooLarge(limit: maximumBytes) }
        if isUnsupported { return }
        waiting.append(data)
        waitingBytes += data.readableBytes
        if waitingBytes >= Self.pieceBytes { try await flush() }
    }

    mutating func close() async throws {
        isClosed = true
        try await flush()
    }

    func upload(of part: MultipartPart) throws(UploadError) -> Upload {
        if isUnsupported { throw .unsupported }
        return try receiver.finish(fileName: part.fileName)
    }

    private mutating func flush() async throws {
        let (receiver, chunks) = (receiver, waiting)
        waiting = []
        waitingBytes = 0
        do {
            try await NIOThreadPool.singleton.runIfActive {
                // The typed error passes through a closure that rethrows untyped.
                for chunk in chunks { try chunk.withUnsafeReadableBytes { try receiver.take($0) } }
            }
        } catch UploadError.unsupported {
            isUnsupported = true
        }
    }
}
