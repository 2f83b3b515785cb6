import Jobs
import Rendering

/// Why a document is not read at all.
struct Refusal: Error, Sendable {
    var failure: JobFailure
    /// One sentence for the client.
    var detail: String

    init(_ error: RenderError) {
        let (code, status): (String, Int)
        switch error.code {
        case .encrypted:
            (code, status) = ("password", 422)
            detail =
                "The document is encrypted (\(error.message)). Send its password as the form field `password`, or the document "
                + "without one."
        case .damaged, .notADocument:
            (code, status) = ("damaged", 422)
            detail = "The document is damaged or cut short: \(error.message)"
        case .tooLarge:
            (code, status) = ("too_large", 413)
            detail = "The document is too large: \(error.message)"
        case .outOfMemory, .crashed, .timedOut:
            // The reader of this one document was ended, twice; whether the document or bad luck was at fault cannot be
            // known, but that the same document will do better is unlikely.
            (code, status) = ("unreadable", 422)
            detail = "The document could not be opened: \(error.message)"
        case .unavailable, .closed, .cancelled:
            (code, status) = ("unavailable", 503)
            detail = "No document can be opened at the moment; send it again."
        case .pageOutOfRange, .internal:
            (code, status) = ("internal", 500)
            detail = "The document could not be opened: \(error.message)"
        }
        failure = JobFailure(code: code, httpStatus: status)
    }

    init(_ error: PageSelectionError) {
        failure = JobFailure(code: "pages", httpStatus: 422)
        detail = error.description
    }

    init(tooManyPages count: Int, limit: Int) {
        failure = JobFailure(code: "too_many_pages", httpStatus: 413)
        detail =
            "The document has \(count) pages to be read; at most \(limit) are taken at once (COXSWAIN_MAX_PAGES). Ask for "
            + "some of them with `pages`."
    }
}
