/// Where a Python process was when a fatal signal met it, as `faulthandler` writes it (`PYTHONFAULTHANDLER=1`): one
/// stack a
/// thread, innermost frame first.
///
///     Fatal Python error: Aborted
///
///     Thread 0x00007eff014be6c0 (most recent call first):
///       File "/usr/lib/python3.11/threading.py", line 331 in wait
///     Current thread 0x00007eff02225b80 (most recent call first):
///       File "/app/hang.py", line 4 in wait_for_gpu
///
/// Of all the stacks the one that tells most is kept: most threads of a service do nothing but wait for work.
struct StackTrace: Sendable, Equatable {
    /// What Python says first, e.g. `Aborted` or `Segmentation fault`; nil when that line is lost.
    var error: String?
    /// Of the thread that tells most, innermost first.
    var frames: [Frame]
    var wait: Wait

    /// What a thread waits for, judged by its innermost frames.
    enum Wait: Sendable { case none, forPeer, forWork }

    struct Frame: Sendable, Equatable {
        var function: String
        /// Without the folder that Python or its packages are installed in.
        var file: String
        var line: String

        var text: String { "\(function) (\(file):\(line))" }
        /// Python's own library; what calls it is what matters.
        var isLibrary: Bool
    }

    /// At most these many frames are told.
    static let most = 12

    /// The innermost frame that is not Python's own.
    var place: Frame? { frames.first { !$0.isLibrary } ?? frames.first }

    /// The frames for a report, bounded.
    var told: [String] { frames.prefix(Self.most).map { LogLine.cut($0.text, 200) } }

    /// nil when the lines hold no stack.
    init?(in lines: some Sequence<LogLine>) {
        var threads: [Thread] = []
        var open = false
        var error: String?
        for line in lines {
            if line.text.hasPrefix(Self.fatal) {
                // The first process to fall is the one that matters.
                error = error ?? LogLine.cut(String(line.text.dropFirst(Self.fatal.count)), 80)
                open = false
            } else if let isCurrent = Self.header(line.text) {
                threads.append(Thread(isCurrent: isCurrent))
                open = true
            } else if open, let frame = Self.frame(line.text) {
                threads[threads.count - 1].frames.append(frame)
            } else if line.text.isEmpty {
                open = false
            }
            // Anything else is another process' line in between.
        }
        // The first of equals: processes die in the order in which they were signalled.
        guard let best = threads.filter({ !$0.frames.isEmpty }).min(by: { $0.rank < $1.rank }) else { return nil }
        self.error = error
        frames = best.frames
        wait = best.wait
    }

    private struct Thread {
        var isCurrent: Bool
        var frames: [Frame] = []

        /// Lower tells more: the thread that the signal met is the main one, unless it only waits for others.
        var rank: Int {
            switch (isCurrent, wait) {
            case (true, .none): 0
            case (true, .forPeer): 1
            case (false, .none): 2
            case (false, .forPeer): 3
            case (true, .forWork): 4
            case (false, .forWork): 5
            }
        }

        var wait: Wait {
            guard let first = frames.first else { return .forWork }
            if frames.prefix(6).contains(where: { $0.file.hasSuffix("shm_broadcast.py") }) { return .forPeer }
            let idle = first.isLibrary && StackTrace.idleFunctions.contains(first.function)
            return idle || StackTrace.idleFiles.contains(where: { first.file.hasSuffix($0) }) ? .forWork : .none
        }
    }

    private static let fatal = "Fatal Python error: "
    /// Of Python's own library.
    private static let idleFunctions: Set<String> = [
        "wait", "select", "poll", "get", "_poll", "run", "accept", "_worker", "_wait_for_tstate_lock", "join", "_recv",
    ]
    /// Threads that libraries keep and that sleep in C, which leaves no Python frame below them.
    private static let idleFiles = [
        "uvloop/__init__.py", "zmq/sugar/poll.py", "zmq/sugar/socket.py", "usage/usage_lib.py",
        "compile_worker/subproc_pool.py", "tqdm/_monitor.py", "multiprocessing/resource_tracker.py",
        "multiprocessing/forkserver.py",
    ]

    /// `Thread 0x… (most recent call first):` or `Current thread 0x… [name] (most recent call first):`.
    /// - Returns: whether it is the current thread's; nil for any other line.
    private static func header(_ text: String) -> Bool? {
        guard text.hasSuffix("(most recent call first):") else { return nil }
        if text.hasPrefix("Current thread 0x") { return true }
        return text.hasPrefix("Thread 0x") ? false : nil
    }

    /// `  File "PATH", line N in FUNCTION`; a traceback has a comma before `in`.
    private static func frame(_ text: String) -> Frame? {
        let opening = "  File \""
        guard text.hasPrefix(opening) else { return nil }
        let rest = text.dropFirst(opening.count)
        guard let quote = rest.lastIndex(of: "\"") else { return nil }
        let words = rest[rest.index(after: quote)...].split(separator: " ", maxSplits: 4)
        guard words.count == 5, words[0] == ",", words[1] == "line", words[3] == "in", Int(words[2]) != nil else {
            return nil
        }
        let (file, isLibrary) = shortened(rest[..<quote])
        return Frame(function: String(words[4]), file: file, line: String(words[2]), isLibrary: isLibrary)
    }

    private static func shortened(_ path: Substring) -> (file: String, isLibrary: Bool) {
        let parts = path.split(separator: "/")
        if let packages = parts.lastIndex(where: { $0 == "site-packages" || $0 == "dist-packages" }) {
            return (parts[(packages + 1)...].joined(separator: "/"), false)
        }
        if let library = parts.lastIndex(where: { $0.hasPrefix("python3") }), library + 1 < parts.count,
            library > 0, parts[library - 1] == "lib"
        {
            return (parts[(library + 1)...].joined(separator: "/"), true)
        }
        return (parts.last.map(String.init) ?? String(path), path.hasPrefix("<frozen"))
    }
}
