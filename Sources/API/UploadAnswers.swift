import HTTPTypes
import Intake
import Pipeline

/// Where a document came in. All take every kind; they differ in how they refuse, and in whether they wait.
enum UploadPath: String, Sendable, CaseIterable {
    case pdf = "/ocr/pdf"
    case image = "/ocr/image"
    case jobs = "/jobs"

    /// The answer is the result.
    var waits: Bool { self != .jobs }

    fileprivate var refusal: String {
        switch self {
        // The replaced container's words, which clients compare.
        case .pdf: "File must be a PDF"
        case .image, .jobs: "File must be a picture (PNG, JPEG, TIFF or WebP) or a PDF"
        }
    }
}

extension APIError {
    /// What a client is told about an upload that was not taken.
    init(_ error: UploadError, on path: UploadPath) {
        switch error {
        case .form(.notMultipart):
            self.init(
                .unsupportedMediaType,
                "The request is not multipart/form-data; send the document as its field \"file\", or where the document is "
                    + "as `url`, which may be sent as application/json or application/x-www-form-urlencoded too.")
        case .form(let error): self.init(.badRequest, error.description)
        case .noBody:
            self.init(
                .badRequest, "The request has no body; send the document as the form field \"file\", or its `url`.")
        case .noField(let name): self.init(missingField: name)
        case .empty: self.init(.badRequest, "The file is empty.")
        case .unsupported:
            self.init(
                .badRequest, path.refusal,
                hint: "The content decides, not the name: a PDF begins with %PDF-, and a picture may be PNG, JPEG, "
                    + "TIFF or WebP. What was sent is none of these.")
        case .tooLarge(let limit):
            self.init(
                .contentTooLarge,
                limit == FormReader.maximumBytes
                    ? "The body is larger than \(limit) bytes; documents are sent as multipart/form-data."
                    : "The document is larger than \(limit) bytes (COXSWAIN_MAX_UPLOAD_BYTES).")
        case .spool(let failure): self = failure.isFull ? .noRoom : .cannotStore
        }
        refusal = DocumentRefusal(error)
    }

    /// A request whose body stopped coming.
    static let bodyEndedEarly = APIError(
        .badRequest, "The request body ended before all of it had come. Send the document again."
    ).refusing(.cutOff)

    static let noRoom = APIError(
        .insufficientStorage, "There is no room on the container's disk to take the document; try again later.",
        headers: [HTTPField(name: .retryAfter, value: "60")])

    static let cannotStore = APIError(
        .internalServerError, "The container cannot store the document; its log says why.")

    /// Whoever knows a job's id may ask for it; a list would give all of them away.
    static let listingNeedsKeys = APIError(
        .forbidden,
        "Jobs are listed only to holders of an API key, and this container has none; ask for a job by its id.")

    /// Work that was cut off by a stop.
    static func stopping(retryAfter: Int) -> APIError {
        APIError(
            .serviceUnavailable, "The container is stopping; send the document again.",
            headers: [HTTPField(name: .retryAfter, value: String(retryAfter))]
        ).refusing(.stopping)
    }
}

extension HTTPResponse.Status {
    static let insufficientStorage = HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
}
