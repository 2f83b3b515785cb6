import Glibc

/// The memory controller of version 2 for the groups of a life.
///
/// A controller must be handed down level by level (`cgroup.subtree_control`), which a group other than the hierarchy's
/// root can only do while no process is in it itself (cgroups(7), "no internal processes"). So we move ourselves into a
/// leaf first, if nobody else is in our group: others would have to be moved too, and they are not ours.
enum MemoryController {
    /// The leaf's name below the life's folder.
    static let leaf = "self"

    /// - Returns: whether we moved into the leaf.
    static func enable(own: String, life: String) -> Result<Bool, ControlGroupRefusal> {
        guard has(own, "cgroup.controllers") else {
            return .failure(
                ControlGroupRefusal(text: "the memory controller is not handed down to \(own) (cgroup.controllers)"))
        }
        var moved = false
        if !has(own, "cgroup.subtree_control") {
            // The root of the whole hierarchy has no type, and may hold processes.
            if SmallFile.read("\(own)/cgroup.type") != nil {
                let members = ControlGroup.members(of: own, deep: false)
                guard members == [getpid()] else {
                    return .failure(
                        ControlGroupRefusal(
                            text: "\(members.count - 1) other processes are in \(own), where we should be alone"))
                }
                guard mkdir("\(life)/\(leaf)", 0o755) == 0 else {
                    return .failure(ControlGroupRefusal(text: "\(SystemError("make the group \(life)/\(leaf)"))"))
                }
                let error = ControlGroup.write("0", to: "\(life)/\(leaf)/cgroup.procs")
                guard error == 0 else {
                    rmdir("\(life)/\(leaf)")
                    return .failure(
                        ControlGroupRefusal(text: "\(SystemError("move into \(life)/\(leaf)", code: error))"))
                }
                moved = true
            }
            let error = ControlGroup.write("+memory", to: "\(own)/cgroup.subtree_control")
            guard error == 0 else {
                if moved { moveBack(own: own, life: life) }
                return .failure(
                    ControlGroupRefusal(
                        text: "\(SystemError("write +memory to \(own)/cgroup.subtree_control", code: error))"))
            }
        }
        let error = ControlGroup.write("+memory", to: "\(life)/cgroup.subtree_control")
        guard error == 0 else {
            if moved { disable(own: own, life: life) }
            return .failure(
                ControlGroupRefusal(
                    text: "\(SystemError("write +memory to \(life)/cgroup.subtree_control", code: error))"))
        }
        return .success(moved)
    }

    /// Undoes ``enable(own:life:)`` where we moved.
    static func disable(own: String, life: String) {
        _ = ControlGroup.write("-memory", to: "\(life)/cgroup.subtree_control")
        _ = ControlGroup.write("-memory", to: "\(own)/cgroup.subtree_control")
        moveBack(own: own, life: life)
    }

    private static func moveBack(own: String, life: String) {
        _ = ControlGroup.write("0", to: "\(own)/cgroup.procs")
        rmdir("\(life)/\(leaf)")
    }

    private static func has(_ folder: String, _ file: String) -> Bool {
        SmallFile.read("\(folder)/\(file)")?.split(whereSeparator: \.isWhitespace).contains("memory") ?? false
    }
}
