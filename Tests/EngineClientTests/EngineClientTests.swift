import EngineClient
import Synchronization
import Testing

private let picture: [UInt8] = [0xFF, 0xD8, 0xFF, 0x00]

private func client(
    _ engine: StandInEngine, model: String? = "stand-in", concurrency: Int = 8, timeout: Duration = .seconds(20),
    attempts: Int = 4, maximumAnswerBytes: Int = 1 << 20, onRetry: @escaping @Sendable (EngineRetry) -> Void = { _ in }
) throws -> EngineClient {
    try EngineClient(
        configuration: EngineConfiguration(
            baseURL: engine.baseURL, model: model, apiKey: "secret", maximumConcurrency: concurrency,
            silenceLimit: timeout, maximumAttempts: attempts,
            backoff: Backoff(first: .milliseconds(5), longest: .milliseconds(40)),
            maximumAnswerBytes: maximumAnswerBytes),
        onRetry: onRetry)
}

extension EngineClient {
    fileprivate func read(within limit: Duration = .seconds(20)) async throws(EngineError) -> EngineAnswer {
        try await recognise(EngineRequest(image: picture, mediaType: .jpeg), deadline: .now + limit)
    }

    fileprivate func failure(within limit: Duration = .seconds(20)) async -> EngineError? {
        do throws(EngineError) {
            _ = try await read(within: limit)
            return nil
        } catch { return error }
    }
}

