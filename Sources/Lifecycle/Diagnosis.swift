/// What is known about the end of an instance, beside its exit.
package struct Evidence: Sendable, Equatable {
    /// The last lines that the instance logged, both streams merged in order of arrival, oldest first; a few hundred.
    package var lines: [String]
    /// Kills by the kernel for want of memory in its life: in the service's own cgroup, or in the container's if it
    /// has none.
    package var outOfMemoryKills: Int

    package init(lines: [String] = [], outOfMemoryKills: Int = 0) {
        self.lines = lines
        self.outOfMemoryKills = outOfMemoryKills
    }
}

/// Why an instance failed, what to do about it, and whether a retry can help.
package struct Diagnosis: Sendable, Equatable {
    /// For metrics and JSON.
    package enum Kind: String, Sendable, CaseIterable {
        /// Too little free memory on the GPU.
        case gpuMemory = "gpu-memory"
        case gpuMissing = "gpu-missing"
        /// The hardware or a kernel on it failed: Xid, ECC, illegal access.
        case gpuFault = "gpu-fault"
        /// Driver, CUDA and GPU do not fit each other.
        case driver
        case hostMemory = "host-memory"
        case portTaken = "port-taken"
        /// No such model, or broken weights.
        case modelMissing = "model-missing"
        case offline
        case credentials
        case diskFull = "disk-full"
        case permission
        case settings
        case library
        case workerHung = "worker-hung"
        case engineDied = "engine-died"
        /// We ended it: too late, or its checks failed.
        case hung
        /// Killed by somebody else.
        case killed
        /// Killed by a signal of its own making.
        case crash
        /// Ended by itself, and nothing tells why.
        case exit
        case notStarted = "not-started"
        case unseen

        /// Whether what it worked on may have ended it. Nobody's document is blamed for what somebody else did.
        var mayBeItsWork: Bool { ![.killed, .unseen, .notStarted].contains(self) }
    }

    package var kind: Kind
    /// One sentence without a full stop, for "engine failed after 3 s: …".
    package var cause: String
    /// What to change or to do next.
    package var hint: String?
    /// Whether starting it again can help. Always so for an instance that had been ready: its budget bounds that,
    /// and nothing
    /// that a log says about a document may end the container.
    package var canRetry: Bool
    /// It ended itself since its settings are wrong, and the container ends with the code for that.
    package var saysSettings = false
    /// The log line that told it, at most 300 characters.
    package var evidence: String?
    /// Where a process was that was ended by a fatal signal: frames, innermost first, of the thread that tells most.
    package var stack: [String] = []

    static let moreMemory =
        "raise the container's memory limit (docker run --memory, Kubernetes resources.limits.memory), or give it "
        + "less to do at once"

    /// - Parameters:
    ///   - exit: how the main process ended; nil when it had to be given up without one.
    ///   - failure: why we ended it ("3 health checks failed: …"); nil when it ended by itself.
    ///   - wasReady: this instance had been ready.
    package static func of(exit: Exit?, failure: String?, wasReady: Bool, evidence: Evidence) -> Diagnosis {
        let exit = exit ?? .unseen
        let log = LogReading(evidence.lines, endedByUs: failure != nil)
        var diagnosis = failure.map { Diagnosis(kind: .hung, cause: $0, canRetry: true) } ?? plain(exit)
        if failure == nil, exit.isKill, evidence.outOfMemoryKills > 0 {
            diagnosis.addOutOfMemory(evidence.outOfMemoryKills)
        } else {
            diagnosis.add(log, exit: exit, failure: failure, outOfMemoryKills: evidence.outOfMemoryKills)
        }
        diagnosis.add(log.stack, failure: failure)
        diagnosis.canRetry = diagnosis.canRetry || wasReady
        if failure == nil, exit == .code(78) { diagnosis.heedSettings(evidence) }
        return diagnosis
    }

    /// Whoever ends with EX_CONFIG has said before which setting it is.
    private mutating func heedSettings(_ evidence: Evidence) {
        saysSettings = !canRetry
        guard self.evidence == nil, let last = Self.lastError(evidence) else { return }
        cause += ": \(last.excerpt(600))"
    }

    private static func lastError(_ evidence: Evidence) -> LogLine? {
        evidence.lines.lazy.reversed().map(LogLine.init).first { $0.level == .error }
    }

    /// What a program says of itself by its exit status counts for more than what its log looks like.
    ///
    /// - Parameter hopeless: statuses that say that no retry can help; empty for a program that has no such statuses.
    mutating func heed(_ exit: Exit, hopeless: [Int32], _ evidence: Evidence) {
        guard !hopeless.isEmpty else { return }
        switch exit {
        // A shell's words, and ours: it never ran.
        case .code(126), .code(127), .notStarted, .unseen: return
        case .signal: canRetry = true
        case .code(let code):
            canRetry = !hopeless.contains(code)
            saysSettings = code == 78 && !canRetry
            guard let last = Self.lastError(evidence) else { return }
            // It knows better than any rule what went wrong and what helps.
            (cause, hint, self.evidence) = ("\(exit): \(last.excerpt(600))", nil, nil)
        }
    }

    // MARK: What the exit alone tells

    private static func plain(_ exit: Exit) -> Diagnosis {
        switch exit {
        case .code(0):
            // An exit that nobody asked for is a failure, whatever its status.
            return Diagnosis(kind: .exit, cause: "\(exit), which nobody asked for", canRetry: true)
        case .code(126), .code(127):
            return Diagnosis(
                kind: .notStarted,
                cause: "\(exit), a shell's word for a program that "
                    + (exit == .code(127) ? "is missing" : "cannot be executed"),
                hint: "correct the command of this service in [service.…] of the settings file", canRetry: false)
        case .code(let code) where (129...192).contains(code):
            var diagnosis = ended(by: code - 128)
            diagnosis.cause = "\(exit), a shell's word for \(diagnosis.cause)"
            return diagnosis
        case .code(78):
            // EX_CONFIG of sysexits.h, which our own programs keep to.
            return Diagnosis(
                kind: .settings, cause: "\(exit), which says that its settings are wrong",
                hint: "correct what its log names: the environment of the container, or of this service in [service.…]",
                canRetry: false)
        case .code:
            return Diagnosis(kind: .exit, cause: "\(exit)", canRetry: true)
        case .signal(let number):
            return ended(by: number)
        case .notStarted(let why) where why.contains("Address already in use"):
            return Diagnosis(kind: .portTaken, cause: "\(exit)", hint: DiagnosisRule.portHint, canRetry: true)
        case .notStarted(let why):
            // What a moment changes is worth another try: memory, processes, a busy text file.
            let lasting = [
                "No such file", "Permission denied", "Exec format", "Not a directory", "Operation not permitted",
            ]
            return Diagnosis(
                kind: .notStarted, cause: "\(exit)",
                hint: "correct the command, user or folder of this service in [service.…] of the settings file",
                canRetry: !lasting.contains { why.contains($0) })
        case .unseen:
            return Diagnosis(kind: .unseen, cause: "\(exit)", canRetry: true)
        }
    }

    private static func ended(by signal: Int32) -> Diagnosis {
        let what = "\(Exit.signal(signal))"
        switch signal {
        case 9:
            return Diagnosis(
                kind: .killed, cause: "\(what) (from outside: an operator, or the node's out-of-memory killer)",
                hint: "look for \"Out of memory\" in the node's kernel log (dmesg)", canRetry: true)
        case 1, 2, 3, 10, 12, 13, 14, 15:
            return Diagnosis(kind: .killed, cause: "\(what) (from outside)", canRetry: true)
        case 4:
            return Diagnosis(
                kind: .crash, cause: what, hint: "the program may be built for another CPU than this node's",
                canRetry: true)
        case 7:
            return Diagnosis(
                kind: .crash, cause: what,
                hint: "often a full /dev/shm: docker run --shm-size 2g; Kubernetes: an emptyDir with medium: Memory",
                canRetry: true)
        case 24, 25:
            return Diagnosis(
                kind: .crash, cause: what, hint: "a limit of its process was reached (ulimit)", canRetry: true)
        case 31:
            return Diagnosis(
                kind: .crash, cause: what, hint: "the container's seccomp profile forbids a system call that it makes",
                canRetry: true)
        default:
            return Diagnosis(kind: .crash, cause: what, canRetry: true)
        }
    }

    // MARK: What the rest adds

    private mutating func addOutOfMemory(_ kills: Int) {
        kind = .hostMemory
        let what = kills == 1 ? "a process" : "\(kills) processes"
        // In place of the guess at who killed it.
        if let guess = cause.firstIndex(of: " (from outside") { cause.removeSubrange(guess...) }
        cause += "; the kernel killed \(what) at the memory limit"
        hint = Self.moreMemory
        canRetry = true
    }

    private mutating func add(_ log: LogReading, exit: Exit, failure: String?, outOfMemoryKills: Int) {
        let finding = log.finding(failure == nil ? exit : nil)
        // A kill explains more than a symptom does, but less than a cause: the count may be another service's.
        if outOfMemoryKills > 0, finding?.isCause != true, kind != .notStarted {
            addOutOfMemory(outOfMemoryKills)
            evidence = finding?.line.excerpt(300)
            return
        }
        if let failure { hint = Self.morePatience(failure) }
        guard let finding else { return }
        evidence = finding.line.excerpt(300)
        if let rule = finding.rule {
            // Whoever was killed may have had no trouble at all.
            canRetry = rule.canRetry || kind == .killed
            kind = rule.kind
            hint = rule.hint
        }
        // The log says better what a shell's status only hints at.
        if failure == nil, exit == .code(126) || exit == .code(127) { cause = "\(exit)" }
        // Whoever ended it for what its log says has said it.
        if failure?.hasPrefix("its log says") == true { return }
        cause += (failure == nil ? ": " : "; ") + finding.text
    }

    /// What to change where it was we who had no more patience.
    private static func morePatience(_ failure: String) -> String? {
        let settings = "of its `ready` in [service.…] of the settings file"
        if failure.hasPrefix("it was not ready within") { return "if it only needs longer, raise `within` \(settings)" }
        if failure.hasPrefix("its start made no progress") {
            return "if this step only needs longer, raise `stall` \(settings)"
        }
        if failure.hasPrefix("the container was not ready within") {
            return
                "if it only needs longer, raise `start-within`, and the time that the orchestrator gives to the start"
        }
        return nil
    }

    private mutating func add(_ trace: StackTrace?, failure: String?) {
        guard let trace, let place = trace.place else { return }
        stack = trace.told
        let at = LogLine.cut(place.text, 160)
        if failure != nil {
            switch trace.wait {
            case .none: cause += "; it hung in \(at)"
            case .forPeer: cause += "; it waited for another process in \(at)"
            case .forWork: cause += "; it waited for work in \(at)"
            }
        } else if let error = trace.error {
            cause += "; \(error) in \(at)"
        }
    }
}

extension Exit {
    /// SIGKILL, also where a shell reports it.
    fileprivate var isKill: Bool { self == .signal(9) || self == .code(137) }
}
