import CLinux
import Glibc

/// Why something of cgroups cannot be had.
struct ControlGroupRefusal: Error {
    var text: String
}

/// The folder of one life of a supervisor in one hierarchy, below our own group.
enum LifeFolder {
    static let prefix = "coxswain-"

    /// Our own group, also for a process that its former image, or a parent that is a coxswain too, has put into its
    /// leaf.
    static func own(_ hierarchy: ControlGroupHierarchy) -> ControlGroupHierarchy {
        var own = hierarchy
        let parts = hierarchy.path.split(separator: "/")
        guard parts.count >= 2, parts[parts.count - 1] == MemoryController.leaf, isLife(parts[parts.count - 2]) else {
            return own
        }
        own.path = "/" + parts.dropLast(2).joined(separator: "/")
        // Only where the mount shows these folders too.
        let suffix = "/\(parts[parts.count - 2])/\(MemoryController.leaf)"
        guard own.folder.hasSuffix(suffix), own.folder.count - suffix.count >= own.mountPoint.count else {
            return hierarchy
        }
        own.folder = String(own.folder.dropLast(suffix.count))
        return own
    }

    /// Removes what dead lives left, then makes and locks a folder.
    static func make(
        in hierarchy: ControlGroupHierarchy
    ) -> Result<(name: String, path: String, lock: OpenFolder), ControlGroupRefusal> {
        let own = hierarchy.folder
        if hierarchy.isReadOnly {
            return .failure(ControlGroupRefusal(text: "\(hierarchy.mountPoint) is mounted read-only"))
        }
        removeDeadLives(in: hierarchy)

        // More than one turn only if another supervisor takes our folder for a dead one's before we have locked it.
        for _ in 0..<8 {
            let name = prefix + hexadecimal(UInt64.random(in: .min ... .max))
            let path = "\(own)/\(name)"
            guard mkdir(path, 0o755) == 0 else {
                return .failure(ControlGroupRefusal(text: "\(SystemError("make a group in \(own)"))"))
            }
            // A group in a threaded tree cannot hold processes.
            if let type = SmallFile.read("\(path)/cgroup.type"), !type.hasPrefix("domain\n") {
                rmdir(path)
                return .failure(ControlGroupRefusal(text: "\(own) is part of a threaded tree (cgroup.type)"))
            }
            if let lock = OpenFolder(path), cox_lock_file(lock.descriptor) == 0,
                let held = lock.status, let there = FileStatus(of: path), held.isSameFile(as: there)
            {
                return .success((name, path, lock))
            }
            rmdir(path)
        }
        return .failure(ControlGroupRefusal(text: "groups in \(own) cannot be locked"))
    }

    /// Kills all below a life's folder and removes it all, waiting for at most a second.
    ///
    /// - Parameters:
    ///   - path: the folder as /proc/PID/cgroup names it.
    ///   - spared: the name of one group that stays.
    static func clear(
        _ folder: String, path: String, kind: ControlGroup.Branch.Kind, sparing spared: String? = nil
    ) {
        var names: [String] = []
        OpenFolder(folder)?.forEach { entry in
            if entry.type == Int(DT_DIR), entry.name != spared { names.append(entry.name) }
            return true
        }
        let groups = names.map { name in
            ControlGroup(
                service: name,
                branches: [ControlGroup.Branch(kind: kind, folder: "\(folder)/\(name)", path: "\(path)/\(name)")])
        }
        for turn in 0..<200 {
            let busy = groups.filter { !$0.isEmpty }
            if busy.isEmpty { break }
            if turn % 10 == 0 { for group in busy { group.kill() } }
            usleep(5000)
        }
        for group in groups { try? group.remove() }
    }

    static func isLife(_ name: Substring) -> Bool {
        let digits = name.dropFirst(prefix.count)
        return name.hasPrefix(prefix) && digits.count == 16 && digits.allSatisfy { $0.isHexDigit && !$0.isUppercase }
    }

    private static func removeDeadLives(in hierarchy: ControlGroupHierarchy) {
        let own = hierarchy.folder
        guard let parent = OpenFolder(own) else { return }
        var names: [String] = []
        parent.forEach { entry in
            if entry.type == Int(DT_DIR), isLife(entry.name[...]) { names.append(entry.name) }
            return true
        }
        for name in names {
            let folder = "\(own)/\(name)"
            // Locked by its owner, if that one lives. What we are in ourselves is no dead life's, whoever made it.
            guard let life = OpenFolder(name, in: parent.descriptor), cox_lock_file(life.descriptor) == 0,
                !ControlGroup.members(of: folder).contains(getpid())
            else { continue }
            // The lock is held until the folder is gone.
            withExtendedLifetime(life) {
                clear(folder, path: joined(hierarchy.path, name), kind: hierarchy.kind)
                _ = rmdir(folder)
            }
        }
    }

    static func joined(_ path: String, _ name: String) -> String {
        path.hasSuffix("/") ? path + name : "\(path)/\(name)"
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension ControlGroupHierarchy {
    /// What its groups are good for; version 2's memory must be handed down first.
    fileprivate var kind: ControlGroup.Branch.Kind {
        version == .two ? .two(countsMemory: false) : controllers.contains("memory") ? .memory : .freezer
    }

    /// Whether our folder there really is the group that we are in: a mount may show another part than we believe.
    var holdsThisProcess: Bool { ControlGroup.members(of: folder, deep: false).contains(getpid()) }
}
