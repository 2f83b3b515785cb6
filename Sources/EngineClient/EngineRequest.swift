package import Document

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
    /// How much less likely a token becomes that was there before; 1 changes nothing. Not every engine knows it.
    package var repetitionPenalty: Double?
    /// Tokens are drawn from the likeliest, which together have this probability: 0…1.
    package var topP: Double?
    /// The same seed gives the same answer where the temperature is not zero.
    package var seed: Int?
    /// vLLM's `skip_special_tokens`; nil leaves it out, for engines that do not know it.
    package var skipSpecialTokens: Bool?
    /// To what size the engine scales the picture (`mm_processor_kwargs`); nil leaves it to the engine. vLLM alone knows it.
    package var pixelLimits: PixelLimits?
    /// Ends the answer, with `finishReason` `"repetition"`, as soon as it sees that the text repeats itself without end.
    /// An engine that does not stream is not watched.
    package var watch: RepetitionWatch?
    /// `traceparent` (W3C Trace Context) of whoever wanted the picture read; nil sends none. It has to be valid.
    package var traceparent: String?

    /// In pixels of the whole picture.
    package struct PixelLimits: Sendable, Equatable {
        package var minimum: Int
        package var maximum: Int

        package init(minimum: Int, maximum: Int) {
            self.minimum = minimum
            self.maximum = maximum
        }
    }

    package init(
        image: [UInt8], mediaType: MediaType, prompt: String = "OCR:", maxTokens: Int = 4096, temperature: Double = 0,
        repetitionPenalty: Double? = nil, topP: Double? = nil, seed: Int? = nil, skipSpecialTokens: Bool? = true,
        pixelLimits: PixelLimits? = nil, watch: RepetitionWatch? = nil, traceparent: String? = nil
    ) {
        self.image = image
        self.mediaType = mediaType
        self.prompt = prompt
        self.maxTokens = maxTokens
        self.temperature = temperature
        self.repetitionPenalty = repetitionPenalty
        self.topP = topP
        self.seed = seed
        self.skipSpecialTokens = skipSpecialTokens
        self.pixelLimits = pixelLimits
        self.watch = watch
        self.traceparent = traceparent
    }
}

/// What the engine read.
package struct EngineAnswer: Sendable, Equatable {
    package var text: String
    /// `"stop"`, or `"length"` when `maxTokens` cut the text, or `"repetition"` when the request's watch did; nil where
    /// the engine gave none.
    package var finishReason: String?
    /// What is there is not the whole answer, and no limit was its end: vLLM says so when it is stopped.
    var isBrokenOff: Bool { ["abort", "error", "cancelled"].contains(finishReason) }
    package var promptTokens: Int
    /// Of an answer that was ended by its watch, the number of pieces it came in.
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
