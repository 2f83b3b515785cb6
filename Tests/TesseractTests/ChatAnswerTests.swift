import TesseractEngine
import Testing

@Suite struct ChatAnswerTests {
    @Test func wordsAreCountedAndTheEndsTrimmed() {
        let answer = ChatAnswer(recognised: "\nДва слова\n\nand three more\n\n", prompt: "OCR: now", maximumTokens: 5)
        #expect(answer.text == "Два слова\n\nand three more")
        #expect(answer.finishReason == "stop")
        #expect([answer.promptTokens, answer.completionTokens] == [2, 5])
    }

    @Test func limitCutsAfterAWord() {
        let answer = ChatAnswer(recognised: "one  two\nthree four", prompt: "", maximumTokens: 3)
        #expect(answer.text == "one  two\nthree")
        #expect(answer.finishReason == "length")
        #expect(answer.completionTokens == 3)
    }

    @Test func blankPageIsNoText() {
        let answer = ChatAnswer(recognised: " \n\u{0C}", prompt: "OCR:", maximumTokens: 1)
        #expect(answer.text == "")
        #expect(answer.finishReason == "stop")
    }

    @Test func jsonIsExactlyThis() {
        let answer = ChatAnswer(recognised: "a \"b\"", prompt: "OCR:", maximumTokens: nil)
        #expect(
            String(decoding: answer.json(identifier: "chatcmpl-1", created: 7), as: UTF8.self)
                == #"{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"a \"b\"","role":"assistant"}}],"#
                + #""created":7,"id":"chatcmpl-1","model":"tesseract","object":"chat.completion","#
                + #""usage":{"completion_tokens":2,"prompt_tokens":1,"total_tokens":3}}"#)
        #expect(
            String(decoding: ModelList.json(created: 7), as: UTF8.self)
                == #"{"object":"list","data":[{"id":"tesseract","object":"model","created":7,"owned_by":"tesseract-ocr"}]}"#
        )
    }

    @Test func streamIsExactlyThis() {
        func lines(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        func chunk(_ choices: String, _ more: String = "") -> String {
            #"data: {"choices":[\#(choices)],"created":7,"id":"chatcmpl-1","model":"tesseract","#
                + #""object":"chat.completion.chunk"\#(more)}"# + "\n\n"
        }
        let answer = ChatAnswer(recognised: "a \"b\"", prompt: "OCR:", maximumTokens: nil)
        let writer = ChatStreamWriter(identifier: "chatcmpl-1", created: 7, includesUsage: true)
        #expect(lines(writer.beginning) == chunk(#"{"delta":{"content":"","role":"assistant"},"index":0}"#))
        #expect(lines(writer.progress) == chunk(#"{"delta":{},"index":0}"#))
        let end =
            chunk(#"{"delta":{"content":"a \"b\""},"index":0}"#)
            + chunk(#"{"delta":{},"finish_reason":"stop","index":0}"#)
        let usage = chunk("", #","usage":{"completion_tokens":2,"prompt_tokens":1,"total_tokens":3}"#)
        #expect(lines(writer.end(answer)) == end + usage + "data: [DONE]\n\n")
        let short = ChatStreamWriter(identifier: "chatcmpl-1", created: 7, includesUsage: false)
        #expect(lines(short.end(answer)) == end + "data: [DONE]\n\n")
        let problem = ProblemReport(status: 500, message: "m", code: "c")
        #expect(
            lines(short.end(problem))
                == #"data: {"error":{"code":"c","message":"m","param":null,"type":"server_error"}}"#
                + "\n\ndata: [DONE]\n\n")
    }
}
