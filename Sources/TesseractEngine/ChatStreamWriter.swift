/// The answer to a chat completion as server-sent events, in OpenAI's format: a role, any number of empty pieces while the
/// work goes on, the text, the reason to end, the usage where it was asked for, `[DONE]`. Pure.
package struct ChatStreamWriter: Sendable {
    private let identifier: String
    private let created: Int
    private let includesUsage: Bool

    /// - Parameters:
    ///   - identifier: unique for each request.
    ///   - created: seconds since 1970.
    package init(identifier: String, created: Int, includesUsage: Bool) {
        self.identifier = identifier
        self.created = created
        self.includesUsage = includesUsage
    }

    /// The work has begun.
    package var beginning: [UInt8] { event(piece(Chunk.Delta(role: "assistant", content: ""))) }

    /// The work goes on. A piece and no comment, for comments are what proxies send by the clock.
    package var progress: [UInt8] { event(piece(Chunk.Delta())) }

    /// The whole text and all that follows it.
    package func end(_ answer: ChatAnswer) -> [UInt8] {
        var bytes = event(piece(Chunk.Delta(content: answer.text)))
        bytes += event(piece(Chunk.Delta(), finishReason: answer.finishReason))
        if includesUsage { bytes += event(ChatJSON.encode(chunk([], usage: answer.usage))) }
        return bytes + Self.done
    }

    /// What ends a stream that cannot be brought to its end.
    package func end(_ problem: ProblemReport) -> [UInt8] { event(problem.json) + Self.done }

    private static let done = Array("data: [DONE]\n\n".utf8)

    private func event(_ json: [UInt8]) -> [UInt8] { Array("data: ".utf8) + json + Array("\n\n".utf8) }

    private func piece(_ delta: Chunk.Delta, finishReason: String? = nil) -> [UInt8] {
        ChatJSON.encode(chunk([Chunk.Choice(delta: delta, finishReason: finishReason)]))
    }

    private func chunk(_ choices: [Chunk.Choice], usage: ChatUsage? = nil) -> Chunk {
        Chunk(id: identifier, created: created, choices: choices, usage: usage)
    }

    private struct Chunk: Encodable {
        struct Delta: Encodable {
            var role: String?
            var content: String?
        }
        struct Choice: Encodable {
            var index = 0
            var delta: Delta
            var finishReason: String?
        }
        var id: String
        var object = "chat.completion.chunk"
        var created: Int
        var model = TesseractModel.identifier
        var choices: [Choice]
        var usage: ChatUsage?
    }
}
