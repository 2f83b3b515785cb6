import EngineClient
import Glibc
import Testing

private func client(_ engine: StandInEngine, concurrency: Int = 8) throws -> EngineClient {
    try EngineClient(
        configuration: EngineConfiguration(
            baseURL: engine.baseURL, model: "stand-in", maximumConcurrency: concurrency,
            backoff: Backoff(first: .milliseconds(5), longest: .milliseconds(40))))
}

extension EngineClient {
    @discardableResult
    fileprivate func read(_ bytes: [UInt8] = [1]) async throws(EngineError) -> EngineAnswer {
        try await recognise(EngineRequest(image: bytes, mediaType: .png), deadline: .now + .seconds(20))
    }
}

@Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
    @Test func connectionIsUsedAgain() async throws {
        let whole = Sample.lines(Sample.events)
        let engine = try StandInEngine { _, number in number.isMultiple(of: 2) ? .text("x") : .stream([whole]) }
        let client = try client(engine)
        for _ in 0..<20 { try await client.read() }
        #expect(engine.chats.count == 20)
        // One, where no pause between two requests was so long that the connection was given up.
        #expect(engine.accepted < 5)
    }

    @Test func errorLeavesTheConnectionGood() async throws {
        let engine = try StandInEngine { _, number in
            number < 3 ? .answer(status: 500, body: String(repeating: "x", count: 10_000)) : .text("x")
        }
        #expect(try await client(engine).read().attempts == 3)
        #expect(engine.accepted < 3)
    }

    @Test func connectionThatTheServerFoundIdleCostsNothing() async throws {
        let engine = try StandInEngine { _, _ in .text("x") }
        let client = try client(engine)
        for round in 1...5 {
            #expect(try await client.read().attempts == 1)
            #expect(engine.accepted == round)
            engine.closeConnections()
        }
    }

    @Test func requestThatMetTheCloseOnItsWayIsSentAgainWhole() async throws {
        let engine = try StandInEngine { _, _ in .text("x") }
        let client = try client(engine)
        client.setGate(open: true, crashes: 0)
        let picture = [UInt8](repeating: 0xA5, count: 1 << 20) + [UInt8](repeating: 0x3C, count: 2 << 20)
        try await client.read()
        engine.closeOnRequest(times: 1)
        let answer = try await client.read(picture)
        #expect(answer.attempts == 1)
        #expect(engine.accepted == 2)
        // What came the second time is what would have come the first time.
        try await client.read(picture)
        let bodies = engine.chats.suffix(2).map(\.body)
        #expect(bodies[0] == bodies[1] && bodies[0].utf8.count > 4_000_000)
    }

    /// libcurl sends again by itself what was lost on a kept connection; that must not hide who is to blame.
    @Test func deathOverARequestOnAKeptConnectionIsCounted() async throws {
        let engine = try StandInEngine { _, number in number == 2 ? .death : .text("x") }
        let client = try client(engine)
        client.setGate(open: true, crashes: 0)
        try await client.read()
        let reading = Task { try await client.read() }
        while engine.chats.count < 2 { try await Task.sleep(for: .milliseconds(2)) }
        client.setGate(open: false, crashes: 1)
        let error = await #expect(throws: EngineError.self) { try await reading.value }
        #expect(error?.code == .crashed)
    }

    @Test func noConnectionOutlivesAClosedGate() async throws {
        let engine = try StandInEngine { _, _ in .text("x") }
        let client = try client(engine)
        try await client.read()
        client.setGate(open: false)
        client.setGate(open: true)
        try await client.read()
        #expect(engine.accepted == 2)
        client.setGate(open: false)
        while engine.connected > 0 { try await Task.sleep(for: .milliseconds(2)) }
    }

    @Test func connectionInUseWhenTheGateClosesIsNotUsedAgain() async throws {
        let engine = try StandInEngine { _, _ in
            usleep(50_000)
            return .text("x")
        }
        let client = try client(engine)
        let reading = Task { try await client.read() }
        while engine.chats.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        client.setGate(open: false)
        client.setGate(open: true)
        #expect(try await reading.value.attempts == 1)
        try await client.read()
        #expect(engine.accepted == 2)
        while engine.connected > 1 { try await Task.sleep(for: .milliseconds(2)) }
    }

    @Test func connectionsKeptAreBoundedAndGoAfterAWhile() async throws {
        let engine = try StandInEngine { _, _ in
            usleep(20_000)
            return .text("x")
        }
        let client = try client(engine, concurrency: 4)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<40 { group.addTask { try await client.read() } }
            try await group.waitForAll()
        }
        #expect(engine.accepted <= 5)
        #expect(engine.connected > 0 && engine.connected <= 5)
        // Nobody asks any more.
        while engine.connected > 0 { try await Task.sleep(for: .milliseconds(50)) }
        try await client.read()
    }

    @Test func clientThatGoesClosesItsConnections() async throws {
        let engine = try StandInEngine { _, _ in .text("x") }
        for _ in 0..<20 { try await client(engine).read() }
        while engine.connected > 0 { try await Task.sleep(for: .milliseconds(2)) }
        #expect(engine.accepted == 20)
    }
}
