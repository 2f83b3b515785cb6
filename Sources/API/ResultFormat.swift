import HTTPTypes
import Hummingbird
import Pipeline

extension ResultText.Format {
    /// In the order in which they are given to whom they are all the same.
    private static let offered: [ResultText.Format] = [.json, .markdown, .text]

    /// The form in which a request would like a result: as its query says, else as `Accept` does.
    ///
    /// - Throws: `APIError` for a format that there is none of, and 406 where none of those that there are will do.
    init(of request: Request) throws {
        if let name = request.uri.queryParameters["format"].map(String.init) {
            guard let format = ResultText.Format(rawValue: name) else {
                throw APIError(.unprocessableContent, "`format` must be json, markdown or text.")
            }
            self = format
            return
        }
        let types = Self.offered.map { Self.bare($0.mediaType) }
        guard let index = Preferences(request.headers[.accept]).best(of: types) else {
            throw APIError(.notAcceptable, "Results are to be had as \(types.joined(separator: ", ")).")
        }
        self = Self.offered[index]
    }

    /// Without parameters, such as the charset.
    private static func bare(_ mediaType: String) -> String { String(mediaType.prefix { $0 != ";" }) }
}
