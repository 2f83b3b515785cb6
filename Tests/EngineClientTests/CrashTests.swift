import EngineClient
import Synchronization
import Testing

private func client(
    _ engine: StandInEngine, grace: Duration = .milliseconds(200), attempts: Int = 4, losses: Int = 10,
    onRetry: @escaping @Sendable (EngineRetry) -> Void = { _ in }
) throws -> EngineClient {
    try EngineClient(
        configuration: EngineConfiguration(
            baseURL: engine.baseURL, model: "stand-in", maximumConcurrency: 8, maximumAttempts: attempts,
            maximumLosses: losses, crashGrace: grace,
            backoff: Backoff(first: .milliseconds(5), longest: .milliseconds(40))), onRetry: onRetry)
}

extension EngineClient {
    fileprivate func read(within limit: Duration = .seconds(20)) async throws(EngineError) -> EngineAnswer {
        try await recognise(EngineRequest(image: [1], mediaType: .png), deadline: .now + limit)
    }

    fileprivate func failure(within limit: Duration = .seconds(20)) async -> EngineError? {
        do throws(EngineError) {
            _ = try await read(within: limit)
            return nil
        } catch { return error }
    }
}

private func until(_ condition: () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(2)) }
}

@Suite(.timeLimit(.minutes(1))) struct CrashTests {
    private static let broken: [StandInEngine.Reply] = [
        .reset(), .reset(after: "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{"),
        .stream([Sample.lines([Sample.role])], then: .close),
        .stream([Sample.lines([Sample.role, Sample.chunk("{}", finish: #""abort""#), "[DONE]"])]),
        .stream([Sample.lines([Sample.role, Sample.chunk("{}", finish: #""error""#), "[DONE]"])]),
        .stream([Sample.lines([Sample.role, Sample.failure, "[DONE]"])]), .answer(status: 500, body: "dead"),
    ]

    /// However the end of the engine shows, and whenever the word of it comes.
    @Test(arguments: broken.indices, [true, false])
    func endThatIsCountedIsThrownAtOnce(_ index: Int, _ gateCloses: Bool) async throws {
        let engine = try StandInEngine { _, _ in Self.broken[index] }
        let client = try client(engine, grace: .seconds(10))
        client.setGate(open: true, crashes: 3)
        let reading = Task { await client.failure() }
        try await until { engine.chats.count == 1 && client.activity.reading.requests == 0 }
        let start = ContinuousClock.now
        client.setGate(open: !gateCloses, crashes: 4)
        #expect(await reading.value?.code == .crashed)
        #expect(.now - start < .seconds(5))
        #expect(engine.chats.count == 1)
    }

    @Test func endThatWasSomebodyElsesDoingIsForgivenTenTimes() async throws {
        for losses in [10, 11] {
            let engine = try StandInEngine { _, number in number <= losses ? .reset() : .text("x") }
            let client = try client(engine, grace: .seconds(10), attempts: 1)
            client.setGate(open: true, crashes: 0)
            let reading = Task { try await client.read() }
            for number in 1...losses {
                try await until { engine.chats.count == number && client.activity.reading.requests == 0 }
                client.setGate(open: false, crashes: 0)
                // It waits for the gate.
                try await Task.sleep(for: .milliseconds(5))
                #expect(engine.chats.count == number)
                client.setGate(open: true, crashes: 0)
            }
            switch await reading.result {
            case .success(let answer): #expect(losses == 10 && answer.attempts == 11)
            case .failure(let error): #expect(losses == 11 && (error as? EngineError)?.code == .unreachable)
            }
        }
    }

    @Test func lostConnectionWithoutAnyWordIsForgivenToo() async throws {
        let engine = try StandInEngine { _, number in number <= 3 ? .reset() : .text("x") }
        let client = try client(engine, grace: .milliseconds(20), attempts: 1, losses: 3)
        client.setGate(open: true, crashes: 0)
        #expect(try await client.read().attempts == 4)
    }

    @Test func engineThatAnswersWithErrorsIsAskedFourTimes() async throws {
        let engine = try StandInEngine { _, _ in .answer(status: 500, body: "no") }
        let client = try client(engine, grace: .milliseconds(20))
        client.setGate(open: true, crashes: 0)
        #expect(await client.failure()?.code == .failed)
        #expect(engine.chats.count == 4)
    }

    /// vLLM's server answers with errors for some seconds before it ends over its dead core.
    @Test func endThatShowsOnlyAfterSomeAttemptsIsStillCounted() async throws {
        let engine = try StandInEngine { _, number in
            number <= 2 ? .answer(status: 500, body: "dead") : .death
        }
        let client = try client(engine, grace: .milliseconds(50))
        client.setGate(open: true, crashes: 0)
        let reading = Task { await client.failure() }
        try await until { engine.chats.count == 2 }
        try await Task.sleep(for: .milliseconds(20))
        engine.kill()
        try await Task.sleep(for: .milliseconds(200))
        client.setGate(open: false, crashes: 1)
        #expect(await reading.value?.code == .crashed)
    }

    @Test func crashFromBeforeTheRequestIsNotItsDoing() async throws {
        let engine = try StandInEngine { _, number in number == 1 ? .reset() : .text("x") }
        let client = try client(engine, grace: .milliseconds(20))
        client.setGate(open: false, crashes: 7)
        let reading = Task { try await client.read() }
        try await Task.sleep(for: .milliseconds(30))
        client.setGate(open: true, crashes: 8)
        #expect(try await reading.value.attempts == 2)
    }

    /// Explained by an operator's restart, a failure is over: the next engine's crash is not its doing.
    @Test func crashAfterAnExplainedEndIsNotItsDoing() async throws {
        let engine = try StandInEngine { _, number in number == 1 ? .reset() : .text("x") }
        let isRetried = Mutex(false)
        let client = try client(engine, grace: .seconds(10), onRetry: { _ in isRetried.withLock { $0 = true } })
        client.setGate(open: true, crashes: 0)
        let reading = Task { try await client.read() }
        try await until { engine.chats.count == 1 && client.activity.reading.requests == 0 }
        client.setGate(open: false)
        client.setGate(open: true)
        client.setGate(open: false, crashes: 1)
        try await Task.sleep(for: .milliseconds(50))
        client.setGate(open: true, crashes: 1)
        // Where it saw the gate open in between; else the crash came while it had not been told of another end.
        if isRetried.withLock({ $0 }) { #expect(try await reading.value.attempts == 2) }
        reading.cancel()
        _ = await reading.result
    }

    @Test func waitForTheWordEndsWithTheDeadlineAndTheTask() async throws {
        let engine = try StandInEngine { _, _ in .reset() }
        let client = try client(engine, grace: .seconds(100))
        client.setGate(open: true, crashes: 0)
        #expect(await client.failure(within: .milliseconds(150))?.code == .unreachable)
        let reading = Task { await client.failure() }
        try await until { engine.chats.count == 2 && client.activity.reading.requests == 0 }
        reading.cancel()
        #expect(await reading.value?.code == .cancelled)
        // None of them kept its place.
        #expect(client.inFlight == 0 && client.waiting == 0)
    }

    @Test func everyRequestAtTheEngineIsToldOfItsEnd() async throws {
        let engine = try StandInEngine { _, _ in .silence }
        let client = try client(engine)
        client.setGate(open: true, crashes: 0)
        let readings = (0..<5).map { _ in Task { await client.failure() } }
        try await until { engine.chats.count == 5 }
        engine.kill()
        client.setGate(open: false, crashes: 1)
        for reading in readings { #expect(await reading.value?.code == .crashed) }
    }

    /// Somebody ends the engine again and again; the word of it comes early or late.
    @Test func noRequestIsLostInAStormOfRestarts() async throws {
        let whole = Sample.lines(Sample.events)
        let engine = try StandInEngine { _, number in
            number.isMultiple(of: 3) ? .text("Привет, world") : .stream([whole], pause: .milliseconds(10))
        }
        let client = try client(engine, grace: .seconds(5))
        client.setGate(open: true, crashes: 0)
        let isOver = Mutex(false)
        let killer = Task {
            for round in 0..<20 where !isOver.withLock({ $0 }) {
                try await Task.sleep(for: .milliseconds(30))
                let isEarly = round.isMultiple(of: 2)
                if isEarly { client.setGate(open: false, crashes: 0) }
                engine.kill()
                try await Task.sleep(for: .milliseconds(isEarly ? 0 : 20))
                client.setGate(open: false, crashes: 0)
                try engine.start()
                client.setGate(open: true, crashes: 0)
            }
        }
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<300 { group.addTask { try await client.read(within: .seconds(50)).text } }
            for try await text in group { #expect(text == "Привет, world") }
        }
        isOver.withLock { $0 = true }
        try await killer.value
        #expect(client.inFlight == 0 && client.waiting == 0)
    }
}
