import Glibc
import Readable

/// How many bytes of memory may be filled with files now, so that nobody is killed and nothing useful is thrown out for it.
package struct MemoryRoom: Sendable, Equatable {
    /// Of one control group, or of the machine; in bytes.
    package struct Level: Sendable, Equatable {
        package var limit: Int64
        /// In use, without what the kernel gives back when asked.
        package var used: Int64

        package init(limit: Int64, used: Int64) {
            self.limit = limit
            self.used = used
        }
    }

    package var levels: [Level]

    package init(levels: [Level]) { self.levels = levels }

    /// What the engine itself still allocates, and everybody else: an eighth of the limit, and 256 MiB at least.
    package static func margin(of limit: Int64) -> Int64 { max(limit / 8, 256 << 20) }

    /// Zero or more; nil where nothing is known.
    package var bytes: Int64? {
        levels.map { max(0, $0.limit - $0.used - Self.margin(of: $0.limit)) }.min()
    }

    /// As the kernel tells now: the machine's, and each control group's of this process that has a limit.
    package static func current() -> MemoryRoom {
        var levels: [Level] = []
        if let text = text("/proc/meminfo"), let level = machine(meminfo: text) { levels.append(level) }
        for folder in groups(cgroup: text("/proc/self/cgroup") ?? "") {
            for names in [
                ("memory.max", "memory.current", "inactive_file "),
                ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "),
            ] {
                guard let limit = text("\(folder)/\(names.0)").flatMap(number), limit < 1 << 60,
                    let used = text("\(folder)/\(names.1)").flatMap(number)
                else { continue }
                let cached = text("\(folder)/memory.stat").flatMap { field(names.2, in: $0) } ?? 0
                levels.append(Level(limit: limit, used: max(0, used - cached)))
            }
        }
        return MemoryRoom(levels: levels)
    }

    package static func machine(meminfo text: String) -> Level? {
        guard let total = field("MemTotal:", in: text), let free = field("MemAvailable:", in: text) else { return nil }
        return Level(limit: total << 10, used: (total - free) << 10)
    }

    /// Folders of the control groups that hold memory, from this process's own up to the topmost that is seen here; of both
    /// versions.
    package static func groups(cgroup text: String) -> [String] {
        var folders: [String] = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let base: String
            if parts[1].isEmpty {
                base = "/sys/fs/cgroup"
            } else if parts[1].split(separator: ",").contains("memory") {
                base = "/sys/fs/cgroup/memory"
            } else {
                continue
            }
            // In a container without a namespace of its own the path is the host's, and not all of it is mounted.
            var path = String(parts[2])
            while path.count > 1 {
                folders.append(base + path)
                guard let slash = path.lastIndex(of: "/") else { break }
                path = String(path[..<slash])
            }
            folders.append(base)
        }
        return folders
    }

    private static func field(_ name: String, in text: String) -> Int64? {
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            return line.dropFirst(name.count).split(separator: " ").first.flatMap { Int64($0) }
        }
        return nil
    }

    /// nil for `max`.
    private static func number(_ text: String) -> Int64? { Int64(text.trimmed.prefix { $0 != "\n" }) }

    private static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
