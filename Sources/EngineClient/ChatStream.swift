package import Document
import FoundationEssentials

/// The answer to a chat completion that comes in pieces: `chat.completion.chunk` events, closed by `[DONE]`. Pure.
///
/// Only the text grows, and only to its limit, however many events there are.
package struct ChatStream: Sendable {
    /// Most bytes of the text, and of one event.
    private let limit: Int
    private var parser: EventStreamParser
    private var text = ""
    private var finishReason: String?
    private var model: String?
    private var usage: ChatCompletion.Usage?
    private var hasChoice = false
    private var failure: EngineError?
    /// `[DONE]` has come, or the watch has ended it: what may follow means nothing.
    private var isDone = false
    private var watch: RepetitionWatch?
    private var wasStopped = false
    private var pieces = 0

    package init(limit: Int, watch: RepetitionWatch? = nil) {
        self.limit = limit
        self.watch = watch
        parser = EventStreamParser(limit: limit)
    }

    /// It can come to no good any more.
    package var hasFailed: Bool { failure != nil }
    /// Nothing more is wanted of it.
    package var isOver: Bool { hasFailed || wasStopped }
    /// The answer is whole. Not every server sends `[DONE]`, and one that gives a reason to end has ended.
    package var isWhole: Bool { isDone || (failure == nil && finishReason != nil) }

    /// - Returns: whether the engine has moved on: a token, or an empty piece that it sends as a sign of progress.
    ///   Comments are none: proxies send them by the clock.
    package mutating func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard !isDone, !hasFailed else { return false }
        let events: [[UInt8]]
        do throws(EventStreamParser.TooLarge) {
            events = try parser.take(bytes)
        } catch {
            failure = tooLarge
            return false
        }
        var hasMoved = false
        for event in events where !isDone && !hasFailed {
            take(event)
            hasMoved = hasMoved || !hasFailed
        }
        return hasMoved
    }

    /// What the stream says, once it is whole or has failed.
    ///
    /// - Throws: `.failed` for an error in the middle, `.malformedAnswer` for pieces that are none of a chat completion,
    ///   `.tooLargeAnswer`.
    package func answer() throws(EngineError) -> EngineAnswer {
        if let failure { throw failure }
        guard hasChoice else {
            throw EngineError(.malformedAnswer, "the engine's stream ended without a choice")
        }
        return EngineAnswer(
            text: text, finishReason: finishReason, promptTokens: usage?.promptTokens ?? 0,
            completionTokens: usage?.completionTokens ?? (wasStopped ? pieces : 0), model: model ?? "", milliseconds: 0,
            attempts: 0)
    }

    private mutating func take(_ event: [UInt8]) {
        if event.elementsEqual("[DONE]".utf8) {
            isDone = true
            return
        }
        guard let chunk = try? JSONDecoder().decode(Chunk.self, from: Data(event)) else {
            failure = EngineError(
                .malformedAnswer, "a piece of the engine's stream (\(event.count) bytes) is none of a chat completion")
            return
        }
        if chunk.isError {
            // Always the engine's failure, whatever code it gives: the request had been found good before the first
            // byte of the stream, and vLLM reports its own death here as a bad request.
            failure = EngineError(
                .failed, "the engine reported an error in the middle of its answer" + (chunk.errorWord ?? ""))
            return
        }
        model = model ?? chunk.model
        usage = chunk.usage ?? usage
        guard let choice = chunk.choices?.first(where: { $0.index ?? 0 == 0 }) else { return }
        hasChoice = true
        finishReason = choice.finishReason ?? finishReason
        guard let piece = choice.delta?.content else { return }
        guard piece.utf8.count <= limit - text.utf8.count else {
            failure = tooLarge
            return
        }
        text += piece
        pieces += 1
        guard watch?.take(piece) == true, finishReason == nil else { return }
        finishReason = "repetition"
        wasStopped = true
        isDone = true
    }

    private var tooLarge: EngineError {
        EngineError(.tooLargeAnswer, "the engine's answer is larger than \(limit) bytes")
    }

    private struct Chunk: Decodable {
        struct Choice: Decodable {
            struct Delta: Decodable { var content: String? }
            var index: Int?
            var delta: Delta?
            var finishReason: String?
            private enum CodingKeys: String, CodingKey {
                case index, delta
                case finishReason = "finish_reason"
            }
        }
        struct Failure: Decodable { var type: String? }

        var model: String?
        var choices: [Choice]?
        var usage: ChatCompletion.Usage?
        var isError: Bool
        /// ` (type)`, where the error has a type that is a word.
        var errorWord: String?

        private enum CodingKeys: String, CodingKey { case model, choices, usage, error, object, type }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            let hasError = container.contains(.error) && !((try? container.decodeNil(forKey: .error)) ?? false)
            isError = hasError || (try? container.decode(String.self, forKey: .object)) == "error"
            if isError {
                // An object in OpenAI's format, a plain text in others'; vLLM before 0.10 did not nest it.
                let kind =
                    (try? container.decode(Failure.self, forKey: .error))?.type
                    ?? (try? container.decode(String.self, forKey: .type))
                errorWord = kind.flatMap { ChatCompletion.isWord($0) ? " (\($0))" : nil }
                return
            }
            model = try container.decodeIfPresent(String.self, forKey: .model)
            choices = try container.decodeIfPresent([Choice].self, forKey: .choices)
            usage = try container.decodeIfPresent(ChatCompletion.Usage.self, forKey: .usage)
        }
    }
}
