import EngineClient
import Glibc
import Testing

/// The threads of this process, from /proc.
func threadCount() -> Int {
    guard let directory = opendir("/proc/self/task") else { return 0 }
    defer { closedir(directory) }
    var count = -2
    while readdir(directory) != nil { count += 1 }
    return count
}

private func client(_ engine: StandInEngine, concurrency: Int) throws -> EngineClient {
    try EngineClient(
        configuration: EngineConfiguration(
            baseURL: engine.baseURL, model: "stand-in", maximumConcurrency: concurrency,
            backoff: Backoff(first: .milliseconds(5), longest: .milliseconds(40))))
}

extension EngineClient {
    fileprivate func read(_ prompt: String, within limit: Duration = .seconds(20)) async throws(EngineError) -> String {
        try await recognise(EngineRequest(image: [1], mediaType: .png, prompt: prompt), deadline: .now + limit).text
    }
}

@Suite(.timeLimit(.minutes(1))) struct GateTests {
    @Test func closedGateHoldsRequestsUntilItOpens() async throws {
        let engine = try StandInEngine { _, _ in .text("x") }
        let client = try client(engine, concurrency: 2)
        client.setGate(open: false)
        let tasks = (0..<5).map { _ in Task { try await client.read("p") } }
        try await Task.sleep(for: .milliseconds(100))
        #expect(engine.chats.isEmpty)
        client.setGate(open: true)
        for task in tasks { #expect(try await task.value == "x") }
        #expect(engine.mostAtOnce <= 2)
    }

    @Test func waitAtTheGateEndsAtTheDeadline() async throws {
        let engine = try StandInEngine { _, _ in .text("x") }
        let client = try client(engine, concurrency: 2)
        client.setGate(open: false)
        let error = await #expect(throws: EngineError.self) { try await client.read("p", within: .milliseconds(80)) }
        #expect(error?.code == .unreachable)
        #expect(engine.chats.isEmpty)
    }

    @Test func waitAtTheGateEndsWithTheTask() async throws {
        let engine = try StandInEngine { _, _ in .text("x") }
        let client = try client(engine, concurrency: 2)
        client.setGate(open: false)
        for pause in [0, 20] {
            let task = Task { try await client.read("p") }
            try await Task.sleep(for: .milliseconds(pause))
            task.cancel()
            let error = await #expect(throws: EngineError.self) { try await task.value }
            #expect(error?.code == .cancelled)
        }
        // None of those who left kept a place.
        client.setGate(open: true)
        #expect(try await client.read("p") == "x")
    }

    @Test func engineIsLeftAloneWhileTheGateIsClosed() async throws {
        let engine = try StandInEngine { _, number in number == 1 ? .silence : .text("again") }
        let client = try client(engine, concurrency: 2)
        async let answer = client.read("p")
        while engine.chats.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        client.setGate(open: false)
        engine.kill()
        try engine.start()
        try await Task.sleep(for: .milliseconds(150))
        #expect(engine.chats.count == 1)
        client.setGate(open: true)
        #expect(try await answer == "again")
    }

    @Test func gateFollowsASequence() async throws {
        let engine = try StandInEngine { _, _ in .text("x") }
        let client = try client(engine, concurrency: 2)
        let (gate, position) = AsyncStream.makeStream(of: Bool.self)
        let following = Task { await client.run(gate: gate) }
        position.yield(false)
        try await Task.sleep(for: .milliseconds(50))
        async let answer = client.read("p")
        try await Task.sleep(for: .milliseconds(50))
        #expect(engine.chats.isEmpty)
        position.yield(true)
        #expect(try await answer == "x")
        position.finish()
        await following.value
    }

    @Test func requestsGoInOrderOfArrival() async throws {
        let engine = try StandInEngine { _, _ in
            usleep(2000)
            return .text("x")
        }
        let client = try client(engine, concurrency: 1)
        client.setGate(open: false)
        var tasks: [Task<String, any Error>] = []
        for index in 0..<20 {
            tasks.append(Task { try await client.read("number \(index)") })
            try await Task.sleep(for: .milliseconds(5))
        }
        client.setGate(open: true)
        for task in tasks { _ = try await task.value }
        let order = engine.chats.compactMap { chat in (0..<20).last { chat.body.contains("number \($0)\"") } }
        #expect(order == Array(0..<20))
        #expect(engine.mostAtOnce == 1)
    }
}
