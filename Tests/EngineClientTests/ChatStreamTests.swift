import EngineClient
import Testing

/// A stream as vLLM writes it: a role, pieces of text, the reason to end, the usage.
enum Sample {
    static func chunk(_ delta: String, finish: String = "null") -> String {
        #"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"stand-in","#
            + #""choices":[{"index":0,"delta":\#(delta),"logprobs":null,"finish_reason":\#(finish)}]}"#
    }

    static let role = chunk(#"{"role":"assistant","content":""}"#)
    static let end = chunk(#"{"content":""}"#, finish: #""stop""#)
    static let usage =
        #"{"model":"stand-in","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}"#
    static let failure = #"{"error":{"message":"secret text","type":"BadRequestError","param":null,"code":400}}"#

    static func text(_ text: String) -> String { chunk(#"{"content":"\#(text)"}"#) }

    static let events = [role, text("При"), text("вет, "), text("world"), end, usage, "[DONE]"]

    static func lines(_ events: [String], end: String = "\n") -> String {
        events.map { "data: \($0)\(end)\(end)" }.joined()
    }
}

@Suite struct EventStreamParserTests {
    private func events(_ pieces: [[UInt8]], limit: Int = 10_000) throws -> [String] {
        var parser = EventStreamParser(limit: limit)
        return try pieces.flatMap { piece in try piece.withUnsafeBytes { try parser.take($0) } }
            .map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: ["\n", "\r\n", "\r"])
    func cutsAnywhereChangeNothing(_ end: String) throws {
        let lines = [
            ": a comment", "data: one", "", "", ":", "id: 7", "event:x", "data:two", "data:  three", "data", "",
            "retry: 1",
            "dat: no", "data\u{20}: no", "", "data: ждём", "", "data: unfinished",
        ]
        let bytes = Array(lines.map { $0 + end }.joined().utf8)
        let expected = ["one", "two\n three\n", "ждём"]
        #expect(try events([bytes]) == expected)
        #expect(try events(bytes.map { [$0] }) == expected)
        for cut in bytes.indices {
            #expect(try events([Array(bytes[..<cut]), [], Array(bytes[cut...])]) == expected)
        }
    }

    @Test func eventBeyondTheLimitIsRefused() throws {
        #expect(try events([Array("data: 4567\n\n".utf8)], limit: 10) == ["4567"])
        for text in ["data: 45678", "data:45678\ndata:4", ":" + String(repeating: "x", count: 10)] {
            #expect(throws: EventStreamParser.TooLarge.self) { try events(text.utf8.map { [$0] }, limit: 10) }
        }
        // What is over counts no more.
        #expect(
            try events([Array(String(repeating: "data: 4567\n\n: 345\n", count: 100).utf8)], limit: 10).count == 100)
    }
}

@Suite struct ChatStreamTests {
    private func stream(_ pieces: [[UInt8]], limit: Int = 10_000) -> (stream: ChatStream, signs: Int) {
        var stream = ChatStream(limit: limit)
        let signs = pieces.count { piece in piece.withUnsafeBytes { stream.take($0) } }
        return (stream, signs)
    }

    private func stream(_ events: [String]) -> (stream: ChatStream, signs: Int) {
        stream(events.map { Array(Sample.lines([$0]).utf8) })
    }

    private func failure(_ stream: ChatStream) -> EngineError? {
        do throws(EngineError) {
            _ = try stream.answer()
            return nil
        } catch { return error }
    }

    @Test(arguments: ["\n", "\r\n"])
    func streamCutAtEveryByteIsTheSameAnswer(_ end: String) throws {
        let bytes = Array(Sample.lines(Sample.events, end: end).utf8)
        for cut in bytes.indices {
            let (stream, _) = stream([Array(bytes[..<cut]), Array(bytes[cut...])])
            let answer = try stream.answer()
            #expect(answer.text == "Привет, world")
            #expect(answer.finishReason == "stop")
            #expect([answer.promptTokens, answer.completionTokens] == [7, 3])
            #expect(answer.model == "stand-in")
            #expect(stream.isWhole)
        }
    }

    @Test func streamThatStopsAtAnyByteIsNotWholeBeforeItsReasonToEnd() {
        let text = Sample.lines(Sample.events)
        let bytes = Array(text.utf8)
        let reason = Array(Sample.lines(Array(Sample.events.prefix(5))).utf8).count
        for cut in bytes.indices { #expect(stream([Array(bytes[..<cut])]).stream.isWhole == (cut >= reason)) }
    }

    @Test func piecesAreSignsOfLifeAndCommentsAreNot() {
        #expect(stream(Sample.events).signs == 7)
        #expect(stream([Array(": ping\n\n".utf8), Array("event: ping\n\n".utf8)]).signs == 0)
        #expect(stream([Sample.chunk("{}")]).signs == 1)
        #expect(stream([Sample.failure]).signs == 0)
    }

    @Test(arguments: [
        Sample.failure, #"{"object":"error","message":"secret","type":"BadRequestError","code":400}"#,
        #"{"error":"BadRequestError"}"#, #"{"error":{"message":"secret","type":"No Word 7","code":"x"}}"#,
    ])
    func errorInTheMiddleIsTheEnginesFailure(_ event: String) throws {
        let (stream, _) = stream(Array(Sample.events.prefix(3)) + [event, "[DONE]"])
        let error = try #require(failure(stream))
        #expect(error.code == .failed)
        #expect(error.isRetryable)
        #expect(!error.message.contains("secret") && !error.message.contains("No Word"))
        #expect(event.contains("\"BadRequestError\",") ? error.message.hasSuffix("(BadRequestError)") : true)
    }

    @Test(arguments: ["{", "[]", "text", #"{"choices":7}"#, #"{"choices":[{"delta":{"content":7}}]}"#])
    func garbageIsMalformed(_ event: String) {
        #expect(failure(stream([event, "[DONE]"]).stream)?.code == .malformedAnswer)
    }

    @Test func streamWithoutAChoiceIsMalformed() {
        #expect(failure(stream(["[DONE]"]).stream)?.code == .malformedAnswer)
        #expect(failure(stream([Sample.usage, "[DONE]"]).stream)?.code == .malformedAnswer)
    }

    @Test func whatServersLeaveOutMayBeLeftOut() throws {
        let answer = try stream([
            #"{"choices":[{"delta":{"content":"x"}}]}"#, #"{"choices":[{"finish_reason":"length"}]}"#,
        ])
        .stream.answer()
        #expect(answer.text == "x")
        #expect(answer.finishReason == "length")
        #expect([answer.promptTokens, answer.completionTokens] == [0, 0])
        #expect(
            try stream([Sample.chunk(#"{"content":null}"#), "[DONE]", Sample.text("after")]).stream.answer().text == "")
    }

    @Test func onlyTheTextCountsTowardsTheLimit() throws {
        let piece = Sample.lines([Sample.text("0123456789")])
        let bytes = Array(String(repeating: piece, count: 50).utf8)
        #expect(
            try stream([bytes + Array(Sample.lines(["[DONE]"]).utf8)], limit: 500).stream.answer().text.count == 500)
        #expect(failure(stream([bytes], limit: 499).stream)?.code == .tooLargeAnswer)
    }
}
