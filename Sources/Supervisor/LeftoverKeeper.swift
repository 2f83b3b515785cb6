import Glibc
import OperatorLog
import ProcessHost

/// Removes what dead instances left in `/dev/shm` and among temporary files, also those of a former life of this container:
/// what a ready instance has in use there is written down in the state folder.
final class LeftoverKeeper {
    /// Shared memory alone: what is done between a death and the next start must not depend on how full `/tmp` is.
    private let sharedMemory = Leftovers(temporary: [])
    /// With sockets among temporary files, of those that ignore TMPDIR.
    private let all = Leftovers()
    private let loop: ProcessHost.EventLoop
    private let log: LogHub
    /// The file in the state folder; nil as long as there is none.
    private var file: String?
    private var traces: [Int: Trace] = [:]
    private var lastWritten = ""
    /// Folders that nobody uses any more.
    private var unused: [PrivateTemporaryFolder] = []
    private var writing: EventLoop.TimerToken?

    /// What one instance may leave.
    struct Trace {
        var service: String
        var owner: UInt32
        var before: Leftovers.Before
        var temporary: PrivateTemporaryFolder?
        var files: [LeftFile] = []
    }

    init(loop: ProcessHost.EventLoop, log: LogHub) {
        self.loop = loop
        self.log = log
    }

    /// Removes what a former life wrote down, and goes on writing there.
    func begin(in stateFolder: String) {
        let path = "\(stateFolder)/leftovers"
        file = path
        guard let text = SmallFile.read(path) else { return }
        let removal = all.remove(owner: geteuid(), since: nil, recorded: LeftFile.decode(text))
        for line in text.split(separator: "\n") where line.hasPrefix(Self.temporary) {
            guard let folder = PrivateTemporaryFolder(text: String(line.dropFirst(Self.temporary.count))) else {
                continue
            }
            unused.append(folder)
        }
        removeUnused()
        if let summary = removal.summary { log.log(.info, "what the last life of this container left: \(summary)") }
        write()
    }

    /// - Parameter base: where temporary files belong.
    /// - Returns: the folder for the instance's temporary files, if one could be made.
    func starts(_ number: Int, service: String, identity: Identity, base: String) -> String? {
        let temporary = try? PrivateTemporaryFolder.make(
            service: service, owner: identity.user, group: identity.group, in: base)
        traces[number] = Trace(
            service: service, owner: identity.user, before: sharedMemory.before(), temporary: temporary)
        write()
        return temporary?.path
    }

    /// The instance is ready: what it needs for its work, it has open by now.
    func isReady(_ number: Int, shim: ProcessID) {
        loop.after(.seconds(1)) { [weak self] in
            guard let self, traces[number] != nil else { return }
            traces[number]?.files = all.openBy(ProcessTree.below(shim))
            write()
        }
    }

    /// Nothing is left of the instance.
    func ended(_ number: Int) {
        guard let trace = traces.removeValue(forKey: number) else { return }
        // In a moment: a service waits to be started, and has a folder of its own.
        if let temporary = trace.temporary {
            unused.append(temporary)
            loop.after(.milliseconds(20)) { [weak self] in self?.removeUnused() }
        }
        let removal = sharedMemory.remove(owner: trace.owner, since: trace.before, recorded: trace.files)
        if let summary = removal.summary { log.log(.info, "what \(trace.service) left: \(summary)") }
        if !trace.files.isEmpty { _ = all.remove(owner: trace.owner, since: nil, recorded: trace.files) }
        write()
    }

    private func removeUnused() {
        unused = unused.filter { folder in
            switch folder.remove() {
            case .removed: return false
            case .unfinished: return true
            case .kept(let why):
                log.log(.warning, "temporary files stay: \(why)")
                return false
            }
        }
        if !unused.isEmpty { loop.after(.milliseconds(1)) { [weak self] in self?.removeUnused() } }
    }

    private static let temporary = "temporary "

    /// Writes soon, and not at once: a service waits to be started, and the folder may lie on a slow volume.
    private func write() {
        guard file != nil, writing == nil else { return }
        writing = loop.after(.milliseconds(200)) { [unowned self] in
            writing = nil
            writeNow()
        }
    }

    /// At a clean end nothing is left to remember.
    func end() {
        if let writing { loop.cancel(writing) }
        // Bounded: what is left of a gigantic folder is the next life's.
        for _ in 0..<20 where !unused.isEmpty { removeUnused() }
        writeNow()
    }

    private func writeNow() {
        guard let file else { return }
        let folders = traces.values.compactMap(\.temporary) + unused
        let text =
            folders.map { Self.temporary + $0.text }.sorted().joined()
            + traces.sorted { $0.key < $1.key }.map { LeftFile.encode($0.value.files) }.joined()
        guard text != lastWritten else { return }
        // A full disk is said by who needs it; here only a clean-up of the next life is lost.
        if text.isEmpty { unlink(file) } else { try? WholeFile.write(text, to: file) }
        lastWritten = text
    }
}
