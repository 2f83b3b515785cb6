import Glibc

/// Who descends from whom, as /proc tells.
package enum ProcessTree {
    /// One process, as /proc/PID/stat has it; see proc(5).
    package struct Entry: Sendable, Equatable {
        package var pid: ProcessID
        package var parent: ProcessID
        /// Process group.
        package var group: ProcessID
        package var session: ProcessID
        /// When it started, in ticks of ``tick(at:)``.
        package var startTick: UInt64

        package init(pid: ProcessID, parent: ProcessID, group: ProcessID, session: ProcessID, startTick: UInt64) {
            self.pid = pid
            self.parent = parent
            self.group = group
            self.session = session
            self.startTick = startTick
        }

        /// - Parameter text: the line of /proc/PID/stat.
        package init?(stat text: String) {
            // The name is in brackets and may hold anything, brackets and spaces too: the last bracket ends it.
            guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"),
                let pid = ProcessID(text[..<open].filter { $0 != " " })
            else { return nil }
            let fields = text[text.index(after: close)...].split(separator: " ")
            // The state is the third field of the line and the first of these; the start is the 22nd.
            guard fields.count > 19, let parent = ProcessID(fields[1]), let group = ProcessID(fields[2]),
                let session = ProcessID(fields[3]), let startTick = UInt64(fields[19])
            else { return nil }
            self.init(pid: pid, parent: parent, group: group, session: session, startTick: startTick)
        }
    }

    /// - Parameter time: nanoseconds of CLOCK_BOOTTIME.
    /// - Returns: the same in the unit of /proc/PID/stat, rounded down as the kernel does.
    package static func tick(at time: UInt64) -> UInt64 {
        let perSecond = sysconf(CInt(_SC_CLK_TCK))
        return time / (1_000_000_000 / UInt64(perSecond > 0 ? perSecond : 100))
    }

    package static func entry(of pid: ProcessID) -> Entry? {
        SmallFile.read("/proc/\(pid)/stat").flatMap { Entry(stat: $0) }
    }

    /// Every process that we can see, ended ones that nobody has reaped included; empty without /proc.
    package static func all() -> [Entry] {
        // Anything may end while we look.
        everyone().compactMap { entry(of: $0) }
    }

    /// Their numbers alone.
    static func everyone() -> [ProcessID] { numbers(in: "/proc") }

    /// The threads of a process; none when it is gone.
    package static func threads(of pid: ProcessID) -> [ProcessID] { numbers(in: "/proc/\(pid)/task") }

    private static func numbers(in path: String) -> [ProcessID] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var numbers: [ProcessID] = []
        while let item = readdir(folder) {
            let name = withUnsafeBytes(of: item.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let number = ProcessID(name) { numbers.append(number) }
        }
        return numbers
    }

    /// All that hangs below a process now, itself left out.
    package static func below(_ ancestor: ProcessID) -> [ProcessID] {
        let children = Dictionary(grouping: all(), by: \.parent)
        var found: [ProcessID] = []
        // Each parent once: a number that is reused while we look cannot make a circle of it.
        var open = [ancestor]
        var seen: Set<ProcessID> = [ancestor]
        while let parent = open.popLast() {
            for child in children[parent] ?? [] where seen.insert(child.pid).inserted {
                found.append(child.pid)
                open.append(child.pid)
            }
        }
        return found
    }

    /// Whether `pid` is `ancestor` or hangs below it now.
    ///
    /// A process that has ended, or whose parent has and was adopted, is not found: ask while it is alive.
    package static func isBelow(_ pid: ProcessID, _ ancestor: ProcessID) -> Bool {
        var pid = pid
        // Deeper than this nobody nests; a number that is reused while we climb cannot make a circle of it.
        for _ in 0..<64 {
            if pid == ancestor { return true }
            guard pid > 1, let entry = entry(of: pid) else { return false }
            pid = entry.parent
        }
        return false
    }
}
