/// A cgroup hierarchy that is mounted here, and the group of ours in it.
package struct ControlGroupHierarchy: Sendable, Equatable {
    package enum Version: Sendable, Equatable { case one, two }

    package var version: Version
    /// Version 1 only: what this hierarchy controls, for example `["memory"]`.
    package var controllers: [String]
    /// Our group as /proc/PID/cgroup names it, for example `/` or `/docker/4f…`.
    package var path: String
    /// Our group's folder, for example `/sys/fs/cgroup/memory`.
    package var folder: String
    /// Where the hierarchy, or the part of it that we see, is mounted.
    package var mountPoint: String
    package var isReadOnly: Bool

    package init(
        version: Version, controllers: [String], path: String, folder: String, mountPoint: String, isReadOnly: Bool
    ) {
        self.version = version
        self.controllers = controllers
        self.path = path
        self.folder = folder
        self.mountPoint = mountPoint
        self.isReadOnly = isReadOnly
    }

    /// Reads /proc/PID/cgroup and /proc/PID/mountinfo (cgroups(7), proc(5)).
    ///
    /// - Returns: each hierarchy in which our own group can be reached. A group outside of what is mounted here is left
    ///   out: a path that begins with `/..` is one above the root of our cgroup namespace.
    package static func all(groups: String, mounts: String) -> [ControlGroupHierarchy] {
        let mounts = mounts.split(separator: "\n").compactMap { Mount(line: String($0)) }
        return groups.split(separator: "\n").compactMap { line in
            // The path may hold colons itself.
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            let controllers = parts[1].split(separator: ",").map(String.init)
            let version: Version = parts[0] == "0" && controllers.isEmpty ? .two : .one
            let path = String(parts[2])
            // The last mount lies on top.
            for mount in mounts.reversed() {
                guard mount.version == version, version == .two || controllers.contains(where: mount.options.contains),
                    let rest = relative(path, to: mount.root)
                else { continue }
                return ControlGroupHierarchy(
                    version: version, controllers: controllers, path: path,
                    folder: rest.isEmpty ? mount.point : "\(mount.point)/\(rest)", mountPoint: mount.point,
                    isReadOnly: mount.isReadOnly)
            }
            return nil
        }
    }

    /// The hierarchies of this process, now.
    package static func ofThisProcess() -> [ControlGroupHierarchy] {
        all(groups: SmallFile.read("/proc/self/cgroup") ?? "", mounts: SmallFile.read("/proc/self/mountinfo") ?? "")
    }

    private static func relative(_ path: String, to root: String) -> String? {
        guard !path.hasPrefix("/.."), path.hasPrefix("/") else { return nil }
        if root == "/" { return String(path.dropFirst()) }
        if path == root { return "" }
        return path.hasPrefix(root + "/") ? String(path.dropFirst(root.count + 1)) : nil
    }

    private struct Mount {
        var version: Version
        var root: String
        var point: String
        var options: [String]
        var isReadOnly: Bool

        init?(line: String) {
            // ID PARENT DEVICE ROOT POINT OPTIONS [TAG…] - TYPE SOURCE SUPER-OPTIONS
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else { return nil }
            switch fields[dash + 1] {
            case "cgroup2": version = .two
            case "cgroup": version = .one
            default: return nil
            }
            root = Self.unescaped(fields[3])
            point = Self.unescaped(fields[4])
            options = fields[dash + 3].split(separator: ",").map(String.init)
            isReadOnly = fields[5].split(separator: ",").contains("ro") || options.contains("ro")
        }

        /// Space, tab, newline and backslash stand there as `\` and three octal digits.
        private static func unescaped(_ text: Substring) -> String {
            var bytes: [UInt8] = []
            var rest = Array(text.utf8)[...]
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "\\"), rest.count >= 3,
                    let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
                {
                    bytes.append(value)
                    rest = rest.dropFirst(3)
                } else {
                    bytes.append(byte)
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
