import Glibc

/// How many cores this process may use.
package enum Processors {
    /// The smaller of the cores that it may run on and of its cgroup's quota, at least 1.
    package static func available() -> Int {
        let allowed =
            contents(of: "/proc/self/status").flatMap(allowed(inStatus:)) ?? sysconf(Int32(_SC_NPROCESSORS_ONLN))
        let quota = contents(of: "/sys/fs/cgroup/cpu.max").flatMap(quota(inCPUMax:))
        return max(min(allowed, quota ?? allowed), 1)
    }

    /// The bits set in `Cpus_allowed` of proc_pid_status(5).
    package static func allowed(inStatus status: String) -> Int? {
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed:") }) else {
            return nil
        }
        let count = line.dropFirst("Cpus_allowed:".count).reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
        return count > 0 ? count : nil
    }

    /// The quota of `cpu.max` (`"max 100000"`, `"150000 100000"`: microseconds of each period) in whole cores,
    /// rounded up: half a core more is worth a thread. Nil without a quota.
    package static func quota(inCPUMax text: String) -> Int? {
        let numbers = text.split { $0.isWhitespace }.map { Int($0) }
        guard numbers.count == 2, let quota = numbers[0], let period = numbers[1], quota > 0, period > 0 else {
            return nil
        }
        return (quota + period - 1) / period
    }

    private static func contents(of path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let count = fread(&buffer, 1, buffer.count, file)
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
