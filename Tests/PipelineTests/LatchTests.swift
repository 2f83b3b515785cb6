import Pipeline
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
