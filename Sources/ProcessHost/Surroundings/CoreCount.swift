import CLinux

/// How many cores this container really has.
package enum CoreCount {
    /// The smaller of the CPU affinity and the cgroup's quota (v2 `cpu.max`, v1 `cpu.cfs_quota_us`), at least 1.
    package static func available() -> Int {
        let allowed = max(1, Int(cox_affinity_count()))
        return max(1, min(allowed, quota() ?? allowed))
    }

    private static func quota() -> Int? {
        if let text = SmallFile.read("/sys/fs/cgroup/cpu.max") {
            return cores(fromMax: text)
        }
        guard let quota = SmallFile.read("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
            let period = SmallFile.read("/sys/fs/cgroup/cpu/cpu.cfs_period_us")
        else { return nil }
        return cores(fromMax: "\(quota.filter { !$0.isWhitespace }) \(period)")
    }

    /// Reads `QUOTA PERIOD` in microseconds, where `max` or -1 is no limit; rounded up.
    package static func cores(fromMax text: String) -> Int? {
        let parts = text.split(whereSeparator: \.isWhitespace).map { Double($0) }
        guard parts.count == 2, let quota = parts[0], let period = parts[1], quota > 0, period > 0 else { return nil }
        return max(1, Int((quota / period).rounded(.up)))
    }
}
