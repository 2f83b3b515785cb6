import CLinux
import Glibc

/// Which processes have which files open or mapped, as /proc tells.
package enum OpenFiles {
    /// What tells a file from all others, for as long as it is open.
    package struct Key: Hashable {
        var device: UInt64
        var inode: UInt64

        package init(_ status: FileStatus) {
            device = status.device
            inode = status.inode
        }

        init(major: UInt64, minor: UInt64, inode: UInt64) {
            device = major << 32 | minor
            self.inode = inode
        }
    }

    struct Use {
        var files: Set<Key> = []
        /// Inodes of the sockets themselves, which are not those of their names.
        var sockets: Set<UInt64> = []
        /// False if the process may not be looked into. A process that has ended uses nothing.
        var isComplete = true
    }

    /// Which of these files some living process has in use, ourselves left out.
    ///
    /// - Returns: nil if a process may not be looked into, or hidden from us (`hidepid`): it could have any of them.
    package static func used(of files: Set<Key>) -> Set<Key>? {
        guard let mounts = SmallFile.read("/proc/self/mountinfo"), !hidesProcesses(mounts),
            let processes = OpenFolder("/proc")
        else { return nil }
        var found: Set<Key> = []
        var isComplete = true
        var sawOurselves = false
        processes.forEach { entry in
            guard let pid = ProcessID(entry.name) else { return true }
            if pid == getpid() {
                sawOurselves = true
                return true
            }
            let use = use(by: pid, of: files)
            found.formUnion(use.files)
            isComplete = use.isComplete
            return isComplete
        }
        // A /proc of another PID namespace does not show us.
        return isComplete && sawOurselves ? found : nil
    }

    /// Whether a text of /proc/self/mountinfo says that /proc does not show other users' processes.
    static func hidesProcesses(_ mounts: String) -> Bool {
        mounts.split(separator: "\n").contains { line in
            let fields = line.split(separator: " ")
            guard fields.count > 5, fields[4] == "/proc", let options = fields.last?.split(separator: ",") else {
                return false
            }
            return options.contains { $0.hasPrefix("hidepid=") && $0 != "hidepid=0" && $0 != "hidepid=off" }
        }
    }

    /// What one process has in use: which of these files, and which sockets.
    static func use(by pid: ProcessID, of files: Set<Key>) -> Use {
        let use = look(into: pid, files)
        guard !use.isComplete, let owner = owner(of: pid) else { return use }
        return FileIdentity.assume(user: owner.user, group: owner.group) { look(into: pid, files) }
    }

    private static func look(into pid: ProcessID, _ files: Set<Key>) -> Use {
        var use = Use()
        guard let descriptors = OpenFolder("/proc/\(pid)/fd") else {
            use.isComplete = errno == ENOENT || errno == ESRCH
            return use
        }
        descriptors.forEach { entry in
            guard let status = FileStatus(of: entry.name, in: descriptors.descriptor, follow: true) else {
                if errno == EACCES || errno == EPERM { use.isComplete = false }
                return true
            }
            let key = Key(status)
            if status.isSocket {
                use.sockets.insert(status.inode)
            } else if files.contains(key) {
                use.files.insert(key)
            }
            return true
        }
        // A listing that was refused is empty, like that of a process that has nothing open.
        let isRead = ProcLines.forEach("/proc/\(pid)/maps") { line in
            if let key = mapping(line), files.contains(key) { use.files.insert(key) }
        }
        if !isRead, errno != ENOENT, errno != ESRCH { use.isComplete = false }
        return use
    }

    /// The file of a line of /proc/PID/maps: `START-END FLAGS OFFSET MAJOR:MINOR INODE NAME`, device in hexadecimal.
    static func mapping(_ line: some Sequence<UInt8>) -> Key? {
        var field = 0
        var (major, minor, inode) = (UInt64(0), UInt64(0), UInt64(0))
        var isMinor = false
        for byte in line {
            if byte == UInt8(ascii: " ") {
                field += 1
                if field == 5 { break }
            } else if field == 3 {
                if byte == UInt8(ascii: ":") {
                    isMinor = true
                } else {
                    guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
                    if isMinor { minor = minor << 4 | UInt64(digit) } else { major = major << 4 | UInt64(digit) }
                }
            } else if field == 4 {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                inode = inode &* 10 &+ UInt64(byte - UInt8(ascii: "0"))
            }
        }
        return field >= 4 && inode != 0 ? Key(major: major, minor: minor, inode: inode) : nil
    }

    private static func owner(of pid: ProcessID) -> (user: UInt32, group: UInt32)? {
        guard let text = SmallFile.read("/proc/\(pid)/status") else { return nil }
        func last(_ key: String) -> UInt32? {
            text.split(separator: "\n").first { $0.hasPrefix(key) }
                .flatMap { $0.split(whereSeparator: \.isWhitespace).last }.flatMap { UInt32($0) }
        }
        guard let user = last("Uid:"), let group = last("Gid:") else { return nil }
        return (user, group)
    }
}

/// Files of /proc that can be longer than one likes to hold.
enum ProcLines {
    /// - Returns: false with errno if it could not be read to its end.
    static func forEach(_ path: String, _ body: (ArraySlice<UInt8>) -> Void) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var kept: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 32768)
        while true {
            let length = read(descriptor, &chunk, chunk.count)
            if length < 0, errno == EINTR { continue }
            guard length >= 0 else { return false }
            if length == 0 { break }
            kept += chunk[..<length]
            var start = 0
            while let end = kept[start...].firstIndex(of: UInt8(ascii: "\n")) {
                body(kept[start..<end])
                start = end + 1
            }
            kept.removeFirst(start)
        }
        if !kept.isEmpty { body(kept[...]) }
        return true
    }
}

/// The names that Unix sockets of living processes are bound to (/proc/net/unix).
struct BoundSockets {
    /// Path by the socket's own inode.
    private(set) var paths: [UInt64: String] = [:]
    /// Last parts of all paths: they are written as they were given, so also relative ones.
    private(set) var names: Set<String> = []

    /// - Returns: nil if it cannot be read.
    init?() {
        var lines: [String] = []
        guard ProcLines.forEach("/proc/net/unix", { lines.append(String(decoding: $0, as: UTF8.self)) }) else {
            return nil
        }
        self.init(lines: lines.dropFirst())
    }

    /// `NUM: REFERENCES PROTOCOL FLAGS TYPE STATE INODE [PATH]`
    init(lines: some Sequence<String>) {
        for line in lines {
            let fields = line.split(separator: " ", maxSplits: 7)
            guard fields.count == 8, let inode = UInt64(fields[6]) else { continue }
            paths[inode] = String(fields[7])
            if let name = fields[7].split(separator: "/").last { names.insert(String(name)) }
        }
    }
}
