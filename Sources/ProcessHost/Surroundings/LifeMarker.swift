import Glibc

/// A small file that lies in the state folder while this life of the container runs. One that is there at start says
/// that the former life ended without a word: killed as a whole, from outside or for want of memory.
package struct LifeMarker: Sendable, Equatable {
    /// Seconds since 1970, by the clock on the wall: other clocks begin anew with the machine.
    package var began: Int
    /// When this was written, likewise.
    package var written: Int
    package var phase: String
    /// Which start of the machine this was (/proc/sys/kernel/random/boot_id).
    package var boot: String?
    package var memory: ContainerMemory

    package init(began: Int, written: Int, phase: String, boot: String?, memory: ContainerMemory) {
        self.began = began
        self.written = written
        self.phase = phase
        self.boot = boot
        self.memory = memory
    }

    // MARK: Text

    /// Lines of `key=value`.
    package var text: String {
        var lines = ["began=\(began)", "written=\(written)", "phase=\(phase.filter { !$0.isNewline })"]
        if let boot { lines.append("boot=\(boot.filter { !$0.isNewline })") }
        if let limit = memory.limit { lines.append("memory-limit=\(limit)") }
        if let used = memory.used { lines.append("memory-used=\(used)") }
        if let peak = memory.peak { lines.append("memory-peak=\(peak)") }
        if let kills = memory.outOfMemoryKills { lines.append("out-of-memory-kills=\(kills)") }
        if let together = memory.diesTogether { lines.append("dies-together=\(together)") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Reads what it can; lines and values that it does not know are left out. A file that says nothing, as a crash of
    /// the machine leaves it, still says that there was a life: of unknown age and phase.
    package init(text: String) {
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let halves = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if halves.count == 2 { values[String(halves[0])] = String(halves[1]) }
        }
        func number(_ key: String) -> Int? { values[key].flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil } }
        began = number("began") ?? 0
        written = max(began, number("written") ?? 0)
        phase = values["phase"] ?? ""
        boot = values["boot"]
        memory = ContainerMemory(
            limit: number("memory-limit"), used: number("memory-used"), peak: number("memory-peak"),
            outOfMemoryKills: number("out-of-memory-kills"), diesTogether: values["dies-together"].map { $0 == "true" })
    }

    // MARK: File

    private static func path(_ folder: String) -> String { "\(folder)/life" }

    /// What a former life left in the state folder, or nil after a clean end.
    package static func read(in folder: String) -> LifeMarker? {
        SmallFile.read(path(folder)).map { LifeMarker(text: $0) }
    }

    /// Replaces the file as a whole. Not synced: it is for the end of a container, which the page cache survives.
    package func write(in folder: String) throws(SystemError) {
        try WholeFile.write(text, to: Self.path(folder))
    }

    /// At a clean end.
    package static func remove(in folder: String) { unlink(path(folder)) }

    /// This machine's start; nil where /proc does not say.
    package static func currentBoot() -> String? {
        SmallFile.read("/proc/sys/kernel/random/boot_id").map { $0.filter { !$0.isWhitespace } }
    }
}

/// Files that are there as a whole or not at all.
package enum WholeFile {
    /// Writes beside the file, mode 0600, and renames.
    package static func write(_ text: String, to path: String) throws(SystemError) {
        let beside = "\(path).new"
        unlink(beside)
        let descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemError("create \(beside)") }
        var rest = Array(text.utf8)[...]
        var failure: SystemError?
        while !rest.isEmpty {
            let length = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if length < 0, errno == EINTR { continue }
            guard length > 0 else {
                failure = SystemError("write \(beside)", code: length == 0 ? ENOSPC : errno)
                break
            }
            rest = rest.dropFirst(length)
        }
        if close(descriptor) != 0, failure == nil { failure = SystemError("write \(beside)") }
        if failure == nil, rename(beside, path) != 0 { failure = SystemError("rename \(beside) to \(path)") }
        if let failure {
            unlink(beside)
            throw failure
        }
    }
}
