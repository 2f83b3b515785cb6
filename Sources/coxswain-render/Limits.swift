import Glibc

/// What this process may use, from its command line.
struct Limits {
    /// RLIMIT_AS in bytes; nil leaves it as inherited.
    private(set) var addressSpace: UInt64?
    /// Processor seconds of the whole process, after which the kernel ends it; nil for no such end.
    private(set) var processorSeconds: UInt64?
    /// Processor seconds of one request; nil for no such end.
    private(set) var processorSecondsPerRequest: UInt64?

    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameter arguments: pairs of `--address-space`, `--cpu-seconds` or `--cpu-seconds-per-request` and a number.
    init(arguments: some Sequence<String>) throws(Refusal) {
        var words = arguments.makeIterator()
        while let name = words.next() {
            guard let text = words.next(), let value = UInt64(text), value > 0 else {
                throw Refusal(description: "\(name) needs a number above 0")
            }
            switch name {
            case "--address-space": addressSpace = value
            case "--cpu-seconds": processorSeconds = value
            case "--cpu-seconds-per-request": processorSecondsPerRequest = value
            default: throw Refusal(description: "unknown argument \(name)")
            }
        }
    }

    func apply() throws(Refusal) {
        if let addressSpace { try set(RLIMIT_AS, addressSpace, "RLIMIT_AS") }
        // At the soft limit SIGXCPU comes, which tells why, and at the hard one SIGKILL, which does not.
        if let processorSeconds {
            try set(RLIMIT_CPU, processorSeconds, "RLIMIT_CPU", hard: max(processorSeconds, processorSeconds &+ 1))
        }
        // An unlimited stack would only let a document that nests without end take longer to reach it.
        try set(RLIMIT_STACK, 8 << 20, "RLIMIT_STACK")
        // A core would hold the document.
        try set(RLIMIT_CORE, 0, "RLIMIT_CORE")
        try set(RLIMIT_NOFILE, 64, "RLIMIT_NOFILE")
    }

    /// No file may grow and no process begin, threads included, from here on; for the time after the start, which may write
    /// fontconfig's cache.
    ///
    /// - Returns: 0 or an errno.
    static func forbidFilesAndProcesses() -> CInt {
        // A write then fails instead of ending the process.
        signal(SIGXFSZ, SIG_IGN)
        var none = rlimit()
        for resource in [RLIMIT_FSIZE, __RLIMIT_NPROC] {
            guard setrlimit(__rlimit_resource_t(resource.rawValue), &none) == 0 else { return errno }
        }
        return 0
    }

    /// Lets the request that begins now have its share of processor time, of what is left to the process.
    ///
    /// The api kills a renderer at its own deadline; this is for an api that is no longer there.
    func beginRequest() {
        guard let processorSecondsPerRequest else { return }
        var used = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used)
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit)
        limit.rlim_cur = min(
            limit.rlim_max, rlim_t(processorSeconds ?? .max),
            rlim_t(used.tv_sec) + 1 + rlim_t(processorSecondsPerRequest))
        setrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit)
    }

    /// Bytes that one picture may take in memory while it is decoded and scaled: what is left when libraries, fonts and
    /// the encoded page have theirs.
    var pictureBytes: Int {
        Int(clamping: (addressSpace ?? 1 << 30) / 5 * 3)
    }

    /// Longest picture file in bytes: it is held in memory beside its pixels.
    var pictureFileBytes: Int {
        Int(clamping: (addressSpace ?? 1 << 30) / 4)
    }

    private func set(
        _ resource: __rlimit_resource, _ value: UInt64, _ name: String, hard: UInt64? = nil
    ) throws(Refusal) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(resource.rawValue), &limit)
        // An inherited limit may be lower already, and cannot be raised.
        limit.rlim_max = min(limit.rlim_max, rlim_t(hard ?? value))
        limit.rlim_cur = min(limit.rlim_max, rlim_t(value))
        guard setrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else {
            throw Refusal(description: "\(name) could not be set to \(value): \(String(cString: strerror(errno)))")
        }
    }
}
