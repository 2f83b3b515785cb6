import Glibc

/// What the shim does on behalf of a ``Launch`` between fork and exec, in this order: what may need root comes before the
/// change of user. `CShimProtocol.h` has the options' form.
struct LaunchSteps: Sendable {
    enum Step: Sendable, Equatable {
        case outOfMemoryScore(Int)
        case nice(Int)
        case controlGroup(String)
        case limit(ResourceLimit)
        case groups([UInt32])
        case group(UInt32)
        case user(UInt32)
        case directory(String)
    }

    let steps: [Step]

    /// - Parameter current: whose rights this process has. What is the same already needs no right to change it.
    init(_ launch: Launch, current: Identity) {
        var steps: [Step] = []
        if let score = launch.outOfMemoryScore { steps.append(.outOfMemoryScore(score)) }
        if let nice = launch.nice { steps.append(.nice(nice)) }
        steps += launch.controlGroups.map { .controlGroup($0) }
        steps += launch.limits.map { .limit($0) }
        if let identity = launch.identity, !identity.isSame(as: current) {
            steps += [.groups(identity.groups), .group(identity.group), .user(identity.user)]
        }
        if let directory = launch.directory { steps.append(.directory(directory)) }
        self.steps = steps
    }

    var options: [String] { steps.map(\.option) }

    /// What the kernel refused, and what is so instead.
    ///
    /// - Parameter allowed: what the shim says that a limit is now.
    func refused(_ number: Int, allowed: UInt64) -> String {
        guard steps.indices.contains(number) else { return "an option of the start" }
        switch steps[number] {
        case .outOfMemoryScore(let score): return "oom_score_adj \(score)"
        case .nice(let nice): return "nice \(nice)"
        case .controlGroup(let file): return "the control group of \(file)"
        case .limit(let limit):
            let now = allowed == .max ? "unlimited" : "\(allowed)"
            return "the limit \(limit.resource.rawValue) \(limit.soft.map { "\($0)" } ?? "unlimited") (it is \(now))"
        default: return steps[number].option
        }
    }

    /// Why the service does not run.
    ///
    /// - Parameter number: the step that failed, or -1 (the program's own start) or -2 (fork).
    func failed(_ number: Int, code: CInt, launch: Launch) -> String {
        let why = String(cString: strerror(code))
        guard steps.indices.contains(number) else {
            let program = launch.command.first ?? ""
            if number == -2 { return "a process for \(program): \(why)" }
            if code == ENOENT, ProgramPath.find(program, path: launch.environment["PATH"] ?? "") != nil {
                return "\(program): \(why): the interpreter that it names, or its dynamic linker, is not there"
            }
            return "\(program): \(why)"
        }
        switch steps[number] {
        case .groups, .group, .user:
            let rights = code == EPERM ? ": coxswain runs as uid \(geteuid()) and may not change that" : ""
            return "\(steps[number].name): \(why)\(rights)"
        default: return "\(steps[number].name): \(why)"
        }
    }
}

extension LaunchSteps.Step {
    fileprivate var option: String {
        switch self {
        case .outOfMemoryScore(let score): "oom=\(score)"
        case .nice(let nice): "nice=\(nice)"
        case .controlGroup(let file): "cgroup=\(file)"
        case .limit(let limit): "limit=\(limit.resource.number):\(limit.soft ?? .max):\(limit.hard ?? .max)"
        case .groups(let groups): "groups=\(groups.map { "\($0)" }.joined(separator: ","))"
        case .group(let group): "group=\(group)"
        case .user(let user): "user=\(user)"
        case .directory(let path): "directory=\(path)"
        }
    }

    fileprivate var name: String {
        switch self {
        case .groups(let groups): "supplementary groups \(groups)"
        case .group(let group): "group \(group)"
        case .user(let user): "user \(user)"
        case .directory(let path): "working directory \(path)"
        default: option
        }
    }
}

extension ResourceLimit.Resource {
    fileprivate var number: UInt32 {
        let resource =
            switch self {
            case .addressSpace: RLIMIT_AS
            case .processorTime: RLIMIT_CPU
            case .data: RLIMIT_DATA
            case .fileSize: RLIMIT_FSIZE
            case .fileLocks: __RLIMIT_LOCKS
            case .lockedMemory: __RLIMIT_MEMLOCK
            case .messageQueues: __RLIMIT_MSGQUEUE
            case .nice: __RLIMIT_NICE
            case .openFiles: RLIMIT_NOFILE
            case .processes: __RLIMIT_NPROC
            case .realtimePriority: __RLIMIT_RTPRIO
            case .realtimeTime: __RLIMIT_RTTIME
            case .residentMemory: __RLIMIT_RSS
            case .pendingSignals: __RLIMIT_SIGPENDING
            case .stack: RLIMIT_STACK
            }
        return resource.rawValue
    }
}

extension Identity {
    /// Of this process: its effective user and group, and its supplementary groups.
    package static var current: Identity {
        var groups = [gid_t](repeating: 0, count: max(0, Int(getgroups(0, nil))))
        let count = getgroups(CInt(groups.count), &groups)
        return Identity(user: geteuid(), group: getegid(), groups: Array(groups.prefix(max(0, Int(count)))))
    }

    /// Whether nobody could tell one from the other: the order of the groups, and whether the first is among them, is no
    /// matter.
    fileprivate func isSame(as other: Identity) -> Bool {
        user == other.user && group == other.group
            && Set(groups + [group]) == Set(other.groups + [other.group])
    }
}
