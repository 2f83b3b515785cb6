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
}
