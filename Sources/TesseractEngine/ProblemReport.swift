import FoundationEssentials

/// Why a request is refused or failed, in the shape that OpenAI's clients understand:
/// `{"error":{"message","type","param","code"}}`.
package struct ProblemReport: Error, Sendable, Equatable {
    /// The HTTP status that goes with it.
    package var status: Int
    package var message: String
    /// `invalid_request_error`, `overloaded_error` or `server_error`.
    package var type: String
    /// The field at fault, such as `messages[0].content`.
    package var parameter: String?
    /// A word for programs.
    package var code: String

    package init(status: Int, message: String, parameter: String? = nil, code: String) {
        self.status = status
        self.message = message
        self.parameter = parameter
        self.code = code
        type =
            switch status {
            case 429, 503: "overloaded_error"
            case 500...: "server_error"
            default: "invalid_request_error"
            }
    }

    /// The body of the answer. The keys are always all there, as in OpenAI's.
    package var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(Envelope(error: self))).map { Array($0) } ?? []
    }

    private struct Envelope: Encodable {
        var error: ProblemReport
    }
}

extension ProblemReport: Encodable {
    private enum CodingKeys: String, CodingKey {
        case message
        case type
        case parameter = "param"
        case code
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(message, forKey: .message)
        try container.encode(type, forKey: .type)
        // Null rather than absent.
        try container.encode(parameter, forKey: .parameter)
        try container.encode(code, forKey: .code)
    }
}
