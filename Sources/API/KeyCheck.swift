import APIKeys
import HTTPTypes
import Hummingbird

/// Lets a request through that carries a key, or goes where none is asked for; all others are answered here, before anything
/// of their body is read.
struct KeyCheck: RouterMiddleware {
    typealias Context = APIContext

    let keys: KeyKeeper
    /// Paths that are open to everybody.
    let open: Set<String>

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        // The path as it was sent: what the router would take for the same is asked for a key.
        if open.contains(request.uri.path) { return try await next(request, context) }
        let credentials = Credentials(
            authorization: request.headers[values: .authorization],
            apiKey: Self.keyField.map { request.headers[values: $0] } ?? [])
        var context = context
        switch keys.judge(credentials, at: Self.now) {
        case .open: break
        case .holder(let key):
            context.key = key
            context.notes.caller = key.label
        case .limited(let key, let seconds):
            context.notes.caller = key.label
            throw APIError(requestsOf: key, waitFor: seconds)
        case .refused(let refusal): throw APIError(refusal)
        }
        return try await next(request, context)
    }

    private static let keyField = HTTPField.Name("X-Api-Key")
    private static let start = ContinuousClock.now
    /// Seconds of a clock that does not go back.
    static var now: Double { start.duration(to: .now) / .seconds(1) }
}

extension APIError {
    /// Whoever sent it is unknown (RFC 6750 §3).
    init(_ refusal: KeyRefusal) {
        let (detail, error) =
            switch refusal {
            case .missing:
                ("An API key is needed: send it as `Authorization: Bearer KEY` or as `X-Api-Key: KEY`.", nil as String?)
            case .ambiguous:
                ("The request carries two different API keys; send one.", "invalid_request")
            case .unknown: ("The API key is not known here.", "invalid_token")
            }
        let challenge = "Bearer realm=\"coxswain\"" + (error.map { ", error=\"\($0)\"" } ?? "")
        self.init(.unauthorized, detail, headers: [HTTPField(name: .wwwAuthenticate, value: challenge)])
    }

    init(requestsOf key: APIKey, waitFor seconds: Double) {
        let limit = key.limits.requestsPerMinute.map(String.init) ?? "no"
        self.init(
            .tooManyRequests, "The API key \"\(key.label)\" may send \(limit) requests a minute; come again later.",
            headers: [HTTPField(name: .retryAfter, value: String(max(1, Int(seconds.rounded(.up)))))])
    }

    /// - Parameter seconds: until the next day.
    init(pagesOf key: APIKey, limit: Int, waitFor seconds: Int) {
        self.init(
            .tooManyRequests,
            "The API key \"\(key.label)\" may have \(limit) pages read a day; the next day begins at midnight, UTC.",
            headers: [HTTPField(name: .retryAfter, value: String(seconds))])
    }
}
