import CTesseract
import FoundationEssentials

/// What this engine calls itself: not the model that it stands in for.
package enum TesseractModel {
    package static let identifier = "tesseract"
    /// Of the library, such as `"5.3.0"`.
    package static var version: String { String(cString: TessVersion()) }
}

/// The answer to a chat completion.
package struct ChatAnswer: Sendable, Equatable {
    package var text: String
    /// `"length"` when the limit cut the text, else `"stop"`.
    package var finishReason: String
    /// Words, for Tesseract knows no tokens: those of the prompt, and those of the text.
    package var promptTokens: Int
    package var completionTokens: Int

    /// - Parameter recognised: Tesseract's text. Of it the first `maximumTokens` words are kept as they stand.
    package init(recognised: String, prompt: String, maximumTokens: Int?) {
        let trimmed = Self.trimmed(recognised)
        let words = Self.words(in: trimmed)
        promptTokens = Self.words(in: prompt).count
        if let maximumTokens, words.count > maximumTokens, let last = words.prefix(maximumTokens).last {
            text = String(trimmed[..<last.endIndex])
            completionTokens = maximumTokens
            finishReason = "length"
        } else {
            text = String(trimmed)
            completionTokens = words.count
            finishReason = "stop"
        }
    }

    /// The body of the answer in one piece.
    ///
    /// - Parameters:
    ///   - identifier: unique for each request.
    ///   - created: seconds since 1970.
    package func json(identifier: String, created: Int) -> [UInt8] {
        let body = Body(
            id: identifier, created: created,
            choices: [
                Body.Choice(
                    index: 0, message: Body.Message(role: "assistant", content: text), finishReason: finishReason)
            ], usage: usage)
        return ChatJSON.encode(body)
    }

    /// How many words there were.
    var usage: ChatUsage {
        ChatUsage(
            promptTokens: promptTokens, completionTokens: completionTokens, totalTokens: promptTokens + completionTokens
        )
    }

    private static func words(in text: some StringProtocol) -> [Substring] {
        Substring(text).split { $0.isWhitespace }
    }

    private static func trimmed(_ text: String) -> Substring {
        var rest = text[...].drop { $0.isWhitespace }
        while rest.last?.isWhitespace ?? false { rest.removeLast() }
        return rest
    }

    private struct Body: Encodable {
        struct Message: Encodable {
            var role: String
            var content: String
        }
        struct Choice: Encodable {
            var index: Int
            var message: Message
            var finishReason: String
        }
        var id: String
        var object = "chat.completion"
        var created: Int
        var model = TesseractModel.identifier
        var choices: [Choice]
        var usage: ChatUsage
    }
}

struct ChatUsage: Encodable {
    var promptTokens: Int
    var completionTokens: Int
    var totalTokens: Int
}

/// OpenAI's format: the keys become snake case.
enum ChatJSON {
    static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return (try? encoder.encode(value)).map { Array($0) } ?? []
    }
}

/// `GET /v1/models`.
package enum ModelList {
    /// - Parameter created: seconds since 1970.
    package static func json(created: Int) -> [UInt8] {
        let model =
            #"{"id":"\#(TesseractModel.identifier)","object":"model","created":\#(created),"owned_by":"tesseract-ocr"}"#
        return Array(#"{"object":"list","data":[\#(model)]}"#.utf8)
    }
}
