import Foundation
import ProcessHost
import Testing

@Suite(.timeLimit(.minutes(1))) struct EventLoopTests {
    @Test func timersFireInTheirOrderAndOnce() throws {
        let loop = try ProcessHost.EventLoop()
        var fired: [String] = []
        loop.after(.milliseconds(60)) { fired.append("late") }
        loop.after(.milliseconds(20)) { fired.append("early") }
        loop.after(.zero) { fired.append("first") }
        loop.after(.seconds(-5)) { fired.append("second") }
        loop.after(.milliseconds(100)) { loop.stop() }
        try loop.run()
        #expect(fired == ["first", "second", "early", "late"])
    }

    @Test func nothingFiresEarly() throws {
        let loop = try ProcessHost.EventLoop()
        // A deadline that moves, and timers before and behind it, all on the same timer of the kernel.
        var early: [String] = []
        func check(_ name: String, _ due: UInt64) {
            if EventLoop.now() < due { early.append(name) }
        }
        let begin = EventLoop.now()
        loop.setDeadline(begin + 3_600_000_000_000) { early.append("the first deadline") }
        loop.after(.milliseconds(2)) {
            check("2 ms", begin + 2_000_000)
            loop.setDeadline(begin + 10_000_000) { check("deadline", begin + 10_000_000) }
        }
        loop.after(.seconds(3600)) { early.append("an hour") }
        for milliseconds in [5, 20, 15] {
            loop.after(.milliseconds(milliseconds)) {
                check("\(milliseconds) ms", begin + UInt64(milliseconds) * 1_000_000)
            }
        }
        loop.after(.milliseconds(40)) { loop.stop() }
        try loop.run()
        #expect(early == [])
    }

    @Test func whatIsCancelledDoesNotFire() throws {
        let loop = try ProcessHost.EventLoop()
        var fired: [String] = []
        var second: EventLoop.TimerToken?
        // Both are due at the same wake-up; the first takes back the second.
        let first = loop.after(.zero) {
            fired.append("first")
            if let second { loop.cancel(second) }
        }
        second = loop.after(.zero) { fired.append("second") }
        let never = loop.after(.milliseconds(5)) { fired.append("never") }
        loop.cancel(never)
        loop.after(.milliseconds(30)) {
            // Long over: nothing happens.
            loop.cancel(first)
            loop.stop()
        }
        try loop.run()
        #expect(fired == ["first"])
    }

    @Test func theDeadlineAndTheTimersDoNotDisturbEachOther() throws {
        let loop = try ProcessHost.EventLoop()
        var deadlines = 0
        func tick() {
            deadlines += 1
            if deadlines < 5 { loop.setDeadline(EventLoop.now() + 2_000_000, tick) }
        }
        loop.setDeadline(EventLoop.now(), tick)
        var timers = 0
        func again() {
            timers += 1
            if timers < 5 { loop.after(.milliseconds(3), again) }
        }
        again()
        func stopWhenDone() {
            if deadlines == 5 && timers == 5 { loop.stop() } else { loop.after(.milliseconds(1), stopWhenDone) }
        }
        stopWhenDone()
        try loop.run()
    }

    @Test func aDeadlineThatIsTakenBackDoesNotFire() throws {
        let loop = try ProcessHost.EventLoop()
        var fired = false
        loop.setDeadline(EventLoop.now() + 1_000_000) { fired = true }
        loop.setDeadline(nil) { fired = true }
        loop.after(.milliseconds(20)) { loop.stop() }
        try loop.run()
        #expect(!fired)
    }

    @Test func aTimerThatAlwaysSetsItselfLeavesTheLoopItsOtherWork() throws {
        let loop = try ProcessHost.EventLoop()
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        func again() { loop.after(.zero, again) }
        again()
        try loop.watch(ends[0], for: .readable) { _ in loop.stop() }
        #expect(write(ends[1], "x", 1) == 1)
        try loop.run()
        loop.unwatch(ends[0])
    }

    @Test func aDelayWithoutEndIsNoFault() throws {
        let loop = try ProcessHost.EventLoop()
        loop.after(.seconds(Int64.max)) { Issue.record("fired") }
        loop.after(.milliseconds(1)) { loop.stop() }
        try loop.run()
    }
}
