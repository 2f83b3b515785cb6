import OperatorLog
import Synchronization
import Testing

@Suite struct RecentLogTests {
    @Test func theLastOfEachAndOfAllInTheirOrder() {
        let log = RecentLog()
        for number in 1...5 {
            log.append(batch(["engine \(number)\n"]), of: "engine")
            log.append(batch(["api \(number)\n"]), of: "api")
        }
        #expect(log.last(2, of: "engine").map(\.json) == ["engine 4", "engine 5"])
        #expect(log.last(3).map(\.json) == ["api 4", "engine 5", "api 5"])
        #expect(log.last(3).map(\.sequence) == [8, 9, 10])
        #expect(log.last(1000).map(\.sequence) == Array(1...10))
        #expect(log.last(0).isEmpty && log.last(-1).isEmpty && log.last(10, of: "nobody").isEmpty)
    }

    @Test func whatIsOldGoesFirst() {
        let log = RecentLog(bytesOfEach: 8000, bytes: 20_000)
        let text = String(repeating: "x", count: 99)
        log.append(batch(["first\n"]), of: "quiet")
        for number in 0..<1000 { log.append(batch(["\(number) \(text)\n"]), of: "loud") }
        let kept = log.last(1000, of: "loud")
        #expect(kept.reduce(0) { $0 + $1.json.utf8.count } <= 8000)
        #expect(kept.count > 40)
        #expect(kept.last?.json.hasPrefix("999 ") == true)
        // Without a gap.
        #expect(zip(kept, kept.dropFirst()).allSatisfy { $1.sequence == $0.sequence + 1 })
        // Whoever is quiet keeps what it said, however loud another is.
        #expect(log.last(1, of: "quiet").map(\.json) == ["first"])
    }

    @Test func allTogetherHaveABoundToo() {
        let log = RecentLog(bytesOfEach: 8000, bytes: 20_000)
        let text = String(repeating: "x", count: 99) + "\n"
        for round in 0..<200 {
            for service in 0..<8 { log.append(batch([text]), of: "service \(service + round % 2)") }
        }
        let kept = log.last(.max)
        #expect(kept.reduce(0) { $0 + $1.json.utf8.count } <= 20_000)
        #expect(kept.count > 100)
    }

    @Test func aRecordLongerThanAllIsKept() {
        let log = RecentLog(bytesOfEach: 1000, bytes: 2000)
        log.append(batch([String(repeating: "x", count: 5000) + "\n"]), of: "engine")
        #expect(log.last(1).first?.json.utf8.count == 5000)
        log.append(batch(["next\n"]), of: "engine")
        #expect(log.last(10).map(\.json) == ["next"])
    }

    @Test func whoFollowsHasAllInBatchesUntilItLeaves() {
        let log = RecentLog()
        let got = Mutex<[[RecentLog.Line]]>([])
        log.append(batch(["before\n"]), of: "engine")
        let id = log.follow { lines in
            got.withLock { $0.append(lines) }
            // Whoever is told may ask.
            #expect(log.last(1).first == lines.last)
        }
        log.append(batch(["one\n", "two\n"]), of: "engine")
        log.append(batch([]), of: "engine")
        log.append(batch(["three\n"]), of: "api")
        log.unfollow(id)
        log.append(batch(["after\n"]), of: "engine")
        #expect(got.withLock { $0.map { $0.map(\.json) } } == [["one", "two"], ["three"]])
        #expect(got.withLock { $0.flatMap { $0 }.map(\.sequence) } == [2, 3, 4])
    }
}
