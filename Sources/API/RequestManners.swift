import HTTPTypes
import Hummingbird

/// What is asked of every request, whatever it asks for.
enum RequestManners {
    /// - Throws: `APIError` for what cannot be done as it is asked.
    static func check(_ request: Request, _ context: APIContext) throws {
        // A body in a coding that nobody here undoes would be taken for a broken one.
        if let coding = request.headers[.contentEncoding]?.lowercased(), coding != "identity", coding != "" {
            throw APIError(
                .unsupportedMediaType, "The body's Content-Encoding is not taken; send it as it is.",
                headers: [HTTPField(name: .acceptEncoding, value: "identity")])
        }
        // RFC 9110 §10.1.1.
        if let expectation = request.headers[.expect], expectation.lowercased() != "100-continue" {
            throw APIError(.expectationFailed, "`Expect` can be 100-continue here, and nothing else.")
        }
        if context.connection.isOnReserve, !Routes.probes.contains(request.uri.path) {
            throw APIError(
                .serviceUnavailable,
                "As many connections as are taken are open and in use (COXSWAIN_MAX_CONNECTIONS); come again later.",
                headers: [HTTPField(name: .retryAfter, value: "5")])
        }
    }

    /// Answers that say when to come again, and how long that is where whoever gave them did not say, in seconds.
    static let retryAfter = [429: 10, 503: 5, 507: 60]
}
