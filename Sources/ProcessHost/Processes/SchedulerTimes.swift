/// How much a process ran, and how long it waited for a processor that it did not get: `/proc/PID/task/TID/schedstat` of all
/// its threads together (Documentation/scheduler/sched-stats.rst), nanoseconds.
package struct SchedulerTimes: Sendable, Equatable {
    package var ran: UInt64
    package var waited: UInt64
    /// Some thread wants to run now. The kernel counts a wait when it ends: who was not let at all has not waited yet.
    package var isRunnable: Bool

    package init(ran: UInt64, waited: UInt64, isRunnable: Bool = false) {
        self.ran = ran
        self.waited = waited
        self.isRunnable = isRunnable
    }

    /// - Returns: nil where the kernel does not count, or there is no such process.
    package static func read(_ pid: ProcessID) -> SchedulerTimes? {
        var sum = SchedulerTimes(ran: 0, waited: 0)
        var found = false
        for thread in ProcessTree.threads(of: pid) {
            let text = SmallFile.read("/proc/\(pid)/task/\(thread)/schedstat") ?? ""
            let fields = text.split { $0 == " " || $0 == "\n" }.compactMap { UInt64($0) }
            guard fields.count >= 2 else { continue }
            sum.ran &+= fields[0]
            sum.waited &+= fields[1]
            found = true
            // The state follows the name, which stands in brackets (proc(5)).
            let stat = SmallFile.read("/proc/\(pid)/task/\(thread)/stat") ?? ""
            if stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].hasPrefix(") R ") { sum.isRunnable = true }
        }
        return found ? sum : nil
    }

    /// Whether the process wanted to run all this time and was hardly let: what it did not do meanwhile says nothing of it.
    /// One that is stopped, or waits for something that never comes, does not want to run; one that turns in circles runs.
    ///
    /// - Parameters:
    ///   - then: what it was before.
    ///   - elapsed: nanoseconds since.
    package func wasStarved(since then: SchedulerTimes, elapsed: UInt64) -> Bool {
        let ran = self.ran &- then.ran
        let waited = self.waited &- then.waited
        guard ran < elapsed / 4, waited < UInt64.max / 2 else { return false }
        return waited >= elapsed / 2 || isRunnable
    }
}