@Suite(.timeLimit(.minutes(1))) struct EngineClientTests {
    @Test func requestIsWhatVLLMExpectsAndTheAnswerIsRead() async throws {
        let engine = try StandInEngine { _, _ in .text("Привет") }
        let answer = try await client(engine).read()
        #expect(answer.text == "Привет")
        #expect(answer.finishReason == "stop")
        #expect([answer.promptTokens, answer.completionTokens, answer.attempts] == [7, 3, 1])
        #expect(answer.model == "stand-in")
        let request = try #require(engine.chats.first)
        #expect(request.headers["authorization"] == "Bearer secret")
        #expect(request.headers["content-type"] == "application/json")
        #expect(
            request.body == #"{"model":"stand-in","messages":[{"role":"user","content":[{"type":"image_url","#
                + #""image_url":{"url":"data:image/jpeg;base64,/9j/AA=="}},{"type":"text","text":"OCR:"}]}],"#
                + #""temperature":0.0,"max_completion_tokens":4096,"stream":true,"#
                + #""stream_options":{"include_usage":true},"skip_special_tokens":true}"#)
    }

    @Test func theCallersTraceGoesOn() async throws {
        let engine = try StandInEngine { _, _ in .text("x") }
        let client = try client(engine)
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let traced = EngineRequest(image: picture, mediaType: .jpeg, traceparent: trace)
        _ = try await client.recognise(traced, deadline: .now + .seconds(20))
        _ = try await client.read()
        #expect(engine.chats.map { $0.headers["traceparent"] } == [trace, nil])
    }

    @Test func largePictureArrivesWhole() async throws {
        let engine = try StandInEngine { request, _ in .text("\(request.body.utf8.count)") }
        let request = EngineRequest(image: [UInt8](repeating: 7, count: 6_000_000), mediaType: .png)
        let answer = try await client(engine).recognise(request, deadline: .now + .seconds(20))
        #expect((Int(answer.text) ?? 0) > 8_000_000)
    }

    @Test func modelIsAskedOnceAndAgainAfterTheEngineWasAway() async throws {
        // After some of an answer: before, libcurl would send it again by itself.
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
        let engine = try StandInEngine { _, number in number == 3 ? .reset(after: head) : .text("x") }
        let client = try client(engine, model: nil)
        _ = try await client.read()
        _ = try await client.read()
        #expect(engine.listings == 1)
        #expect(try await client.read().attempts == 2)
        #expect(engine.listings == 2)
        #expect(try await client.models() == ["stand-in"])
    }

    @Test func engineThatDiesInTheMiddleIsAskedAgainWhenItIsBack() async throws {
        let died = Mutex(false)
        let engine = try StandInEngine { _, number in number == 1 ? .silence : .text("after") }
        let client = try client(engine, onRetry: { _ in died.withLock { $0 = true } })
        async let answer = client.read()
        while engine.chats.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        engine.kill()
        // Away long enough for some attempts to be refused.
        try await Task.sleep(for: .milliseconds(200))
        try engine.start()
        let attempts = try await answer.attempts
        #expect(attempts > 2)
        #expect(died.withLock { $0 })
    }

    @Test func answerThatBreaksOffIsAskedForAgain() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"model\":"
        let engine = try StandInEngine { _, number in number == 1 ? .reset(after: head) : .text("whole") }
        #expect(try await client(engine).read().text == "whole")
    }

    @Test(arguments: [500, 502, 503, 429])
    func failureOfTheMomentIsTriedAgain(_ status: Int) async throws {
        let engine = try StandInEngine { _, number in
            number < 3 ? .answer(status: status, body: "cannot schedule new futures after shutdown") : .text("x")
        }
        #expect(try await client(engine).read().attempts == 3)
    }

    @Test func pageThatAlwaysFailsIsGivenUpAfterTheLimit() async throws {
        let engine = try StandInEngine { _, _ in .answer(status: 500, body: "no") }
        let error = try await client(engine, attempts: 3).failure()
        #expect(error?.code == .failed)
        #expect(engine.chats.count == 3)
    }

    @Test func beingToldToComeLaterCostsTimeOnly() async throws {
        let engine = try StandInEngine { _, number in number < 9 ? .answer(status: 503, body: "") : .text("x") }
        #expect(try await client(engine, attempts: 1).read().attempts == 9)
    }

    @Test func retryAfterIsHeeded() async throws {
        let engine = try StandInEngine { _, number in
            number == 1 ? .answer(status: 503, body: "", headers: ["Retry-After: 1"]) : .text("x")
        }
        let start = ContinuousClock.now
        _ = try await client(engine).read()
        #expect(.now - start >= .seconds(1))
    }

    @Test(arguments: [400, 401, 404, 413, 422, 302])
    func refusedRequestIsNotRepeatedAndNothingTheEngineWroteIsKept(_ status: Int) async throws {
        let body = #"{"error":{"message":"secret text of a page","type":"BadRequestError"}}"#
        let engine = try StandInEngine { _, _ in .answer(status: status, body: body, headers: ["Location: /elsewhere"])
        }
        let error = try #require(try await client(engine).failure())
        #expect(error.code == .rejected)
        #expect(error.status == status)
        #expect(error.message.contains("BadRequestError"))
        #expect(!error.message.contains("secret"))
        #expect(engine.chats.count == 1)
    }

    @Test(arguments: ["", "<html>", "{}", #"{"choices":[]}"#, #"{"choices":[{"message":"x"}]}"#, "\u{0}"])
    func garbageIsMalformed(_ body: String) async throws {
        let engine = try StandInEngine { _, _ in .answer(status: 200, body: body) }
        #expect(try await client(engine).failure()?.code == .malformedAnswer)
        #expect(engine.chats.count == 1)
    }

    @Test func answerWithoutContentIsEmptyText() async throws {
        let body = #"{"choices":[{"message":{"content":null},"finish_reason":null}]}"#
        let engine = try StandInEngine { _, _ in .answer(status: 200, body: body) }
        #expect(try await client(engine).read().text == "")
    }

    @Test func oversizedAnswerIsCutOff() async throws {
        let engine = try StandInEngine { _, _ in .text(String(repeating: "x", count: 200_000)) }
        #expect(try await client(engine, maximumAnswerBytes: 100_000).failure()?.code == .tooLargeAnswer)
    }

    @Test func silenceTimesOutAndIsNotRepeated() async throws {
        let engine = try StandInEngine { _, _ in .silence }
        #expect(try await client(engine, timeout: .milliseconds(100)).failure()?.code == .timedOut)
        #expect(engine.chats.count == 1)
    }

    @Test func deadlineBoundsEverything() async throws {
        let engine = try StandInEngine { _, _ in .silence }
        let start = ContinuousClock.now
        #expect(try await client(engine).failure(within: .milliseconds(150))?.code == .timedOut)
        engine.kill()
        #expect(try await client(engine).failure(within: .milliseconds(150))?.code == .unreachable)
        #expect(.now - start < .seconds(10))
    }

    @Test func cancellingEndsTheTransferAtOnce() async throws {
        let engine = try StandInEngine { _, _ in .silence }
        let client = try client(engine)
        let task = Task { await client.failure() }
        while engine.chats.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        let start = ContinuousClock.now
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        #expect(.now - start < .milliseconds(500))
        while engine.closedByClient == 0 { try await Task.sleep(for: .milliseconds(2)) }
    }

    @Test func clientTakesItsThreadAlong() async throws {
        let engine = try StandInEngine { _, _ in .text("x") }
        _ = try await client(engine).read()
        let before = threadCount()
        for _ in 0..<300 { _ = try await client(engine).read() }
        // Each client ends its thread soon after it is gone; tests beside this one have threads of their own.
        for _ in 0..<200 where threadCount() > before + 100 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(threadCount() <= before + 100)
    }

    @Test func settingsThatCannotWorkAreRefused() throws {
        for url in ["", "127.0.0.1:8080/v1", "file:///etc/passwd", "http://a b/v1"] {
            let error = #expect(throws: EngineError.self) {
                try EngineClient(configuration: EngineConfiguration(baseURL: url))
            }
            #expect(error?.code == .invalidConfiguration)
        }
    }
}
