import CLinux
import Glibc

/// The control group of one instance of a service: who is in it, and whom the kernel killed there for want of memory.
///
/// A group in each hierarchy that can be had, all with the same members. A process gets in by writing `0` into each of
/// ``joinFiles``, and all that it starts is born there. Nobody gets out, but for a process with write access to
/// cgroupfs.
package final class ControlGroup {
    package let service: String
    private let branches: [Branch]
    private(set) var wasKilled = false

    /// The group's place in one hierarchy.
    package struct Branch: Sendable {
        package enum Kind: Sendable { case two(countsMemory: Bool), memory, freezer }

        package var kind: Kind
        package var folder: String
        /// As /proc/PID/cgroup names it.
        package var path: String

        package init(kind: Kind, folder: String, path: String) {
            self.kind = kind
            self.folder = folder
            self.path = path
        }

        /// Which line of /proc/PID/cgroup is about it: nil for version 2, whose line names none.
        package var controller: String? {
            switch kind {
            case .two: nil
            case .memory: "memory"
            case .freezer: "freezer"
            }
        }
    }

    package init(service: String, branches: [Branch]) {
        self.service = service
        self.branches = branches
    }

    /// The files that a process writes `0` into, each in a write(2) of its own, to get in: between fork and exec, and
    /// before it gives up being root.
    package var joinFiles: [String] { branches.map { "\($0.folder)/cgroup.procs" } }

    /// Whether it can be joined in every hierarchy.
    var isThere: Bool { joinFiles.allSatisfy { access($0, W_OK) == 0 } }

    /// All members, also those of groups that they made below; sorted. Processes of other PID namespaces have no number
    /// here and are left out.
    package func processes() -> [ProcessID] {
        Set(branches.flatMap { Self.members(of: $0.folder) }).filter { $0 > 0 }.sorted()
    }

    /// Whether nobody is left, zombies not counted.
    package var isEmpty: Bool {
        branches.allSatisfy { branch in
            if case .two = branch.kind, let events = SmallFile.read("\(branch.folder)/cgroup.events") {
                return Self.value(of: "populated", in: events) == 0
            }
            return Self.members(of: branch.folder).isEmpty
        }
    }

    /// Whether a living process is in the group or in one below it.
    package func contains(_ pid: ProcessID) -> Bool {
        SmallFile.read("/proc/\(pid)/cgroup").map { Self.contains($0, branches) } ?? false
    }

    /// Sends SIGKILL to all members, also to those that are born meanwhile. They are gone a moment later: ask
    /// ``isEmpty``, and call again where it stays false. Never blocks for longer than some milliseconds.
    package func kill() {
        wasKilled = true
        for branch in branches {
            // Linux 5.14 and later: whoever forks meanwhile is killed too.
            if case .two = branch.kind, Self.write("1", to: "\(branch.folder)/cgroup.kill") == 0 { return }
        }
        freeze(true)
        // Without a freezer a tree that forks all the time can be faster than one pass, and hardly faster than many.
        var signalled: Set<ProcessID> = []
        for _ in 0..<50 {
            let members = processes().filter { $0 != getpid() }
            for pid in members { killMember(pid) }
            if signalled.isSuperset(of: members) { break }
            signalled.formUnion(members)
        }
        // A frozen process of version 1 dies once it is thawed.
        freeze(false)
    }

    /// How many processes of the group were killed for want of memory, groups below included; nil where nobody counts.
    package func outOfMemoryKills() -> Int? {
        for branch in branches {
            switch branch.kind {
            case .two(countsMemory: true):
                if let text = SmallFile.read("\(branch.folder)/memory.events") {
                    return Self.outOfMemoryKills(two: text)
                }
            case .memory:
                // Version 1 counts in the victim's own group only.
                let counts = Self.folders(below: branch.folder).compactMap { folder in
                    SmallFile.read("\(folder)/memory.oom_control").flatMap(Self.outOfMemoryKills(one:))
                }
                if !counts.isEmpty { return counts.reduce(0, +) }
            default: break
            }
        }
        return nil
    }

    /// The file that says how many bytes the group uses, groups below included; nil where nobody counts.
    package var memoryFile: String? {
        for branch in branches {
            switch branch.kind {
            case .two(countsMemory: true): return "\(branch.folder)/memory.current"
            case .memory: return "\(branch.folder)/memory.usage_in_bytes"
            default: break
            }
        }
        return nil
    }

    /// Removes the group and all below it.
    ///
    /// - Throws: EBUSY while somebody is in it.
    package func remove() throws(SystemError) {
        // First: who has joined one hierarchy may be about to join the next.
        guard isEmpty else { throw SystemError("remove the control group of \(service)", code: EBUSY) }
        var failure: SystemError?
        for branch in branches {
            for folder in Self.folders(below: branch.folder).reversed() where rmdir(folder) != 0 && errno != ENOENT {
                failure = SystemError("remove the control group \(folder)")
            }
        }
        if let failure { throw failure }
    }

    // MARK: Parsing

    /// memory.events of version 2: `oom_kill` counts each process, also those that died with their group.
    package static func outOfMemoryKills(two text: String) -> Int? { value(of: "oom_kill", in: text) }

    /// memory.oom_control of version 1; `oom_kill` is there since Linux 4.13.
    package static func outOfMemoryKills(one text: String) -> Int? { value(of: "oom_kill", in: text) }

    /// Whether a text of /proc/PID/cgroup says that the process is in one of these groups or below.
    package static func contains(_ text: String, _ branches: [Branch]) -> Bool {
        text.split(separator: "\n").contains { line in
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return false }
            let controllers = parts[1].split(separator: ",").map(String.init)
            return branches.contains { branch in
                guard branch.controller.map(controllers.contains) ?? (parts[0] == "0") else { return false }
                return parts[2] == branch.path || parts[2].hasPrefix(branch.path + "/")
            }
        }
    }

    /// The number behind a word at the start of a line.
    package static func value(of key: String, in text: String) -> Int? {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == key { return Int(words[1]) }
        }
        return nil
    }

    // MARK: Files of cgroupfs

    /// A group's folder and all below it, parents before children.
    package static func folders(below folder: String) -> [String] {
        var found = [folder]
        var next = 0
        while next < found.count {
            let parent = found[next]
            next += 1
            OpenFolder(parent)?.forEach { entry in
                if entry.type == Int(DT_DIR) { found.append("\(parent)/\(entry.name)") }
                return true
            }
        }
        return found
    }

    /// Members of a group and, if `deep`, of those below; 0 stands for a process of another PID namespace.
    package static func members(of folder: String, deep: Bool = true) -> [ProcessID] {
        (deep ? folders(below: folder) : [folder]).flatMap { members(listedIn: "\($0)/cgroup.procs") }
    }

    /// - Parameter file: a `cgroup.procs`.
    package static func members(listedIn file: String) -> [ProcessID] {
        (SmallFile.read(file) ?? "").split(separator: "\n").compactMap { ProcessID($0) }
    }

    /// Writes into an existing file of cgroupfs; returns 0 or errno.
    package static func write(_ text: String, to path: String) -> CInt {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        return Glibc.write(descriptor, text, text.utf8.count) >= 0 ? 0 : errno
    }

    private func killMember(_ pid: ProcessID) {
        // The number may be another process's by now: the handle is taken first, then the membership is looked at.
        let handle = cox_process_handle(pid)
        let hasHandles = handle >= 0 || errno != ENOSYS
        defer { if handle >= 0 { close(handle) } }
        guard contains(pid) else { return }
        if handle >= 0 {
            _ = cox_process_handle_kill(handle)
        } else if !hasHandles {
            // Before Linux 5.3.
            Glibc.kill(pid, SIGKILL)
        }
    }

    private func freeze(_ frozen: Bool) {
        for branch in branches {
            switch branch.kind {
            case .two: _ = Self.write(frozen ? "1" : "0", to: "\(branch.folder)/cgroup.freeze")
            case .freezer: _ = Self.write(frozen ? "FROZEN" : "THAWED", to: "\(branch.folder)/freezer.state")
            case .memory: break
            }
        }
    }
}
