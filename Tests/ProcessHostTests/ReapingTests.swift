import Foundation
import ProcessHost
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct ReapingTests {
    /// Starts programs that are over at once, and returns when all of them are.
    private func ended(_ count: Int, _ script: String) throws -> [ProcessID] {
        let pids = try (0..<count).map { _ in
            try Spawner.spawn(["/bin/sh", "-c", script], environment: ["PATH": "/usr/bin:/bin"], descriptors: [])
        }
        #expect(eventually { pids.allSatisfy { ProcessTable().entries[$0]?.state == "Z" } })
        return pids
    }

    @Test func thoseThatAreWaitedForComeFirst() throws {
        let orphans = try ended(5, "exit 1")
        let shims = try ended(2, "exit 2")
        var order: [ChildReaper.Ended] = []
        ChildReaper.reap(awaited: shims) { order.append($0) }
        let ours = order.filter { (orphans + shims).contains($0.pid) }
        #expect(ours.map(\.pid).prefix(2) == shims[...])
        #expect(ours.map(\.status) == [2, 2, 1, 1, 1, 1, 1].map { $0 << 8 })
    }

    @Test func aTurnIsBounded() throws {
        let orphans = Set(try ended(10, "exit 0"))
        var seen: Set<ProcessID> = []
        var turns = 0
        while seen.count < 10, turns < 20 {
            var inThisTurn = 0
            ChildReaper.reap(awaited: [], most: 4) {
                inThisTurn += 1
                if orphans.contains($0.pid) { seen.insert($0.pid) }
            }
            #expect(inThisTurn <= 4)
            turns += 1
        }
        #expect(seen == orphans)
        #expect(turns >= 3)
    }

    @Test func whatAnOrphanUsedIsKnown() throws {
        let pid = try ended(1, "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; kill -TERM $$")[0]
        var found: ChildReaper.Ended?
        ChildReaper.reap(awaited: [pid]) { if $0.pid == pid { found = $0 } }
        let ended = try #require(found)
        #expect(ended.status == SIGTERM)
        #expect(ended.usage.processorTime >= .milliseconds(10))
        #expect(ended.usage.peakKibibytes > 0)
    }

    @Test func whoHasNotEndedIsLeftAlone() throws {
        let pid = try Spawner.spawn(
            ["/bin/sleep", "100"], environment: ["PATH": "/usr/bin:/bin"], descriptors: [])
        ChildReaper.reap(awaited: [pid, 1, getpid()]) { #expect($0.pid != pid) }
        #expect(kill(pid, 0) == 0)
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }
}

@Suite struct OrphanTallyTests {
    private func orphan(_ pid: ProcessID, milliseconds: Int = 1) -> ChildReaper.Ended {
        ChildReaper.Ended(
            pid: pid, status: 0,
            usage: ResourceUsage(user: .milliseconds(milliseconds), system: .zero, peakKibibytes: Int(pid)))
    }

    @Test func nothingIsDueWhileNothingComes() {
        var tally = OrphanTally()
        #expect(tally.reportDue == nil)
        #expect(tally.takeReport(at: 5) == nil)
    }

    @Test func theFirstIsToldAtOnce() throws {
        var tally = OrphanTally()
        tally.add(orphan(7))
        #expect(try #require(tally.reportDue) <= 5)
        let report = tally.takeReport(at: 5)
        #expect(report?.count == 1 && report?.total == 1 && report?.last.pid == 7)
        #expect(tally.reportDue == nil)
    }

    @Test func aStormIsAFewLines() {
        var tally = OrphanTally()
        var reports: [OrphanTally.Report] = []
        // 20000 orphans in 20 s.
        for number in 0..<20_000 {
            let now = UInt64(number) * 1_000_000
            tally.add(orphan(ProcessID(number + 2)))
            if let due = tally.reportDue, due <= now, let report = tally.takeReport(at: now) { reports.append(report) }
        }
        if let due = tally.reportDue, let report = tally.takeReport(at: due) { reports.append(report) }
        #expect(reports.count == 3)
        #expect(reports.map(\.count).reduce(0, +) == 20_000)
        #expect(reports.last?.total == 20_000)
        #expect(reports.last?.last.pid == 20_001)
        #expect(reports.map(\.usage.user).reduce(.zero, +) == .seconds(20))
    }

    @Test func afterAQuietTimeTheNextIsToldAtOnce() {
        var tally = OrphanTally()
        tally.add(orphan(7))
        _ = tally.takeReport(at: 0)
        tally.add(orphan(8))
        #expect(tally.takeReport(at: OrphanTally.interval - 1) == nil)
        #expect(tally.reportDue == OrphanTally.interval)
        #expect(tally.takeReport(at: 3 * OrphanTally.interval)?.last.pid == 8)
    }
}
