import Glibc

/// Who descends from whom, as /proc tells.
package enum ProcessTree {
    /// Whether `pid` is `ancestor` or hangs below it now.
    ///
    /// A process that has ended, or whose parent has and was adopted, is not found: ask while it is alive.
    package static func isBelow(_ pid: ProcessID, _ ancestor: ProcessID) -> Bool {
        var pid = pid
        // Deeper than this nobody nests; a number that is reused while we climb cannot make a circle of it.
        for _ in 0..<64 {
            if pid == ancestor { return true }
            guard pid > 1, let parent = parent(of: pid) else { return false }
            pid = parent
        }
        return false
    }

    private static func parent(of pid: ProcessID) -> ProcessID? {
        // The name is in brackets and may hold brackets itself: the last one ends it.
        guard let text = SmallFile.read("/proc/\(pid)/stat"), let bracket = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: bracket)...].split(separator: " ")
        return fields.count > 1 ? ProcessID(fields[1]) : nil
    }
}
