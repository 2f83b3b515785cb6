import Foundation
import ProcessHost
import TestSupport
import Testing

@Suite struct TreeUsageTests {
    private func entry(_ pid: Int32, _ parent: Int32, pages: UInt64 = 1, ticks: UInt64 = 100) -> TreeUsage.Entry {
        TreeUsage.Entry(pid: pid, parent: parent, residentPages: pages, processorTicks: ticks)
    }

    @Test func aLineOfProcIsRead() {
        let line =
            "17 (a) b (c) S 3 17 17 0 -1 4194304 500 0 0 0 7 5 11 2 20 0 1 0 999 1000000 321 18446744073709551615 1 1 0 0 0"
        #expect(TreeUsage.Entry(stat: line) == entry(17, 3, pages: 321, ticks: 25))
        // As the kernel may have it for a moment.
        #expect(TreeUsage.Entry(stat: line.replacingOccurrences(of: " 321 ", with: " -2 "))?.residentPages == 0)
    }

    @Test(arguments: ["", "17", "17 (a) S 3", "x (a) S 3 17 17 0 -1 4194304 500 0 0 0 7 5 11 2 20 0 1 0 999 1 1"])
    func anotherLineIsNone(line: String) { #expect(TreeUsage.Entry(stat: line) == nil) }

    @Test func eachRootHasWhatHangsBelowIt() {
        let entries = [
            entry(1, 0), entry(10, 1), entry(11, 10, pages: 2), entry(12, 11, pages: 4), entry(20, 1, pages: 8),
            entry(21, 20, ticks: 250), entry(30, 1),
        ]
        let page = UInt64(sysconf(CInt(_SC_PAGESIZE)))
        let usage = TreeUsage.sum(entries, below: [10, 20, 99])
        #expect(usage.keys.sorted() == [10, 20])
        #expect(usage[10]?.processes == 3)
        #expect(usage[10]?.residentBytes == 7 * page)
        #expect(usage[20]?.residentBytes == 9 * page)
        #expect(usage[20]?.processorTime == .milliseconds(Int64(350_000 / sysconf(CInt(_SC_CLK_TCK)))))
    }

    /// Numbers are reused while we look.
    @Test func aCircleEnds() {
        #expect(TreeUsage.sum([entry(5, 6), entry(6, 5), entry(7, 7)], below: [5, 7])[5]?.processes == 2)
    }

    @Test func aRealTreeIsCounted() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "sleep 1000 & sleep 1000; wait"]
        try process.run()
        let pid = process.processIdentifier
        defer {
            for child in ProcessTree.below(pid) { kill(child, SIGKILL) }
            process.waitUntilExit()
        }
        #expect(eventually { TreeUsage.read(below: [pid])[pid]?.processes == 3 })
        let usage = try #require(TreeUsage.read(below: [pid])[pid])
        #expect(usage.residentBytes > 100_000)
        #expect(usage.residentBytes < 100_000_000)
    }

    @Test func weCountOurselvesWithoutOurChildren() throws {
        let usage = try #require(TreeUsage.ofThisProcess())
        #expect(usage.processes == 1)
        #expect(usage.residentBytes > 1_000_000)
        #expect(usage.processorTime > .zero)
    }
}
