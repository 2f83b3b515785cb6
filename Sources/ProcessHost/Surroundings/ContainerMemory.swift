import Glibc

/// How much memory the container may use, uses, and was refused, as its own cgroup tells (version 1 and 2). What cannot
/// be read is nil.
package struct ContainerMemory: Sendable, Equatable {
    /// Bytes; the lowest limit on the way up, as far as it is visible. nil also where there is none.
    package var limit: Int?
    /// Bytes that the kernel cannot simply take back: use without inactive page cache, as `kubectl top` counts it.
    package var used: Int?
    /// The most bytes ever in use, page cache included.
    package var peak: Int?
    /// Processes killed for want of memory, in our group and below.
    package var outOfMemoryKills: Int?
    /// Whether an out-of-memory kill takes the whole container (`memory.oom.group`, set by Kubernetes 1.28 and later);
    /// nil on version 1, which does not know it.
    package var diesTogether: Bool?

    package init(
        limit: Int? = nil, used: Int? = nil, peak: Int? = nil, outOfMemoryKills: Int? = nil, diesTogether: Bool? = nil
    ) {
        self.limit = limit
        self.used = used
        self.peak = peak
        self.outOfMemoryKills = outOfMemoryKills
        self.diesTogether = diesTogether
    }

    /// The texts of version 2's files; the limits of our group and of each above it.
    package init(
        limits: [String], current: String?, stat: String?, peak: String?, events: String?, oomGroup: String?
    ) {
        limit = limits.compactMap(Self.number).min()
        used = Self.number(current).map { max(0, $0 - (Self.value(of: "inactive_file", in: stat) ?? 0)) }
        self.peak = Self.number(peak)
        outOfMemoryKills = Self.value(of: "oom_kill", in: events)
        diesTogether = Self.number(oomGroup).map { $0 == 1 }
    }

    /// The texts of version 1's files; `oomControls` of our group and of each below it, since each counts for itself.
    package init(usage: String?, stat: String?, peak: String?, oomControls: [String]) {
        // No limit is a number near 2^63, rounded to pages.
        limit = Self.value(of: "hierarchical_memory_limit", in: stat).flatMap { $0 < 1 << 60 ? $0 : nil }
        used = Self.number(usage).map { max(0, $0 - (Self.value(of: "total_inactive_file", in: stat) ?? 0)) }
        self.peak = Self.number(peak)
        let kills = oomControls.compactMap { Self.value(of: "oom_kill", in: $0) }
        outOfMemoryKills = kills.isEmpty ? nil : kills.reduce(0, +)
    }

    private static func number(_ text: String?) -> Int? {
        text.flatMap { Int($0.filter { !$0.isWhitespace }) }
    }

    private static func value(of key: String, in text: String?) -> Int? {
        text.flatMap { ControlGroup.value(of: key, in: $0) }
    }
}

/// Where ``ContainerMemory`` is read: found once, since a supervisor moves itself into a group of its own later.
package struct ContainerMemoryFiles: Sendable {
    private let hierarchy: ControlGroupHierarchy?

    /// Looks for the memory controller of our own group.
    package init() {
        let all = ControlGroupHierarchy.ofThisProcess()
        hierarchy =
            (all.first { $0.controllers.contains("memory") } ?? all.first { $0.version == .two }).map {
                LifeFolder.own($0)
            }
    }

    /// Reads a handful of small files; a millisecond at most.
    package func read() -> ContainerMemory {
        guard let hierarchy else { return ContainerMemory() }
        let own = hierarchy.folder
        func text(_ name: String) -> String? { SmallFile.read("\(own)/\(name)") }
        switch hierarchy.version {
        case .two:
            var limits: [String] = []
            var folder = own
            while folder.count >= hierarchy.mountPoint.count {
                if let limit = SmallFile.read("\(folder)/memory.max") { limits.append(limit) }
                guard let slash = folder.lastIndex(of: "/") else { break }
                folder = String(folder[..<slash])
            }
            return ContainerMemory(
                limits: limits, current: text("memory.current"), stat: text("memory.stat"), peak: text("memory.peak"),
                events: text("memory.events"), oomGroup: text("memory.oom.group"))
        case .one:
            return ContainerMemory(
                usage: text("memory.usage_in_bytes"), stat: text("memory.stat"),
                peak: text("memory.max_usage_in_bytes"),
                oomControls: ControlGroup.folders(below: own).compactMap { SmallFile.read("\($0)/memory.oom_control") })
        }
    }
}
