import Glibc

/// A process that hangs below this one and below none of those that we started: an orphan that the kernel gave us, or a
/// descendant of one.
package struct Stray: Sendable, Equatable {
    package var process: ProcessTree.Entry
    /// The value of ``Launch/instanceVariable`` in its environment; nil where it has none, or has overwritten it (a process that
    /// changes its title does), or we may not look (another user's, without CAP_SYS_PTRACE).
    package var mark: String?

    package init(_ process: ProcessTree.Entry, mark: String? = nil) {
        self.process = process
        self.mark = mark
    }

    /// All there are now.
    ///
    /// - Parameter known: our children that are no strays: shims, helpers. What hangs below them is none either.
    package static func all(known: Set<ProcessID>) -> [Stray] {
        var children: [ProcessID: [ProcessTree.Entry]] = [:]
        for entry in ProcessTree.all() { children[entry.parent, default: []].append(entry) }
        var strays: [Stray] = []
        // Each parent's children are taken out as they are visited, so that a number used again cannot make a circle.
        var parents = [getpid()]
        while let parent = parents.popLast() {
            for entry in children.removeValue(forKey: parent) ?? [] where !known.contains(entry.pid) {
                strays.append(Stray(entry, mark: mark(of: entry.pid)))
                parents.append(entry.pid)
            }
        }
        return strays
    }

    private static func mark(of pid: ProcessID) -> String? {
        let start = Launch.instanceVariable + "="
        let variables = (SmallFile.read("/proc/\(pid)/environ") ?? "").split(separator: "\0")
        return variables.first { $0.hasPrefix(start) }.map { String($0.dropFirst(start.count)) }
    }
}
