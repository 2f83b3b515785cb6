/// Why the engine gave no answer.
package struct EngineError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// The settings cannot work: a base URL that is no http(s) URL, a limit below one.
        case invalidConfiguration
        /// Nobody listens, the connection broke, or the gate stayed closed until the deadline.
        case unreachable
        /// The engine had the request, and no answer came within the request's time.
        case timedOut
        /// HTTP 429 or 503: not now.
        case overloaded
        /// Another 4xx, or a redirect: the same request would be refused again.
        case rejected
        /// Another 5xx: the engine failed at this request.
        case failed
        /// The engine ended while it had this request, and the request may be why. It is not sent again: whether to, and
        /// then alone, is for the caller to decide, who knows how often it happened.
        case crashed
        /// A 2xx whose body is not a chat completion.
        case malformedAnswer
        /// A body beyond `maximumAnswerBytes`.
        case tooLargeAnswer
        /// The task was cancelled, or the client closed.
        case cancelled
    }

    package var code: Code
    /// For our own log, never for a client: it names addresses. It holds nothing of the document and nothing that
    /// the engine wrote freely, for engines quote their input in their errors.
    package var message: String
    /// The HTTP status, where there was one.
    package var status: Int?

    package init(_ code: Code, _ message: String, status: Int? = nil) {
        self.code = code
        self.message = message
        self.status = status
    }

    /// Whether the same request can succeed later without anyone changing it.
    package var isRetryable: Bool {
        switch code {
        case .unreachable, .overloaded, .failed: true
        case .invalidConfiguration, .timedOut, .crashed, .rejected, .malformedAnswer, .tooLargeAnswer, .cancelled: false
        }
    }

    static let engineCrashed = EngineError(.crashed, "the engine ended while it had the request")
    static let taskCancelled = EngineError(.cancelled, "the request was cancelled")

    package var description: String { "\(code.rawValue): \(message)" }
}
