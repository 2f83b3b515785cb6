import EngineClient
import Glibc
import Synchronization
import Testing

private func client(_ engine: StandInEngine, concurrency: Int = 64) throws -> EngineClient {
    try EngineClient(
        configuration: EngineConfiguration(
            baseURL: engine.baseURL, model: "stand-in", maximumConcurrency: concurrency,
            backoff: Backoff(first: .milliseconds(5), longest: .milliseconds(40))))
}

extension EngineClient {
    fileprivate func read(alone: Bool = false) async throws(EngineError) {
        _ = try await recognise(
            EngineRequest(image: [1], mediaType: .png), deadline: .now + .seconds(50), alone: alone)
    }

    /// Asks again and again, so many at once, until the condition holds.
    fileprivate func readOn(_ count: Int, until condition: @escaping @Sendable () -> Bool) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask { while !condition() { try await self.read() } }
            }
            try await group.waitForAll()
        }
    }
}

private func metrics(running: Int, waiting: Int) -> String {
    "vllm:num_requests_running{engine=\"0\"} \(running).0\nvllm:num_requests_waiting{engine=\"0\"} \(waiting).0\n"
}

@Suite(.serialized, .timeLimit(.minutes(1))) struct AdaptiveConcurrencyTests {
    @Test func engineWithoutMetricsHasTheCeilingAndIsAskedOnce() async throws {
        let engine = try StandInEngine { _, _ in
            usleep(100_000)
            return .text("x")
        }
        let client = try client(engine)
        #expect(client.places == 32)
        let changes = Mutex(0)
        client.observePlaces { changes.withLock { $0 += 1 } }
        try await client.readOn(80) { client.places == 64 && engine.mostAtOnce > 40 }
        #expect(engine.looks == 1)
        #expect(engine.mostAtOnce <= 64)
        #expect(changes.withLock { $0 } == 1)
        try await client.readOn(10) { engine.chats.count > 400 }
        #expect(engine.looks == 1)
        // Another one may be behind the gate when it opens again.
        client.setGate(open: false)
        client.setGate(open: true)
        try await client.readOn(10) { engine.looks == 2 }
    }

    @Test func queueThatIsShownSetsThePlaces() async throws {
        let engine = try StandInEngine { _, _ in
            usleep(10_000)
            return .text("x")
        }
        engine.set(metrics: metrics(running: 10, waiting: 22))
        let client = try client(engine)
        try await client.readOn(40) { client.places < 32 }
        #expect(client.places == 12)
        engine.set(metrics: metrics(running: 12, waiting: 0))
        try await client.readOn(40) { client.places > 12 }
        #expect(client.places == 16)
    }

    @Test func nobodyLooksWhileNothingIsInFlight() async throws {
        let engine = try StandInEngine { _, number in
            // Later ones stay long enough to be seen.
            if number > 10 { usleep(50_000) }
            return .text("x")
        }
        engine.set(metrics: metrics(running: 0, waiting: 0))
        let client = try client(engine)
        for _ in 0..<10 { try await client.read() }
        try await Task.sleep(for: .milliseconds(300))
        #expect(engine.looks == 0)
        try await client.readOn(2) { engine.looks > 0 }
        let looks = engine.looks
        try await Task.sleep(for: .milliseconds(1300))
        #expect(engine.looks <= looks + 1)
    }

    @Test func refusalHalves() async throws {
        let engine = try StandInEngine { _, number in
            number == 5 ? .answer(status: 429, body: "") : .text("x")
        }
        let client = try client(engine, concurrency: 16)
        for _ in 0..<5 { try await client.read() }
        #expect(client.places == 8)
    }

    @Test func countsAreShown() async throws {
        let engine = try StandInEngine { _, _ in .silence }
        let client = try client(engine, concurrency: 3)
        let tasks = (0..<5).map { _ in Task { try await client.read() } }
        while client.inFlight != 3 || client.waiting != 2 { try await Task.sleep(for: .milliseconds(2)) }
        for task in tasks { task.cancel() }
        for task in tasks { _ = await task.result }
        #expect(client.inFlight == 0 && client.waiting == 0)
    }

    @Test func aloneIsAloneAtTheEngine() async throws {
        let isAlone = Mutex(true)
        let together = Mutex(0)
        let engine = try StandInEngine { request, _ in
            together.withLock { $0 += 1 }
            usleep(5000)
            let most = together.withLock { count in
                defer { count -= 1 }
                return count
            }
            if request.body.contains("alone"), most > 1 { isAlone.withLock { $0 = false } }
            return .text("x")
        }
        let client = try client(engine, concurrency: 8)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<60 {
                group.addTask {
                    let isAlone = index % 10 == 5
                    let request = EngineRequest(
                        image: [1], mediaType: .png, prompt: isAlone ? "alone" : "together")
                    _ = try await client.recognise(request, deadline: .now + .seconds(50), alone: isAlone)
                }
            }
            try await group.waitForAll()
        }
        #expect(isAlone.withLock { $0 })
        #expect(engine.mostAtOnce > 1)
    }
}
