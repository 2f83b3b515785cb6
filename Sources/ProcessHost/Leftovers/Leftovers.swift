import CLinux
import Glibc
import Readable

/// What dead processes left in shared memory and among temporary files: a killed vLLM leaves 400 MB in `/dev/shm`,
/// which in Docker holds 64 MB by default, and sockets in `/tmp`.
///
/// Removed is a file of `/dev/shm` (or a socket of `/tmp`) that belongs to the service's user, and was not there before
/// the service was started or was written down as used by it, and that nobody uses any more. Other files of `/tmp` are
/// left alone: they may lie there closed and still be wanted.
package struct Leftovers: Sendable {
    private let sharedMemory: String
    private let temporary: [String]
    private let usesLeases: Bool

    /// More than this is not looked at in one call, so that the loop of PID 1 goes on.
    private static let most = 4096

    /// - Parameter usesLeases: false asks /proc alone, as where the kernel or a sandbox knows no leases.
    package init(sharedMemory: String = "/dev/shm", temporary: [String] = ["/tmp"], usesLeases: Bool = true) {
        self.sharedMemory = sharedMemory
        self.usesLeases = usesLeases
        self.temporary = temporary
    }

    /// What was there before a service was started. By inode and not by time: clocks are set, and not every file system
    /// keeps a file's birth.
    package struct Before: Sendable {
        /// Folder by folder; one with too many entries is not here, and nothing in it is taken for new.
        fileprivate var inodes: [String: Set<UInt64>] = [:]
    }

    /// One listing of each folder.
    package func before() -> Before {
        var before = Before()
        for place in places {
            var inodes: Set<UInt64> = []
            guard let folder = OpenFolder(following: place.path) else { continue }
            var isWhole = true
            folder.forEach { entry in
                if place.mayHold(entry) { inodes.insert(entry.inode) }
                isWhole = inodes.count <= Self.most
                return isWhole
            }
            if isWhole { before.inodes[place.path] = inodes }
        }
        return before
    }

    /// What these processes have open, mapped or bound, to be written down once a service is ready.
    package func openBy(_ tree: [ProcessID]) -> [LeftFile] {
        var found: [LeftFile] = []
        var files: [OpenFiles.Key: LeftFile] = [:]
        var sockets: [String: LeftFile] = [:]
        for place in places {
            for (name, status, _) in candidates(in: place, all: true) {
                let file = LeftFile(folder: place.path, name: name, status: status)
                if place.holdsSockets {
                    sockets["\(place.path)/\(name)"] = file
                } else {
                    files[OpenFiles.Key(status)] = file
                }
            }
        }
        guard !files.isEmpty || !sockets.isEmpty else { return [] }
        var use = OpenFiles.Use()
        for pid in tree {
            let more = OpenFiles.use(by: pid, of: Set(files.keys))
            use.files.formUnion(more.files)
            use.sockets.formUnion(more.sockets)
        }
        found += use.files.compactMap { files[$0] }
        if !sockets.isEmpty, !use.sockets.isEmpty, let bound = BoundSockets() {
            found += use.sockets.compactMap { bound.paths[$0] }.compactMap { sockets[$0] }
        }
        return found.sorted { ($0.folder, $0.name) < ($1.folder, $1.name) }
    }

    /// Removes what a tree left that has ended as a whole.
    ///
    /// - Parameters:
    ///   - owner: the service's user.
    ///   - before: taken before the service was started; nil removes only what is recorded.
    ///   - recorded: what the tree, or one of a former life, had in use.
    package func remove(owner: UInt32, since before: Before?, recorded: [LeftFile]) -> Removal {
        var removal = Removal()
        for place in places {
            guard let folder = OpenFolder(following: place.path) else { continue }
            let records = Dictionary(
                recorded.filter { $0.folder == place.path }.map { ($0.inode, $0) }, uniquingKeysWith: { $1 })
            let candidates = candidates(in: place, all: !records.isEmpty, known: before?.inodes[place.path])
                .filter { _, status, isNew in
                    isNew && status.owner == owner || records[status.inode]?.isSame(as: status) == true
                }
            guard !candidates.isEmpty else { continue }
            if place.holdsSockets {
                removeSockets(candidates, in: folder, &removal)
            } else {
                removeFiles(candidates, in: folder, &removal)
            }
        }
        return removal
    }

    // MARK: Shared memory

    private func removeFiles(_ files: [Candidate], in folder: OpenFolder, _ removal: inout Removal) {
        var undecided: [Candidate] = []
        for file in files {
            FileIdentity.assume(user: file.status.owner) {
                let descriptor = openat(folder.descriptor, file.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
                guard descriptor >= 0 else {
                    if errno != ENOENT { undecided.append(file) }
                    return
                }
                // Closed only when the name is gone: until then nobody else can begin to use the file.
                defer { close(descriptor) }
                guard FileStatus(of: "", in: descriptor)?.isSameFile(as: file.status) == true else { return }
                switch usesLeases ? cox_claim_file(descriptor) : -1 {
                case 1: unlink(file, in: folder, &removal)
                case 0: removal.keep(.inUse)
                default: undecided.append(file)
                }
            }
        }
        guard !undecided.isEmpty else { return }
        // Where the kernel does not tell by a lease, all of /proc does.
        let used = OpenFiles.used(of: Set(undecided.map { OpenFiles.Key($0.status) }))
        for file in undecided {
            guard let used else {
                removal.keep(.unknown)
                continue
            }
            if used.contains(OpenFiles.Key(file.status)) {
                removal.keep(.inUse)
            } else {
                FileIdentity.assume(user: file.status.owner) { unlink(file, in: folder, &removal) }
            }
        }
    }

    // MARK: Sockets

    private func removeSockets(_ files: [Candidate], in folder: OpenFolder, _ removal: inout Removal) {
        guard let bound = BoundSockets() else {
            for _ in files { removal.keep(.unknown) }
            return
        }
        for file in files {
            // Also without connecting: a server that is alive is not to be bothered, nor one that does not listen yet.
            if bound.names.contains(file.name) {
                removal.keep(.inUse)
                continue
            }
            FileIdentity.assume(user: file.status.owner) {
                let descriptor = cox_point_at(folder.descriptor, file.name)
                guard descriptor >= 0 else { return }
                defer { close(descriptor) }
                guard FileStatus(of: "", in: descriptor)?.isSameFile(as: file.status) == true else { return }
                // A server in another network namespace is not listed, and still answers.
                if cox_socket_refuses(descriptor) == 1 {
                    unlink(file, in: folder, &removal)
                } else {
                    removal.keep(.inUse)
                }
            }
        }
    }

    // MARK: Both

    private func unlink(_ file: Candidate, in folder: OpenFolder, _ removal: inout Removal) {
        // The name may be another file's by now.
        guard let now = folder.status(of: file.name), now.isSameFile(as: file.status), now.owner == file.status.owner
        else {
            return
        }
        guard cox_remove_file_at(folder.descriptor, file.name) == 0 else {
            if errno != ENOENT { removal.keep(.refused(errno)) }
            return
        }
        if now.isSocket { removal.sockets += 1 } else { removal.files += 1 }
        if now.links <= 1 { removal.bytes += Int(clamping: now.allocated) }
    }

    private typealias Candidate = (name: String, status: FileStatus, isNew: Bool)

    /// Files of a folder that are not among the known ones (nil: that cannot be said of any), or `all` of them.
    ///
    /// What is new is told by the listing alone: overlay file systems may give a file another inode there than
    /// otherwise.
    private func candidates(in place: Place, all: Bool, known: Set<UInt64>? = nil) -> [Candidate] {
        guard let folder = OpenFolder(following: place.path) else { return [] }
        var found: [Candidate] = []
        folder.forEach { entry in
            let isNew = known.map { !$0.contains(entry.inode) } ?? false
            guard place.mayHold(entry), all || isNew, let status = folder.status(of: entry.name),
                place.holdsSockets ? status.isSocket : status.isRegular
            else { return true }
            found.append((entry.name, status, isNew))
            return found.count < Self.most
        }
        return found
    }

    private struct Place {
        var path: String
        var holdsSockets: Bool

        func mayHold(_ entry: OpenFolder.Entry) -> Bool {
            entry.type == Int(DT_UNKNOWN) || entry.type == Int(holdsSockets ? DT_SOCK : DT_REG)
        }
    }

    private var places: [Place] {
        [Place(path: sharedMemory, holdsSockets: false)] + temporary.map { Place(path: $0, holdsSockets: true) }
    }
}

extension Leftovers {
    /// What was removed and what was not: numbers only, since names can tell what was being read.
    package struct Removal: Sendable, Equatable {
        package var files = 0
        package var sockets = 0
        /// Bytes of shared memory that are free again.
        package var bytes = 0
        package var kept: [Reason: Int] = [:]

        package enum Reason: Sendable, Hashable, CustomStringConvertible {
            case inUse
            /// Neither a lease nor /proc could tell whether it is in use.
            case unknown
            /// errno.
            case refused(CInt)

            package var description: String {
                switch self {
                case .inUse: "in use"
                case .unknown: "perhaps in use by a process that may not be looked into"
                case .refused(let code): String(cString: strerror(code))
                }
            }
        }

        package init() {}

        mutating func keep(_ reason: Reason) { kept[reason, default: 0] += 1 }

        /// For example `2 files of shared memory (420 MiB) and 3 sockets removed; 1 kept: Operation not permitted`; nil if
        /// there is nothing to say. What somebody uses was not left: it is another service's.
        package var summary: String? {
            var removed: [String] = []
            if files > 0 {
                removed.append("\(files) \(files == 1 ? "file" : "files") of shared memory (\(ByteCount.text(bytes)))")
            }
            if sockets > 0 { removed.append("\(sockets) \(sockets == 1 ? "socket" : "sockets")") }
            let reasons = kept.filter { $0.key != .inUse }.map { "\($1) kept: \($0)" }.sorted()
            let parts = (removed.isEmpty ? [] : [removed.joined(separator: " and ") + " removed"]) + reasons
            return parts.isEmpty ? nil : parts.joined(separator: "; ")
        }
    }
}
