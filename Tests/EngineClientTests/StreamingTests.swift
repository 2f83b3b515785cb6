import EngineClient
import Synchronization
import Testing

private func client(
    _ engine: StandInEngine, timeout: Duration = .seconds(20), attempts: Int = 4, limit: Int = 1 << 20
) throws -> EngineClient {
    try EngineClient(
        configuration: EngineConfiguration(
            baseURL: engine.baseURL, model: "stand-in", silenceLimit: timeout, maximumAttempts: attempts,
            backoff: Backoff(first: .milliseconds(5), longest: .milliseconds(40)), maximumAnswerBytes: limit))
}

extension EngineClient {
    fileprivate func read(within limit: Duration = .seconds(20)) async throws(EngineError) -> EngineAnswer {
        try await recognise(EngineRequest(image: [1], mediaType: .png), deadline: .now + limit)
    }

    fileprivate func failure() async -> EngineError? {
        do throws(EngineError) {
            _ = try await read()
            return nil
        } catch { return error }
    }
}

private let whole = Sample.lines(Sample.events)

@Suite(.timeLimit(.minutes(1))) struct StreamingTests {
    @Test func streamIsReadInPieces() async throws {
        let engine = try StandInEngine { request, _ in
            request.headers["accept"] == "application/json, text/event-stream"
                ? .stream(Sample.events.map { Sample.lines([$0]) }, type: "text/event-stream; charset=utf-8") : .silence
        }
        let answer = try await client(engine).read()
        #expect(answer.text == "Привет, world")
        #expect(answer.finishReason == "stop")
        #expect([answer.promptTokens, answer.completionTokens, answer.attempts] == [7, 3, 1])
    }

    @Test func connectionLostAtAnyPlaceIsTriedAgainAndCounted() async throws {
        let bytes = Array(whole.utf8)
        let isWhole = Array(Sample.lines(Array(Sample.events.prefix(5))).utf8).count
        // Where a character or a line is cut, and everywhere a little.
        for cut in stride(from: 0, to: isWhole, by: 37) {
            // Latin-1 would do for a cut through a character; here the cut is moved to its end.
            let piece = String(decoding: bytes[..<cut], as: UTF8.self).filter { $0 != "\u{FFFD}" }
            for ending in [StandInEngine.Reply.Ending.close, .reset] {
                let engine = try StandInEngine { _, number in
                    number == 1 ? .stream([piece], then: ending) : .stream([whole])
                }
                let answer = try await client(engine, attempts: 2).read()
                #expect(answer.text == "Привет, world")
                #expect(answer.attempts == 2)
            }
        }
    }

    @Test func pageThatAlwaysBreaksOffIsGivenUp() async throws {
        for ending in [StandInEngine.Reply.Ending.close, .reset, .whole] {
            let engine = try StandInEngine { _, _ in .stream([Sample.lines([Sample.role])], then: ending) }
            #expect(try await client(engine, attempts: 3).failure()?.code == .unreachable)
            #expect(engine.chats.count == 3)
        }
    }

    /// vLLM ends what is in flight so when it is told to stop: a page without its text, and no error.
    @Test func answerThatWasBrokenOffIsTriedAgain() async throws {
        let aborted = Sample.lines([Sample.role, Sample.chunk("{}", finish: #""abort""#), "[DONE]"])
        let engine = try StandInEngine { _, number in .stream([number == 1 ? aborted : whole]) }
        let answer = try await client(engine).read()
        #expect(answer.attempts == 2 && answer.finishReason == "stop")
    }

    @Test func waitingForTheGateIsNoAttempt() async throws {
        let engine = try StandInEngine { _, number in
            number == 1 ? .stream([Sample.lines([Sample.role])], then: .silence) : .stream([whole])
        }
        let client = try client(engine, attempts: 2)
        async let answer = client.read()
        while client.activity.reading.requests == 0 { try await Task.sleep(for: .milliseconds(2)) }
        while engine.chats.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        client.setGate(open: false)
        engine.kill()
        try await Task.sleep(for: .milliseconds(300))
        // While it waits it is not at the engine.
        #expect(client.activity.reading.requests == 0)
        try engine.start()
        client.setGate(open: true)
        #expect(try await answer.attempts == 2)
    }

    @Test func answerThatIsCompleteIsTakenHoweverTheConnectionEnds() async throws {
        for ending in [StandInEngine.Reply.Ending.close, .reset, .whole] {
            let engine = try StandInEngine { _, _ in .stream([whole], pause: .milliseconds(1), then: ending) }
            #expect(try await client(engine).read().attempts == 1)
        }
        let engine = try StandInEngine { _, _ in .stream([whole], then: .silence) }
        #expect(try await client(engine, timeout: .milliseconds(300)).read().text == "Привет, world")
    }

    @Test func errorInTheMiddleIsTriedAgain() async throws {
        let broken = Sample.lines([Sample.role, Sample.text("x"), Sample.failure, "[DONE]"])
        let engine = try StandInEngine { _, number in .stream([number < 3 ? broken : whole]) }
        let answer = try await client(engine).read()
        #expect(answer.attempts == 3)
        #expect(answer.text == "Привет, world")
    }

    @Test func serverWithoutStreamsWorksToo() async throws {
        let body = #"{"model":"m","choices":[{"message":{"content":"plain"},"finish_reason":"stop"}]}"#
        let engine = try StandInEngine { _, _ in .stream([body], type: "application/json") }
        #expect(try await client(engine).read().text == "plain")
    }

    @Test func errorStatusInAStreamsClothesIsAnErrorStatus() async throws {
        let engine = try StandInEngine { _, _ in
            .answer(status: 400, body: whole, headers: ["Content-Type: text/event-stream"])
        }
        #expect(try await client(engine).failure()?.code == .rejected)
    }

    @Test func streamIsBounded() async throws {
        let piece = Sample.lines([Sample.text(String(repeating: "x", count: 1000))])
        let long = try StandInEngine { _, _ in .stream(Array(repeating: piece, count: 200), then: .silence) }
        #expect(try await client(long, limit: 100_000).failure()?.code == .tooLargeAnswer)
        let endless = try StandInEngine { _, _ in
            .stream(Array(repeating: String(repeating: "x", count: 1000), count: 200), then: .silence)
        }
        #expect(try await client(endless, limit: 100_000).failure()?.code == .tooLargeAnswer)
        // Many small pieces are no long text.
        let many = try StandInEngine { _, _ in
            .stream(Array(repeating: Sample.lines([Sample.text("x")]), count: 2000) + [whole])
        }
        #expect(try await client(many, limit: 10_000).read().text.utf8.count > 2000)
    }

    @Test func streamThatFallsSilentTimesOut() async throws {
        let engine = try StandInEngine { _, _ in .stream([Sample.lines([Sample.role])], then: .silence) }
        #expect(try await client(engine, timeout: .milliseconds(150)).failure()?.code == .timedOut)
    }
}

@Suite(.timeLimit(.minutes(1))) struct EngineActivityTests {
    @Test func nothingIsInFlightAtFirstAndAfterwards() async throws {
        let engine = try StandInEngine { _, number in number == 1 ? .answer(status: 400, body: "") : .stream([whole]) }
        let client = try client(engine)
        #expect(client.activity.reading.requests == 0)
        #expect(await client.failure()?.code == .rejected)
        _ = try await client.read()
        #expect(client.activity.reading.requests == 0)
    }

    @Test func everyTokenEndsTheSilence() async throws {
        // Twelve pieces, 50 ms apart: 600 ms in all, and never silent for as long.
        let engine = try StandInEngine { _, _ in
            .stream(
                Array(repeating: Sample.lines([Sample.text("x")]), count: 12) + [whole], pause: .milliseconds(50))
        }
        let client = try client(engine)
        let reading = Task { try await client.read() }
        while engine.chats.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        var longest = Duration.zero
        let start = ContinuousClock.now
        while case let now = client.activity.reading, now.requests > 0 {
            longest = max(longest, now.silence)
            try await Task.sleep(for: .milliseconds(2))
        }
        let all = start.duration(to: .now)
        #expect(all >= .milliseconds(500))
        #expect(longest < all / 2)
        _ = try await reading.value
    }

    @Test func silenceGrowsWhileNothingComesAndIsOfAllRequestsTogether() async throws {
        let engine = try StandInEngine { _, number in
            number == 1
                ? .stream([Sample.lines([Sample.role])], then: .silence)
                : .stream([whole], pause: .milliseconds(100))
        }
        let client = try client(engine)
        let hung = Task { try await client.read() }
        while client.activity.reading.silence < .milliseconds(300) { try await Task.sleep(for: .milliseconds(5)) }
        #expect(client.activity.reading.requests == 1)
        _ = try await client.read()
        // The other one's answer is a sign of life.
        #expect(client.activity.reading.silence < .milliseconds(250))
        #expect(client.activity.reading.requests == 1)
        hung.cancel()
        _ = await hung.result
        #expect(client.activity.reading.requests == 0)
    }

    @Test func observerIsToldOfTheEdgesAlone() async throws {
        let engine = try StandInEngine { _, _ in .stream([whole], pause: .milliseconds(50)) }
        let client = try client(engine)
        let edges = Mutex(0)
        client.activity.observe { edges.withLock { $0 += 1 } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<5 { group.addTask { _ = try await client.read() } }
            try await group.waitForAll()
        }
        let count = edges.withLock { $0 }
        #expect(count >= 2 && count.isMultiple(of: 2))
        #expect(count < 10)
    }

    @Test func clientsThreadTakesItsTurn() async throws {
        let engine = try StandInEngine { _, _ in .silence }
        let client = try client(engine)
        let hung = Task { await client.failure() }
        while engine.chats.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        await client.turn()
        hung.cancel()
        _ = await hung.value
    }
}
