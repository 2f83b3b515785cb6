/// One picture and what to make of it.
package struct EngineRequest: Sendable {
    /// An encoded picture as it goes into the request: `data:<mediaType>;base64,…`.
    package enum MediaType: String, Sendable {
        case jpeg = "image/jpeg"
        case png = "image/png"
    }

    /// The encoded picture.
    package var image: [UInt8]
    package var mediaType: MediaType
    /// What the model is told, such as `"OCR:"`.
    package var prompt: String
    /// The most tokens the answer may have; longer answers end with `finishReason` `"length"`.
    package var maxTokens: Int
    /// Zero for the same answer each time.
    package var temperature: Double
    /// vLLM's `skip_special_tokens`; nil leaves it out, for engines that do not know it.
    package var skipSpecialTokens: Bool?

    package init(
        image: [UInt8], mediaType: MediaType, prompt: String = "OCR:", maxTokens: Int = 4096, temperature: Double = 0,
        skipSpecialTokens: Bool? = true
    ) {
        self.image = image
        self.mediaType = mediaType
        self.prompt = prompt
        self.maxTokens = maxTokens
        self.temperature = temperature
        self.skipSpecialTokens = skipSpecialTokens
    }
}

/// What the engine read.
package struct EngineAnswer: Sendable, Equatable {
    package var text: String
    /// `"stop"`, or `"length"` when `maxTokens` cut the text; nil where the engine gave none.
    package var finishReason: String?
    /// What is there is not the whole answer, and no limit was its end: vLLM says so when it is stopped.
    var isBrokenOff: Bool { ["abort", "error", "cancelled"].contains(finishReason) }
    package var promptTokens: Int
    package var completionTokens: Int
    /// The model as the engine names it.
    package var model: String
    /// The time of the attempt that succeeded, from handing it to the network to its whole answer.
    package var milliseconds: Int
    /// Transfers made for this answer, the successful one included.
    package var attempts: Int

    package init(
        text: String, finishReason: String?, promptTokens: Int, completionTokens: Int, model: String,
        milliseconds: Int, attempts: Int
    ) {
        self.text = text
        self.finishReason = finishReason
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.model = model
        self.milliseconds = milliseconds
        self.attempts = attempts
    }
}

/// Told of each failure that will be tried again.
package struct EngineRetry: Sendable {
    package var error: EngineError
    /// Transfers made so far.
    package var attempts: Int
    /// The pause before the next one, to which the wait for the gate is added.
    package var pause: Duration
}
