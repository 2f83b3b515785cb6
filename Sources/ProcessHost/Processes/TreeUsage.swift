import Glibc

/// What the processes below some others use now, as /proc/PID/stat tells.
///
/// That file alone: `smaps` and `cmdline` wait for a lock of the process's memory, which one that is stuck in the kernel may
/// hold for ever.
package struct TreeUsage: Sendable, Equatable {
    package var processes: Int
    /// Bytes, added up: memory that two of them share counts twice.
    package var residentBytes: UInt64
    /// User and system time, with that of children that have ended and were waited for.
    package var processorTime: Duration

    package init(processes: Int = 0, residentBytes: UInt64 = 0, processorTime: Duration = .zero) {
        self.processes = processes
        self.residentBytes = residentBytes
        self.processorTime = processorTime
    }

    /// One process of /proc.
    package struct Entry: Sendable, Equatable {
        package var pid: ProcessID
        package var parent: ProcessID
        package var residentPages: UInt64
        /// In ticks of sysconf(_SC_CLK_TCK).
        package var processorTicks: UInt64

        package init(pid: ProcessID, parent: ProcessID, residentPages: UInt64, processorTicks: UInt64) {
            self.pid = pid
            self.parent = parent
            self.residentPages = residentPages
            self.processorTicks = processorTicks
        }

        /// - Parameter text: the line of /proc/PID/stat (proc(5)).
        package init?(stat text: String) {
            guard let entry = ProcessTree.Entry(stat: text), let close = text.lastIndex(of: ")") else { return nil }
            let fields = text[text.index(after: close)...].split(separator: " ")
            // Of the line the fields 14 to 17 are times, and the 24th is the resident size; the first of these is its third.
            guard fields.count > 21 else { return nil }
            // The kernel's approximation of the size may be below zero for a moment.
            self.init(
                pid: entry.pid, parent: entry.parent, residentPages: UInt64(fields[21]) ?? 0,
                processorTicks: fields[11...14].reduce(0) { $0 &+ (UInt64($1) ?? 0) })
        }
    }

    /// Looks at every process once.
    ///
    /// - Parameter roots: each without the others below it; what hangs below is counted with it.
    /// - Returns: nothing for one that is gone.
    package static func read(below roots: [ProcessID]) -> [ProcessID: TreeUsage] {
        let entries = ProcessTree.everyone().compactMap { pid in
            SmallFile.read("/proc/\(pid)/stat").flatMap { Entry(stat: $0) }
        }
        return sum(entries, below: roots)
    }

    /// This process alone.
    package static func ofThisProcess() -> TreeUsage? {
        guard let entry = SmallFile.read("/proc/self/stat").flatMap({ Entry(stat: $0) }) else { return nil }
        var usage = TreeUsage()
        usage.add(entry)
        // Not what its children used, which are others.
        var own = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &own) == 0 {
            usage.processorTime =
                .seconds(own.ru_utime.tv_sec + own.ru_stime.tv_sec)
                + .microseconds(own.ru_utime.tv_usec + own.ru_stime.tv_usec)
        }
        return usage
    }

    package static func sum(_ entries: [Entry], below roots: [ProcessID]) -> [ProcessID: TreeUsage] {
        let byParent = Dictionary(grouping: entries, by: \.parent)
        let byPID = Dictionary(entries.map { ($0.pid, $0) }, uniquingKeysWith: { first, _ in first })
        var result: [ProcessID: TreeUsage] = [:]
        for root in roots {
            guard let entry = byPID[root] else { continue }
            var usage = TreeUsage()
            var open = [entry]
            // Each once: a number that is reused while we look cannot make a circle of it.
            var seen: Set<ProcessID> = [root]
            while let entry = open.popLast() {
                usage.add(entry)
                open += (byParent[entry.pid] ?? []).filter { seen.insert($0.pid).inserted }
            }
            result[root] = usage
        }
        return result
    }

    private mutating func add(_ entry: Entry) {
        processes += 1
        residentBytes += entry.residentPages * Self.pageBytes
        processorTime += .milliseconds(Int64(clamping: entry.processorTicks &* 1000 / Self.ticksPerSecond))
    }

    private static let pageBytes = UInt64(max(1, sysconf(CInt(_SC_PAGESIZE))))
    private static let ticksPerSecond = UInt64(max(1, sysconf(CInt(_SC_CLK_TCK))))
}
