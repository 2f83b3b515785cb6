import HTTPTypes
import Rendering

extension APIError {
    /// What a client is told about a document that could not be opened.
    init(_ error: RenderError) {
        switch error.code {
        case .encrypted:
            self.init(
                .unprocessableContent,
                "The document is encrypted and cannot be read without its password; send it without one.")
        case .damaged, .notADocument:
            self.init(.unprocessableContent, "The document is damaged or cut short: \(error.message)")
        case .tooLarge:
            self.init(.contentTooLarge, "The document is too large: \(error.message)")
        case .outOfMemory, .crashed, .timedOut:
            // The reader of this one document was ended, twice; whether the document or bad luck was at fault cannot
            // be known, but that the same document will do better is unlikely.
            self.init(.unprocessableContent, "The document could not be opened: \(error.message)")
        case .unavailable, .closed, .cancelled:
            self.init(
                .serviceUnavailable, "No document can be opened at the moment; send it again.",
                headers: [HTTPField(name: .retryAfter, value: "5")])
        case .pageOutOfRange, .internal:
            self.init(.internalServerError, "The document could not be opened: \(error.message)")
        }
    }
}
