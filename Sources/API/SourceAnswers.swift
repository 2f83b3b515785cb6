import DocumentSources
import HTTPTypes
import Pipeline

extension APIError {
    /// What a client is told of a document that could not be fetched; nothing of what the other side said.
    init(_ error: DocumentSourceError) {
        let (status, refusal): (HTTPResponse.Status, DocumentRefusal) =
            switch error.kind {
            case .off, .notAllowed, .refused: (.forbidden, .source)
            case .invalid: (.unprocessableContent, .source)
            case .notFound, .unauthorized, .failed: (.badGateway, .sourceFailed)
            case .tooLarge: (.contentTooLarge, .tooLarge)
            case .tooSlow: (.gatewayTimeout, .sourceFailed)
            case .cancelled: (.serviceUnavailable, .cutOff)
            }
        let text = error.description
        self.init(status, text.prefix(1).uppercased() + text.dropFirst() + ".")
        self.refusal = refusal
    }

    static let twoDocuments = APIError(
        .unprocessableContent, "Send the document as `file`, or say where it is by `url`; not both.")
}
