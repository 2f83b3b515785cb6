import FoundationEssentials

/// `POST /v1/chat/completions` as this engine understands it: one picture, and a prompt that is accepted but cannot
/// change what Tesseract does.
package struct ChatRequest: Sendable, Equatable {
    /// The encoded picture, not looked into yet.
    package var image: [UInt8]
    /// All text parts, one a line.
    package var prompt: String
    /// `max_completion_tokens`, or the older `max_tokens`.
    package var maximumTokens: Int?
    /// `stream`: the answer is wanted as server-sent events.
    package var streams: Bool
    /// `stream_options.include_usage`
    package var includesUsage: Bool

    /// Reads a request's body.
    ///
    /// - Parameter maximumImageBytes: the largest encoded picture.
    /// - Throws: a 4xx naming the field at fault.
    package init(json body: [UInt8], maximumImageBytes: Int) throws(ProblemReport) {
        let wire: RequestBody
        do {
            wire = try JSONDecoder().decode(RequestBody.self, from: Data(body))
        } catch {
            throw Self.problem(with: error)
        }
        try Self.checkOptions(wire)
        var urls: [(parameter: String, url: String)] = []
        var texts: [String] = []
        for (index, message) in wire.messages.enumerated() {
            for (position, part) in message.content.parts.enumerated() {
                let parameter = "messages[\(index)].content[\(position)]"
                switch (part.type, part.text, part.imageURL) {
                case ("text", let text?, _): texts.append(text)
                case ("image_url", _, let image?): urls.append((parameter + ".image_url.url", image.url))
                case ("text", nil, _), ("image_url", _, nil):
                    throw Self.refusal("a part of type \"\(part.type)\" lacks its \"\(part.type)\"", parameter)
                default:
                    throw Self.refusal(
                        "parts of type \"\(part.type.prefix(40))\" are not understood; send \"text\" and \"image_url\"",
                        parameter)
                }
            }
        }
        guard let first = urls.first else {
            throw Self.refusal("there is no image in the messages: this engine reads text from one image", "messages")
        }
        guard urls.count == 1 else {
            throw Self.refusal("there are \(urls.count) images in the messages; send one a request", "messages")
        }
        image = try DataURL.decode(first.url, parameter: first.parameter, maximumBytes: maximumImageBytes)
        prompt = texts.joined(separator: "\n")
        maximumTokens = wire.maximumCompletionTokens ?? wire.maximumTokens
        streams = wire.stream ?? false
        includesUsage = wire.streamOptions?.includesUsage ?? false
    }

    private static func checkOptions(_ wire: RequestBody) throws(ProblemReport) {
        if let model = wire.model, model != TesseractModel.identifier {
            throw ProblemReport(
                status: 404,
                message:
                    "the model \"\(model.prefix(100))\" is not here; this engine is \"\(TesseractModel.identifier)\"",
                parameter: "model", code: "model_not_found")
        }
        if let count = wire.count, count != 1 {
            throw refusal("one choice a request is supported", "n", "unsupported_parameter")
        }
        for (name, value) in [
            ("max_completion_tokens", wire.maximumCompletionTokens), ("max_tokens", wire.maximumTokens),
        ] {
            if let value, value < 1 { throw refusal("\"\(name)\" must be at least 1", name, "invalid_value") }
        }
    }

    private static func refusal(
        _ message: String, _ parameter: String?, _ code: String = "invalid_request"
    ) -> ProblemReport {
        ProblemReport(status: 400, message: message, parameter: parameter, code: code)
    }

    /// Says where a body departs from the format, without quoting it.
    private static func problem(with error: any Error) -> ProblemReport {
        guard let error = error as? DecodingError else { return refusal("the body is not JSON", nil, "invalid_json") }
        switch error {
        case .keyNotFound(let key, let context):
            let path = Self.path(context.codingPath + [key])
            return refusal("\"\(path)\" is missing", path)
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            let path = Self.path(context.codingPath)
            return path.isEmpty
                ? refusal("the body is not a JSON object", nil) : refusal("\"\(path)\" is of the wrong type", path)
        case .dataCorrupted: return refusal("the body is not JSON", nil, "invalid_json")
        @unknown default: return refusal("the body is not a chat completion request", nil)
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.reduce("") { path, key in
            if let index = key.intValue { return path + "[\(index)]" }
            return path.isEmpty ? key.stringValue : path + "." + key.stringValue
        }
    }
}

/// The fields that matter; others are ignored, as sampling means nothing to Tesseract.
private struct RequestBody: Decodable {
    struct Message: Decodable {
        var content: Content
    }

    /// A string, or a list of parts.
    struct Content: Decodable {
        var parts: [Part]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                parts = [Part(type: "text", text: text)]
            } else if container.decodeNil() {
                parts = []
            } else {
                parts = try container.decode([Part].self)
            }
        }
    }

    struct Part: Decodable {
        struct ImageURL: Decodable { var url: String }
        var type: String
        var text: String?
        var imageURL: ImageURL?

        private enum CodingKeys: String, CodingKey {
            case type
            case text
            case imageURL = "image_url"
        }
    }

    struct StreamOptions: Decodable {
        var includesUsage: Bool?
        private enum CodingKeys: String, CodingKey { case includesUsage = "include_usage" }
    }

    var model: String?
    var messages: [Message]
    var stream: Bool?
    var streamOptions: StreamOptions?
    var count: Int?
    var maximumTokens: Int?
    var maximumCompletionTokens: Int?

    private enum CodingKeys: String, CodingKey {
        case model
        case messages
        case stream
        case streamOptions = "stream_options"
        case count = "n"
        case maximumTokens = "max_tokens"
        case maximumCompletionTokens = "max_completion_tokens"
    }
}
