import GPU
import Glibc
import Lifecycle
import OperatorLog
import ProcessHost
import Settings

/// Gives an engine the folder in which it keeps what it compiles, and takes a broken one away from it.
///
/// Best effort: an engine without a cache compiles anew. The calls are few and made at a start, on the volume from which the
/// weights have just been read.
final class EngineCaches {
    private let loop: EventLoop
    private let log: LogHub
    var settings: EngineCache?
    /// What was found before the first start; empty where there is no GPU.
    var gpus = GPUReport()
    /// Of the engine that runs: its folder, if it had been used before.
    private var used: String?
    /// Starts in a row that failed with a cache, and that nothing else explains.
    private var failures = 0
    private var warned: Set<String> = []

    /// What a folder is called that waits for its removal.
    private static let aside = "coxswain-aside-"

    init(loop: EventLoop, log: LogHub, settings: EngineCache?) {
        self.loop = loop
        self.log = log
        self.settings = settings
    }

    /// The service as it is started: an engine with variables that name its caches. The folders are there then, and its own.
    func prepare(_ definition: ServiceDefinition) -> ServiceDefinition {
        guard definition.role == .engine, !definition.isElsewhere, let settings else { return definition }
        used = nil
        let selected = DeviceSelection(definition.environment["CUDA_VISIBLE_DEVICES"]).select(from: gpus)
        let key = settings.key(
            gpus: selected.devices.map(\.name),
            engine: EngineVersion.find(definition.command, environment: definition.environment))
        let base = "\(settings.folder)/\(key)"
        let variables = EngineCache.variables(in: base, beside: definition.environment)
        guard !variables.isEmpty else { return definition }
        do throws(SystemError) {
            let owner = definition.options.user.flatMap { try? AccountFile.read().resolve($0).identity } ?? .current
            let wasThere = access(base, F_OK) == 0
            try make(settings.folder, owner: owner)
            try make(base, owner: owner)
            for folder in variables.values.sorted() { try make(folder, owner: owner) }
            try tryWriting(in: base, owner: owner)
            used = wasThere ? base : nil
        } catch {
            warn(
                "\(definition.name) does not keep what it compiles, and compiles it anew with each start: \(error); make "
                    + "the folder writable, or set COXSWAIN_ENGINE_CACHE to another one, or to off")
            return definition
        }
        var result = definition
        result.environment.merge(variables) { $1 }
        return result
    }

    /// It can serve: its cache is a good one.
    func isReady(_ definition: ServiceDefinition) {
        guard definition.role == .engine else { return }
        failures = 0
        used = nil
        removeAside()
    }

    /// A start of it failed. After two in a row, or one whose last lines tell of it, the next one begins without what is kept.
    func failed(_ definition: ServiceDefinition, _ diagnosis: Diagnosis, lines: [String]) {
        guard definition.role == .engine, let base = used else { return }
        used = nil
        let told = lines.first { EngineCache.isComplaint($0, of: base) }
        if told == nil {
            // What has a cause of its own is not the cache's fault.
            guard [.exit, .crash, .engineDied, .hung, .workerHung].contains(diagnosis.kind) else { return }
            failures += 1
            guard failures >= 2 else { return }
        }
        failures = 0
        let target = "\(parent(of: base))/\(Self.aside)\(UInt32.random(in: .min ... .max))"
        guard rename(base, target) == 0 else {
            return warn("what \(definition.name) compiled may be broken: \(SystemError("set \(base) aside"))")
        }
        log.log(
            .warning,
            "what \(definition.name) compiled is set aside, since "
                + (told == nil ? "two starts in a row failed with it" : "its log tells of a broken cache")
                + ": the next start compiles anew", [("folder", .text(base))])
    }

    // MARK: Folders

    /// Makes what is missing of a path; what is made for another user is given to him.
    private func make(_ path: String, owner: Identity) throws(SystemError) {
        guard access(path, F_OK) != 0 else { return }
        let above = parent(of: path)
        if !above.isEmpty, access(above, F_OK) != 0 { try make(above, owner: owner) }
        let error: CInt = FileIdentity.assume(user: owner.user, group: owner.group) {
            mkdir(path, 0o755) == 0 ? 0 : errno
        }
        if error == 0 || error == EEXIST { return }
        // The folder above may be ours alone.
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw SystemError("make the folder \(path)") }
        if owner.user != geteuid(), chown(path, owner.user, owner.group) != 0 {
            let error = SystemError("give \(path) to user \(owner.user)")
            rmdir(path)
            throw error
        }
    }

    /// Permissions do not tell it all: a file system may be read-only, or full.
    private func tryWriting(in folder: String, owner: Identity) throws(SystemError) {
        let probe = "\(folder)/.coxswain-probe"
        let error: CInt = FileIdentity.assume(user: owner.user, group: owner.group) {
            let file = open(probe, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard file >= 0 else { return errno }
            defer {
                close(file)
                unlink(probe)
            }
            return write(file, "x", 1) == 1 ? 0 : errno
        }
        if error != 0 { throw SystemError("write into \(folder)", code: error) }
    }

    private func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    /// In small steps, when nothing is being started.
    private func removeAside() {
        guard let folder = settings?.folder, let open = OpenFolder(following: folder) else { return }
        var rest: String?
        open.forEach { entry in
            guard entry.name.hasPrefix(Self.aside), let status = open.status(of: entry.name), status.isFolder else {
                return true
            }
            rest = "\(status.inode) \(status.owner) \(folder)/\(entry.name)\n"
            return false
        }
        guard let rest, let old = PrivateTemporaryFolder(text: rest) else { return }
        switch old.remove(limit: 200) {
        case .removed, .unfinished: loop.after(.milliseconds(50)) { [weak self] in self?.removeAside() }
        case .kept(let why): warn("a folder of broken caches is left over: \(why)")
        }
    }

    private func warn(_ message: String) {
        if warned.insert(message).inserted { log.log(.warning, message) }
    }
}
