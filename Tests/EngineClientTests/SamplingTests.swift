import Document
import EngineClient
import Testing

private func client(_ engine: StandInEngine, silence: Duration = .seconds(20)) throws -> EngineClient {
    try EngineClient(
        configuration: EngineConfiguration(
            baseURL: engine.baseURL, model: "stand-in", silenceLimit: silence,
            backoff: Backoff(first: .milliseconds(5), longest: .milliseconds(40))))
}

@Suite(.timeLimit(.minutes(1))) struct SamplingTests {
    @Test func optionsAreSentWhenTheyAreSet() async throws {
        let engine = try StandInEngine { _, _ in .text("x") }
        let request = EngineRequest(
            image: [1], mediaType: .png, maxTokens: 7, temperature: 0.25, repetitionPenalty: 1.2, topP: 0.9, seed: -3,
            skipSpecialTokens: nil, pixelLimits: EngineRequest.PixelLimits(minimum: 112_896, maximum: 1_003_520))
        _ = try await client(engine).recognise(request, deadline: .now + .seconds(20))
        #expect(
            engine.chats.first?.body.hasSuffix(
                #","temperature":0.25,"max_completion_tokens":7,"stream":true,"stream_options":{"include_usage":true},"#
                    + #""repetition_penalty":1.2,"top_p":0.9,"seed":-3,"#
                    + #""mm_processor_kwargs":{"min_pixels":112896,"max_pixels":1003520}}"#) == true)
    }

    /// The stand-in would go on for ever.
    @Test func repetitionIsCutWhileItStreams() async throws {
        let start = [Sample.lines([Sample.role, Sample.text("A true beginning. ")])]
        let loop = Array(repeating: Sample.lines([Sample.text("and so on ")]), count: 2000)
        let engine = try StandInEngine { _, _ in .stream(start + loop, then: .silence) }
        let client = try client(engine)
        let request = EngineRequest(image: [1], mediaType: .png, watch: RepetitionWatch())
        let answer = try await client.recognise(request, deadline: .now + .seconds(20))
        #expect(answer.finishReason == "repetition")
        #expect(answer.attempts == 1)
        #expect(answer.text.hasPrefix("A true beginning. and so on and so on "))
        #expect(answer.text.utf8.count < 4000)
        #expect(answer.completionTokens > 150 && answer.completionTokens < 400)
        // The engine is told by the end of its connection.
        while engine.closedByClient == 0 { try await Task.sleep(for: .milliseconds(2)) }
        let found = Repetition.find(in: answer.text, isCutOff: true)
        #expect(found?.kept.hasPrefix("A true beginning.") == true)
        #expect((found?.kept.utf8.count ?? 0) < 40)
    }

    @Test func watchLeavesAnHonestAnswerAlone() async throws {
        let words = (0..<400).map { Sample.lines([Sample.text("word\($0) ")]) }
        let engine = try StandInEngine { _, _ in
            .stream(words + [Sample.lines([Sample.end, Sample.usage, "[DONE]"])])
        }
        let request = EngineRequest(image: [1], mediaType: .png, watch: RepetitionWatch())
        let answer = try await client(engine).recognise(request, deadline: .now + .seconds(20))
        #expect(answer.finishReason == "stop")
        #expect(answer.completionTokens == 3)
        #expect(answer.text.hasSuffix("word399 "))
    }

    @Test func streamThatMovesMayGoOnBeyondTheSilenceLimit() async throws {
        let pieces = Array(repeating: Sample.lines([Sample.text("x")]), count: 12)
        let engine = try StandInEngine { _, _ in
            .stream(pieces + [Sample.lines(Sample.events)], pause: .milliseconds(60))
        }
        let request = EngineRequest(image: [1], mediaType: .png)
        let answer = try await client(engine, silence: .milliseconds(400)).recognise(
            request, deadline: .now + .seconds(20))
        #expect(answer.milliseconds > 700)
    }

    @Test func proxyThatSaysThatItIsThereIsNoMovement() async throws {
        let engine = try StandInEngine { _, _ in
            .stream(Array(repeating: ": still here\n\n", count: 400), pause: .milliseconds(20))
        }
        let client = try client(engine, silence: .milliseconds(200))
        let error = await #expect(throws: EngineError.self) {
            try await client.recognise(
                EngineRequest(image: [1], mediaType: .png), deadline: .now + .seconds(20))
        }
        #expect(error?.code == .timedOut)
    }

    @Test func streamThatMovesEndsAtTheDeadline() async throws {
        let engine = try StandInEngine { _, _ in
            .stream(Array(repeating: Sample.lines([Sample.text("x")]), count: 400), pause: .milliseconds(20))
        }
        let client = try client(engine)
        let error = await #expect(throws: EngineError.self) {
            try await client.recognise(
                EngineRequest(image: [1], mediaType: .png), deadline: .now + .milliseconds(300))
        }
        #expect(error?.code == .timedOut)
    }
}
