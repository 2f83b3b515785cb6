/// What is started, and what it may do and use: everything about a start but its descriptors.
///
/// All of it applies to the service alone. Its shim keeps the rights, limits and control group of this process, so that it
/// can still signal and outlive what it has started. The umask stays ours, and `no_new_privs` is not set.
package struct Launch: Sendable, Equatable {
    /// Program and arguments. A program without a slash is looked for in `environment["PATH"]`, a relative path in
    /// ``directory``.
    package var command: [String]
    /// The whole environment; nothing of ours is added but ``instanceVariable``, and `LISTEN_PID` where `LISTEN_FDS` is given.
    package var environment: [String: String]
    /// Working directory, entered with the service's own rights; nil stays where this process is. One that cannot be
    /// entered fails the start.
    package var directory: String?
    /// nil is ours. One that cannot be taken on fails the start: nothing ever runs with more rights than it was given.
    package var identity: Identity?
    /// What the kernel refuses is set as far as it allows, and reported. Core files are always off: they hold documents.
    package var limits: [ResourceLimit]
    /// -1000 (never killed) to 1000 (the first to go) when memory runs out; nil is ours.
    package var outOfMemoryScore: Int?
    /// -20 (most processor time) to 19; nil is ours.
    package var nice: Int?
    /// Files named `cgroup.procs`, into which the service writes itself before its program starts.
    package var controlGroups: [String]

    /// Variable of the environment that marks all processes of one start, so that they are known when their shim was killed.
    package static let instanceVariable = "COXSWAIN_INSTANCE"

    package init(
        command: [String], environment: [String: String] = [:], directory: String? = nil, identity: Identity? = nil,
        limits: [ResourceLimit] = [], outOfMemoryScore: Int? = nil, nice: Int? = nil, controlGroups: [String] = []
    ) {
        self.command = command
        self.environment = environment
        self.directory = directory
        self.identity = identity
        self.limits = limits
        self.outOfMemoryScore = outOfMemoryScore
        self.nice = nice
        self.controlGroups = controlGroups
    }
}

/// Whose rights a process has.
package struct Identity: Sendable, Equatable {
    package var user: UInt32
    package var group: UInt32
    /// Supplementary groups; the first group need not be among them.
    package var groups: [UInt32]

    package init(user: UInt32, group: UInt32, groups: [UInt32] = []) {
        self.user = user
        self.group = group
        self.groups = groups
    }
}

/// One limit of setrlimit(2).
package struct ResourceLimit: Sendable, Equatable {
    /// Named as limits.conf(5) and `ulimit` name them. `core` is left out on purpose.
    package enum Resource: String, Sendable, CaseIterable {
        /// Address space, bytes.
        case addressSpace = "as"
        /// Processor time, seconds.
        case processorTime = "cpu"
        /// Data segment, bytes.
        case data = "data"
        /// Size of files that it writes, bytes.
        case fileSize = "fsize"
        /// Locks on files; no kernel of today keeps it.
        case fileLocks = "locks"
        /// Memory that is locked, bytes.
        case lockedMemory = "memlock"
        /// Bytes in POSIX message queues.
        case messageQueues = "msgqueue"
        /// Ceiling of the nice value, as 20 - value.
        case nice = "nice"
        /// Open descriptors.
        case openFiles = "nofile"
        /// Processes of the same user, in the whole container and outside of it.
        case processes = "nproc"
        /// Ceiling of the real-time priority.
        case realtimePriority = "rtprio"
        /// Processor time between two system calls that block, of real-time threads, microseconds.
        case realtimeTime = "rttime"
        /// Memory in use, bytes; no kernel of today keeps it.
        case residentMemory = "rss"
        /// Signals that wait.
        case pendingSignals = "sigpending"
        /// Stack of the main thread, bytes.
        case stack = "stack"
    }

    package var resource: Resource
    /// What applies; nil is no limit.
    package var soft: UInt64?
    /// How far the service may raise `soft` itself; nil is no limit.
    package var hard: UInt64?

    package init(_ resource: Resource, soft: UInt64?, hard: UInt64?) {
        self.resource = resource
        self.soft = soft
        self.hard = hard
    }
}
