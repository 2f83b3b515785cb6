import Foundation
import ProcessHost
import TestSupport
import Testing

@Suite struct ContainerMemoryTests {
    @Test func readsVersionTwo() {
        let memory = ContainerMemory(
            limits: ["max\n", "4294967296\n", "8589934592\n"], current: "3221225472\n",
            stat: "anon 1\ninactive_file 1073741824\nactive_file 5\n", peak: "4000000000\n",
            events: "low 0\nhigh 0\nmax 9\noom 2\noom_kill 3\noom_group_kill 1\n", oomGroup: "1\n")
        #expect(
            memory
                == ContainerMemory(
                    limit: 4 << 30, used: 2 << 30, peak: 4_000_000_000, outOfMemoryKills: 3, diesTogether: true))
    }

    @Test func readsVersionOne() {
        let memory = ContainerMemory(
            usage: "3221225472\n",
            stat: "inactive_file 7\nhierarchical_memory_limit 4294967296\ntotal_inactive_file 1073741824\n",
            peak: "4000000000\n",
            oomControls: ["oom_kill_disable 0\nunder_oom 0\noom_kill 1\n", "under_oom 0\noom_kill 2\n"])
        #expect(
            memory == ContainerMemory(limit: 4 << 30, used: 2 << 30, peak: 4_000_000_000, outOfMemoryKills: 3))
    }

    @Test func noLimitIsNone() {
        #expect(
            ContainerMemory(
                usage: "1", stat: "hierarchical_memory_limit 9223372036854771712\n", peak: nil, oomControls: []
            )
            .limit == nil)
        #expect(
            ContainerMemory(limits: ["max\n"], current: nil, stat: nil, peak: nil, events: nil, oomGroup: nil)
                == ContainerMemory())
        #expect(
            ContainerMemory(limits: ["", "x"], current: "", stat: "\n\n", peak: "-", events: "oom_kill", oomGroup: " ")
                == ContainerMemory())
    }

    @Test func moreInactiveThanUsedIsNotNegative() {
        let memory = ContainerMemory(
            limits: [], current: "5", stat: "inactive_file 9\n", peak: nil, events: nil, oomGroup: "0\n")
        #expect(memory.used == 0 && memory.diesTogether == false)
    }

    @Test func readsWhatIsHere() {
        let memory = ContainerMemoryFiles().read()
        // Where there is no memory controller all is nil; where there is one, use is more than nothing.
        #expect(memory.used.map { $0 > 0 } ?? true)
        #expect(memory.limit.map { $0 > 0 } ?? true)
    }

    /// On the virtual machine of etc/test/cgroup2-guest, where it is known.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["COXSWAIN_TEST_GUEST"] != nil, "not etc/test/cgroup2-guest"))
    func readsTheGuests() {
        let memory = ContainerMemoryFiles().read()
        #expect(memory.limit == 1 << 30 && memory.diesTogether == true && memory.used.map { $0 > 1 << 20 } == true)
        #expect(memory.outOfMemoryKills != nil)
    }
}
