import API
import Logging
import ServiceLog
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct LatchTests {
    private struct Stopped: Error {}

    @Test func wakesEveryoneOnce() async {
        let latch = Latch()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { await latch.wait() } }
            group.addTask { latch.open() }
        }
        latch.open()
        await latch.wait()
        #expect(latch.isOpen)
    }

    @Test func aCancelledWaitReturns() async {
        let latch = Latch()
        for _ in 0..<200 {
            let task = Task { await latch.wait() }
            task.cancel()
            await task.value
        }
        #expect(!latch.isOpen)
    }

    @Test func racingEndsWithTheFirst() async throws {
        let latch = Latch()
        #expect(try await racing([(latch, Stopped())]) { 7 } == 7)
        let task = Task {
            try await racing([(latch, Stopped())]) { try await Task.sleep(for: .seconds(60)) }
        }
        latch.open()
        await #expect(throws: Stopped.self) { try await task.value }
    }
}

@Suite(.timeLimit(.minutes(1))) struct SlotsTests {
    @Test func boundsWhatIsUnderWay() async throws {
        let slots = Slots(count: 3)
        let inside = Inside()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await slots.holding {
                        inside.enter()
                        try await Task.sleep(for: .milliseconds(1))
                        inside.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(inside.most == 3)
    }

    private final class Inside: Sendable {
        private let counts = Mutex((now: 0, most: 0))

        func enter() {
            counts.withLock { counts in
                counts.now += 1
                counts.most = max(counts.most, counts.now)
            }
        }
        func leave() { counts.withLock { $0.now -= 1 } }
        var most: Int { counts.withLock { $0.most } }
    }

    @Test func aCancelledWaitTakesNoPlace() async throws {
        let slots = Slots(count: 1)
        let holds = Latch()
        let release = Latch()
        let holder = Task {
            try await slots.holding {
                holds.open()
                await release.wait()
            }
        }
        await holds.wait()
        let waiting = Task { try await slots.holding {} }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        release.open()
        try await holder.value
        #expect(try await slots.holding { 1 } == 1)
    }
}

@Suite struct JSONLogTests {
    @Test func writesOneObjectALine() throws {
        let lines = try LogLines()
        let handler = JSONLogHandler(level: .info, descriptor: lines.descriptor)
        var logger = Logger(label: "test") { _ in handler }
        logger[metadataKey: "service"] = "api"
        logger.debug("not written")
        logger.info(
            "a \"quoted\"\nline",
            metadata: ["status": .stringConvertible(200), "ok": .stringConvertible(true), "list": ["a", "b"]])
        let text = lines.text
        #expect(text.hasSuffix("\n"))
        #expect(text.split(separator: "\n").count == 1)
        let fields =
            #","level":"info","message":"a \"quoted\"\nline","list":["a","b"],"ok":true,"service":"api","status":200}"#
        #expect(text.dropLast().hasSuffix(fields), "\(text)")
        #expect(text.wholeMatch(of: #/\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",.*\n/#) != nil)
    }
}
