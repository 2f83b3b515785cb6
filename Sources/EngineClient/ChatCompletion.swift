import FoundationEssentials

/// The chat-completions format: requests written, answers read. Pure.
enum ChatCompletion {
    /// The body of `POST /chat/completions`. The answer is asked for as a stream, whose pieces tell a long generation from
    /// a hung engine.
    ///
    /// Put together by hand around the picture: an encoder would escape and copy megabytes of base64 to no end.
    static func body(for request: EngineRequest, model: String) -> [UInt8] {
        let picture = Data(request.image).base64EncodedData()
        var body: [UInt8] = []
        body.reserveCapacity(picture.count + request.prompt.utf8.count + model.utf8.count + 512)
        body += "{\"model\":\(quoted(model)),\"messages\":[{\"role\":\"user\",\"content\":[".utf8
        body += "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:\(request.mediaType.rawValue);base64,".utf8
        body += picture
        body += "\"}},{\"type\":\"text\",\"text\":\(quoted(request.prompt))}]}]".utf8
        body += ",\"temperature\":\(request.temperature),\"max_completion_tokens\":\(request.maxTokens)".utf8
        body += ",\"stream\":true,\"stream_options\":{\"include_usage\":true}".utf8
        if let penalty = request.repetitionPenalty { body += ",\"repetition_penalty\":\(penalty)".utf8 }
        if let topP = request.topP { body += ",\"top_p\":\(topP)".utf8 }
        if let seed = request.seed { body += ",\"seed\":\(seed)".utf8 }
        if let skip = request.skipSpecialTokens { body += ",\"skip_special_tokens\":\(skip)".utf8 }
        if let limits = request.pixelLimits {
            body += ",\"mm_processor_kwargs\":{\"min_pixels\":\(limits.minimum),\"max_pixels\":\(limits.maximum)}".utf8
        }
        body += "}".utf8
        return body
    }

    /// What a 2xx answer in one piece says, of a server that knows no streams; `milliseconds` and `attempts` are left for the caller.
    ///
    /// - Throws: `.malformedAnswer` for a body that is no chat completion with at least one choice.
    static func answer(from body: [UInt8]) throws(EngineError) -> EngineAnswer {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(body)), let choice = answer.choices.first
        else {
            throw EngineError(.malformedAnswer, "the engine's answer (\(body.count) bytes) is not a chat completion")
        }
        return EngineAnswer(
            text: choice.message.content ?? "", finishReason: choice.finishReason,
            promptTokens: answer.usage?.promptTokens ?? 0, completionTokens: answer.usage?.completionTokens ?? 0,
            model: answer.model ?? "", milliseconds: 0, attempts: 0)
    }

    /// The ids that `GET /models` lists.
    static func models(from body: [UInt8]) throws(EngineError) -> [String] {
        guard let list = try? JSONDecoder().decode(ModelList.self, from: Data(body)) else {
            throw EngineError(.malformedAnswer, "the engine's list of models (\(body.count) bytes) is not one")
        }
        return list.data.map(\.id)
    }

    /// What a status other than 2xx means. Of the body only the short machine-readable words are kept.
    static func error(status: Int, body: [UInt8]) -> EngineError {
        let code: EngineError.Code =
            switch status {
            case 429, 503: .overloaded
            case 500...: .failed
            default: .rejected
            }
        var message = "the engine answered HTTP \(status)"
        if let failure = try? JSONDecoder().decode(Failure.self, from: Data(body)),
            let kind = failure.error?.type ?? failure.type, isWord(kind)
        {
            message += " (\(kind))"
        }
        if (300..<400).contains(status) { message += ": redirects are not followed; set the final base URL" }
        return EngineError(code, message, status: status)
    }

    /// Whether a text is safe to repeat in our log: a name of an error, nothing of a document.
    static func isWord(_ text: String) -> Bool {
        text.utf8.count <= 64
            && text.unicodeScalars.allSatisfy { $0.isASCII && ($0.properties.isAlphabetic || $0 == "_") }
    }

    private static func quoted(_ text: String) -> String {
        // Encoding a string cannot fail: every Swift string is valid Unicode.
        let data = (try? JSONEncoder().encode(text)) ?? Data("\"\"".utf8)
        return String(decoding: data, as: UTF8.self)
    }

    struct Usage: Decodable, Sendable {
        var promptTokens: Int?
        var completionTokens: Int?
        private enum CodingKeys: String, CodingKey {
            case promptTokens = "prompt_tokens"
            case completionTokens = "completion_tokens"
        }
    }

    private struct Answer: Decodable {
        struct Choice: Decodable {
            struct Message: Decodable { var content: String? }
            var message: Message
            var finishReason: String?
            private enum CodingKeys: String, CodingKey {
                case message
                case finishReason = "finish_reason"
            }
        }
        var model: String?
        var choices: [Choice]
        var usage: Usage?
    }

    private struct ModelList: Decodable {
        struct Model: Decodable { var id: String }
        var data: [Model]
    }

    /// OpenAI nests the error; vLLM before 0.10 did not.
    private struct Failure: Decodable {
        struct Inner: Decodable { var type: String? }
        var error: Inner?
        var type: String?
    }
}
