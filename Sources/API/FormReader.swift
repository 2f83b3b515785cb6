import HTTPTypes
import HummingbirdCore
import Intake
import NIOCore

/// What a request's body says: a document or where it is, and what is wanted of it.
struct DocumentForm: Sendable {
    /// Nil where the body has none; a failure where what it has is no document.
    var document: Result<Upload, UploadError>?
    /// Texts by the names of their fields.
    var fields: [String: String]
    /// Names of fields that are not in ``fields``: too long, too many, or no UTF-8.
    var unreadFields: Set<String> = []
}

/// Reads a body in any of the three forms in which a document may come, or be named.
struct FormReader: Sendable {
    let uploads: UploadReader

    enum Kind: Sendable {
        /// With the document in it, or its URL.
        case multipart(MultipartParser)
        /// With its URL.
        case urlencoded, json
    }

    /// Bytes of a body without a document.
    static let maximumBytes = 64 << 10

    /// Judges a request by its head, before any of its body is read.
    ///
    /// - Parameters:
    ///   - contentType: nil when it has none.
    ///   - contentLength: in bytes; nil when it has none.
    func admit(contentType: String?, contentLength: Int?) throws(UploadError) -> Kind {
        let kind: Kind
        switch contentType.flatMap({ HeaderValue($0) })?.main {
        case "application/x-www-form-urlencoded": kind = .urlencoded
        case "application/json": kind = .json
        default: return .multipart(try uploads.admit(contentType: contentType, contentLength: contentLength))
        }
        if contentLength == 0 { throw .noBody }
        if let contentLength, contentLength > Self.maximumBytes { throw .tooLarge(limit: Self.maximumBytes) }
        return kind
    }

    /// - Throws: ``UploadError``, `APIError`, or what the body throws when the connection fails.
    func read(_ body: RequestBody, _ kind: Kind) async throws -> DocumentForm {
        switch kind {
        case .multipart(let parser):
            let form = try await uploads.readForm(body, form: parser)
            return DocumentForm(document: form.document, fields: form.fields, unreadFields: form.unreadFields)
        case .urlencoded: return try Self.form(URLEncodedFields(try await Self.bytes(of: body)))
        case .json: return DocumentForm(fields: try JSONFields(try await Self.bytes(of: body)).texts)
        }
    }

    private static func form(_ fields: URLEncodedFields) throws -> DocumentForm {
        guard fields.texts["file"] == nil, !fields.unread.contains("file") else { throw APIError.fileIsNoText }
        return DocumentForm(fields: fields.texts, unreadFields: fields.unread)
    }

    private static func bytes(of body: RequestBody) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in body {
            guard bytes.count + chunk.readableBytes <= maximumBytes else {
                throw UploadError.tooLarge(limit: maximumBytes)
            }
            bytes += chunk.readableBytesView
        }
        if bytes.isEmpty { throw UploadError.noBody }
        return bytes
    }
}

extension APIError {
    /// A document that was to be a text.
    static let fileIsNoText = APIError(
        .unprocessableContent,
        "A document is sent as multipart/form-data, as the field \"file\"; other forms name it by its `url`.")
}
