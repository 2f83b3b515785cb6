import Glibc
import Readable

/// What a container gives its services, checked once at start and reported together: what is too small or refused is
/// said before a service fails of it.
package struct Surroundings: Sendable {
    /// A file system's size, in bytes and files; `Int.max` bytes is one without a limit.
    package struct Space: Sendable, Equatable {
        package var size: Int
        package var free: Int
        /// nil where the file system has no fixed number of them.
        package var freeInodes: Int?

        package init(size: Int, free: Int, freeInodes: Int? = nil) {
            self.size = size
            self.free = free
            self.freeInodes = freeInodes
        }
    }

    /// A folder that is written to.
    package struct Folder: Sendable, Equatable {
        /// What it is for, for example `output`.
        package var role: String
        package var path: String
        package var space: Space?
        /// errno of a file that was made there for a trial; 0 if it worked.
        package var refusal: CInt

        package init(role: String, path: String, space: Space?, refusal: CInt) {
            self.role = role
            self.path = path
            self.space = space
            self.refusal = refusal
        }
    }

    package var sharedMemory: Space?
    package var folders: [Folder]
    package var memoryLimit: Int?
    /// All memory of the machine.
    package var machineMemory: Int?
    package var cores: Int
    /// The soft and the hard limit of open files; `Int.max` is none.
    package var openFiles: (soft: Int, hard: Int)
    /// Why there are none, or what they lack.
    package var controlGroupShortcoming: String?
    /// errno of a trial in /run; 0 if it worked.
    package var runRefusal: CInt
    package var rootIsReadOnly: Bool
    package var user: UInt32

    package init(
        sharedMemory: Space?, folders: [Folder], memoryLimit: Int?, machineMemory: Int?, cores: Int,
        openFiles: (soft: Int, hard: Int), controlGroupShortcoming: String?, runRefusal: CInt, rootIsReadOnly: Bool,
        user: UInt32
    ) {
        self.sharedMemory = sharedMemory
        self.folders = folders
        self.memoryLimit = memoryLimit
        self.machineMemory = machineMemory
        self.cores = cores
        self.openFiles = openFiles
        self.controlGroupShortcoming = controlGroupShortcoming
        self.runRefusal = runRefusal
        self.rootIsReadOnly = rootIsReadOnly
        self.user = user
    }

    /// One line of the report.
    package struct Finding: Sendable, Equatable {
        /// For example `shared-memory`.
        package var name: String
        package var value: String
        /// What is wrong with it and what to do.
        package var warning: String?

        package init(_ name: String, _ value: String, warning: String? = nil) {
            self.name = name
            self.value = value
            self.warning = warning
        }
    }

    /// Below this much shared memory or disk there is a warning. vLLM takes 168 + 252 MB of shared memory for one
    /// model; Docker gives 64.
    package static let least = 1 << 30
    /// Fewer than this many files that can still be made are a warning.
    package static let leastInodes = 10_000
    /// Open files below this are a warning: each upload, connection and renderer takes some.
    package static let leastOpenFiles = 4096

    /// All that was found, warnings or not; judged without looking again.
    package var findings: [Finding] {
        [sharedMemoryFinding] + folders.flatMap(findings(of:)) + [
            Finding("memory", memoryText), Finding("cores", "\(cores)"), openFilesFinding,
            Finding(
                "control-groups", controlGroupShortcoming == nil ? "available" : "not fully available",
                warning: controlGroupShortcoming),
            runFinding, Finding("root-file-system", rootIsReadOnly ? "read-only" : "writable"),
            Finding("user", "\(user)"),
        ]
    }

    private var sharedMemoryFinding: Finding {
        let hint =
            "--shm-size=2g (docker, podman), shm_size: 2g (compose), or an emptyDir with medium: Memory at /dev/shm (Kubernetes)"
        guard let space = sharedMemory else {
            return Finding(
                "shared-memory", "none",
                warning: "/dev/shm is not there: the engine cannot start; give it one with \(hint)")
        }
        let value = Self.text(space)
        if space.size < Self.least {
            return Finding(
                "shared-memory", value,
                warning:
                    "/dev/shm has \(ByteCount.text(space.size)): too small for an engine that passes pages between its "
                    + "processes; give it more with \(hint)")
        }
        if space.free < Self.least {
            return Finding(
                "shared-memory", value,
                warning:
                    "/dev/shm has \(ByteCount.text(space.free)) left of \(ByteCount.text(space.size)): remove what is not "
                    + "used there, or give it more with \(hint)")
        }
        return Finding("shared-memory", value)
    }

    private func findings(of folder: Folder) -> [Finding] {
        var warnings: [String] = []
        let text = String(cString: strerror(folder.refusal))
        switch folder.refusal {
        case 0: break
        case EACCES, EPERM:
            warnings.append(
                "\(folder.path) cannot be written to by user \(user) (\(text)): chown it to \(user), run with its owner's --user, "
                    + "or set fsGroup (Kubernetes)")
        case EROFS:
            warnings.append("\(folder.path) is read-only: mount a volume or a tmpfs there, without :ro or readOnly")
        case ENOSPC, EDQUOT:
            warnings.append("\(folder.path) is full (\(text)): make room, or mount a larger volume")
        case ENOENT:
            warnings.append("\(folder.path) is not there: mount a volume there or make the folder")
        default:
            warnings.append("\(folder.path) cannot be written to: \(text)")
        }
        if let space = folder.space, folder.refusal == 0 {
            if space.free < Self.least {
                warnings.append(
                    "\(folder.path) has \(ByteCount.text(space.free)) left: make room, or mount a larger volume")
            }
            if let inodes = space.freeInodes, inodes < Self.leastInodes {
                warnings.append(
                    "\(folder.path) has room for only \(inodes) more files (inodes): remove some, or mount another volume"
                )
            }
        }
        let value = [folder.path, folder.space.map(Self.text)].compactMap { $0 }.joined(separator: ", ")
        return [Finding(folder.role, value, warning: warnings.isEmpty ? nil : warnings.joined(separator: "; "))]
    }

    private var memoryText: String {
        switch (memoryLimit, machineMemory) {
        case (let limit?, let all?) where limit < all:
            "limit \(ByteCount.text(limit)), machine \(ByteCount.text(all))"
        case (_, let all?): "no limit, machine \(ByteCount.text(all))"
        case (let limit?, nil): "limit \(ByteCount.text(limit))"
        case (nil, nil): "unknown"
        }
    }

    private var openFilesFinding: Finding {
        func text(_ number: Int) -> String { number == .max ? "unlimited" : "\(number)" }
        let value =
            openFiles.soft == openFiles.hard
            ? text(openFiles.soft) : "\(text(openFiles.soft)) of \(text(openFiles.hard))"
        // Each service's soft limit can be raised to the hard one, so only that one matters.
        guard openFiles.hard < Self.leastOpenFiles else { return Finding("open-files", value) }
        return Finding(
            "open-files", value,
            warning:
                "at most \(openFiles.hard) open files: many uploads at a time will fail; raise it with --ulimit nofile=65536 "
                + "(docker, podman) or ulimits: nofile (compose)")
    }

    private var runFinding: Finding {
        runRefusal == 0
            ? Finding("run", "writable") : Finding("run", "/run: \(String(cString: strerror(runRefusal)))")
    }

    private static func text(_ space: Space) -> String {
        space.size == .max ? "no limit" : "\(ByteCount.text(space.free)) free of \(ByteCount.text(space.size))"
    }
}
