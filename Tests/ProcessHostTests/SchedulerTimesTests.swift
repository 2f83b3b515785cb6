import Foundation
import ProcessHost
import Testing

/// Who was not given a processor is told from who hangs.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SchedulerTimesTests {
    private let second: UInt64 = 1_000_000_000

    @Test func waitingForAProcessorIsNoHang() {
        let then = SchedulerTimes(ran: 7, waited: 9)
        func starved(ran: UInt64, waited: UInt64) -> Bool {
            SchedulerTimes(ran: 7 + ran, waited: 9 + waited).wasStarved(since: then, elapsed: 4 * second)
        }
        #expect(starved(ran: 0, waited: 4 * second))
        #expect(starved(ran: second / 2, waited: 9 * second))
        // Not let at all, so that the wait is not counted yet.
        #expect(SchedulerTimes(ran: 7, waited: 9, isRunnable: true).wasStarved(since: then, elapsed: 4 * second))
        // It sleeps, or is stopped; it turns in circles, however busy the machine is.
        #expect(!starved(ran: 0, waited: 0))
        #expect(!starved(ran: 2 * second, waited: 4 * second))
        // A number that belongs to another process by now.
        #expect(!SchedulerTimes(ran: 0, waited: 0).wasStarved(since: then, elapsed: second))
    }

    private func spinning(_ wrapper: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // All on one core: the first that we may use.
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let core = try #require(status.firstMatch(of: /Cpus_allowed_list:\s*(\d+)/)?.1)
        process.arguments = ["taskset", "-c", String(core)] + wrapper + ["sh", "-c", "while :; do :; done"]
        try process.run()
        return process
    }

    private func times(of process: Process, over microseconds: UInt32) throws -> Bool {
        let then = try #require(SchedulerTimes.read(process.processIdentifier))
        let start = ContinuousClock.now
        usleep(microseconds)
        let elapsed = start.duration(to: .now) / .nanoseconds(1)
        let now = try #require(SchedulerTimes.read(process.processIdentifier))
        return now.wasStarved(since: then, elapsed: UInt64(elapsed))
    }

    @Test func aRealProcessThatIsHardlyLet() throws {
        let starved = try spinning(["chrt", "--idle", "0"])
        defer { kill(starved.processIdentifier, SIGKILL) }
        let busy = try (0..<3).map { _ in try spinning([]) }
        defer { for process in busy { kill(process.processIdentifier, SIGKILL) } }
        usleep(300_000)
        #expect(try times(of: starved, over: 1_500_000))
        // It needs a processor even for being stopped.
        for process in busy { kill(process.processIdentifier, SIGKILL) }
        kill(starved.processIdentifier, SIGSTOP)
        usleep(500_000)
        #expect(try !times(of: starved, over: 500_000))
    }

    @Test func aProcessThatIsGone() throws {
        let process = try spinning([])
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(SchedulerTimes.read(process.processIdentifier) == nil)
    }
}
