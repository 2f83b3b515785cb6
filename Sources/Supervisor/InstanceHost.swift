import ControlProtocol
import Glibc
import Lifecycle
import OperatorLog
import ProcessHost
import Progress
import Settings

/// The processes of all services: starts them, speaks to them, and knows when nothing is left of one.
final class InstanceHost {
    private let loop: ProcessHost.EventLoop
    private let log: LogHub
    private let measured: Measurements
    private let programs: String
    private let tell: (Event) -> Void
    private let saysItServes: (InstanceID) -> Void
    private var instances: [InstanceID: ServiceInstance] = [:]
    /// Shims that have said their last word and are about to end.
    private var leaving: Set<ProcessID> = []
    private var orphans = OrphanTally()
    private var orphanReport: EventLoop.TimerToken?
    private var sweep: EventLoop.TimerToken?
    private let containerMemory = ContainerMemoryFiles()
    private let leftovers: LeftoverKeeper

    /// What services are given beside their definitions; set once it is there.
    var surroundings = Given()

    struct Given {
        var notifySocket: String?
        var controlSocket: String?
        /// Names and descriptors of listening sockets.
        var sockets: [String: CInt] = [:]
        var groups: ControlGroups?
    }

    /// - Parameters:
    ///   - programs: the folder of our own programs.
    ///   - tell: takes what happened to the core.
    ///   - saysItServes: told when the log of one that starts says that it can serve.
    init(
        loop: ProcessHost.EventLoop, log: LogHub, measured: Measurements, programs: String,
        tell: @escaping (Event) -> Void, saysItServes: @escaping (InstanceID) -> Void
    ) {
        self.loop = loop
        self.log = log
        self.measured = measured
        self.programs = programs
        self.tell = tell
        self.saysItServes = saysItServes
        leftovers = LeftoverKeeper(loop: loop, log: log)
    }

    /// Cleans up after a former life, and writes down what the next one would have to.
    func begin(in stateFolder: String) { leftovers.begin(in: stateFolder) }

    /// All is over.
    func end() {
        leftovers.end()
        surroundings.groups?.close()
    }

    // MARK: Start

    func start(_ id: InstanceID, _ definition: ServiceDefinition) {
        let instance = ServiceInstance(
            id: id, definition: definition,
            log: InstanceLog(hub: log, service: definition.name, format: definition.logFormat))
        instances[id] = instance
        // Nothing of it is here; what is done with it is done by its checks.
        if definition.isElsewhere { return tell(.spawned(id, pid: 0)) }
        do {
            try begin(instance)
        } catch {
            instances[id] = nil
            leftovers.ended(id.number)
            try? instance.group?.remove()
            tell(.exited(id, .notStarted("\(error)")))
            tell(.gone(id, Evidence()))
        }
    }

    private func begin(_ instance: ServiceInstance) throws {
        let definition = instance.definition
        // Whoever has the port already would answer the readiness check in its place.
        if case .http(let text, _) = definition.ready.check, let url = HTTPURL(text),
            TCPListener.isTaken(host: url.host, port: url.port)
        {
            throw SystemError("start \(definition.name) on \(url.host):\(url.port)", code: EADDRINUSE)
        }
        do {
            instance.group = try surroundings.groups?.make(definition.name, countsMemory: instance.needsMuchMemory)
        } catch {
            log.log(.warning, "\(definition.name) runs without a control group of its own: \(error)")
        }
        var launch = try Launch(definition, groups: instance.group?.joinFiles ?? [])
        launch.environment["NOTIFY_SOCKET"] = surroundings.notifySocket
        launch.environment[ControlEndpoint.environmentVariable] = surroundings.controlSocket
        if let watchdog = definition.watchdog {
            launch.environment["WATCHDOG_USEC"] = String(Int64(watchdog.inSeconds * 1e6))
        }
        let sockets = definition.sockets.compactMap { surroundings.sockets[$0] }
        if !sockets.isEmpty {
            launch.environment["LISTEN_FDS"] = String(sockets.count)
            launch.environment["LISTEN_FDNAMES"] = definition.sockets.joined(separator: ":")
        }
        let base = definition.environment["TMPDIR"] ?? "/tmp"
        if let folder = leftovers.starts(
            instance.id.number, service: definition.name, identity: launch.identity ?? .current, base: base)
        {
            launch.environment["TMPDIR"] = folder
        }
        instance.killsBefore = instance.needsMuchMemory ? containerMemory.read().outOfMemoryKills : nil
        let out = try instance.log.pipe()
        defer { close(out) }
        let error = try instance.log.pipe()
        defer { close(error) }
        let id = instance.id
        if let format = definition.logFormat.flatMap(LogFormat.init(rawValue:)) { readStart(of: instance, format) }
        instance.process = try ServiceProcess(
            loop: loop, shimPath: "\(programs)/coxswain-shim", launch: launch, output: (out, error), sockets: sockets
        ) { [unowned self] in changed(id, $0) }
        if let shim = instance.process?.shim {
            measured.runs(definition.name, number: id.number, shim: shim, memoryFile: instance.group?.memoryFile)
        }
    }

    private func readStart(of instance: ServiceInstance, _ format: LogFormat) {
        let id = instance.id
        var reader = StartReader(format)
        instance.log.reader = { [unowned self] line in
            switch reader.read(line) {
            case .progress(let progress): tell(.progressed(id, progress))
            case .serving: saysItServes(id)
            case nil: break
            }
        }
    }

    // MARK: While they run

    func signal(_ id: InstanceID, _ number: CInt) {
        if !endElsewhere(id) { instances[id]?.process?.signal(number) }
    }

    func signalDescendants(_ id: InstanceID, _ number: CInt) {
        if !endElsewhere(id) { instances[id]?.process?.signalDescendants(number) }
    }

    /// What runs elsewhere is let go of at once.
    private func endElsewhere(_ id: InstanceID) -> Bool {
        guard let instance = instances[id], instance.definition.isElsewhere else { return false }
        instance.checks?.stop()
        instances[id] = nil
        tell(.exited(id, .code(0)))
        tell(.gone(id, Evidence()))
        return true
    }

    func kill(_ id: InstanceID) {
        if endElsewhere(id) { return }
        instances[id]?.process?.kill()
        instances[id]?.group?.kill()
    }

    /// Passes a signal on to the services that asked for it.
    func forward(_ number: CInt) {
        for instance in instances.values where instance.definition.forwards.contains(number) {
            instance.process?.signal(number)
        }
    }

    // MARK: Watchdogs

    /// How many times in a row a watchdog that was not heard is excused: six of them together are no moment any more.
    private static let mostExcuses = 5

    /// Its watchdog was heard.
    func beat(_ id: InstanceID) {
        guard let instance = instances[id], let pid = instance.pid else { return }
        instance.lastBeat = SchedulerTimes.read(pid).map { ($0, EventLoop.now()) }
        instance.excuses = 0
    }

    /// Whether the instance was silent because nobody let it run: a machine so busy is no reason to end it.
    func excuse(_ id: InstanceID) -> Bool {
        guard let instance = instances[id], let pid = instance.pid, let last = instance.lastBeat,
            instance.excuses < Self.mostExcuses, let times = SchedulerTimes.read(pid),
            times.wasStarved(since: last.times, elapsed: EventLoop.now() - last.at)
        else { return false }
        instance.excuses += 1
        instance.lastBeat = (times, EventLoop.now())
        return true
    }

    func becameReady(_ id: InstanceID) {
        beat(id)
        instances[id]?.log.reader = nil
        if let shim = instances[id]?.process?.shim { leftovers.isReady(id.number, shim: shim) }
    }

    func checks(of id: InstanceID) -> HealthChecker.Series? { instances[id]?.checks }

    func setChecks(_ id: InstanceID, _ checks: HealthChecker.Series?) {
        instances[id]?.checks?.stop()
        instances[id]?.checks = checks
    }

    /// The instance whose process this is, or below whose shim it hangs.
    func owner(of pid: ProcessID) -> InstanceID? {
        instances.first { instance in
            instance.value.process.map { ProcessTree.isBelow(pid, $0.shim) } ?? false
        }?.key
    }

    private func changed(_ id: InstanceID, _ change: ServiceProcess.Change) {
        guard let instance = instances[id] else { return }
        let name = instance.definition.name
        switch change {
        case .refused(let what, let why):
            log.log(.warning, "\(name) starts without what the settings ask for: \(what): \(why)")
        case .started(let pid):
            instance.pid = pid
            instance.log.pid = pid
            tell(.spawned(id, pid: pid))
        case .notStarted(let why):
            tell(.exited(id, .notStarted(why)))
        case .exited(let status, _):
            tell(.exited(id, Exit(waitStatus: status)))
        case .stuck(let pid, let state):
            log.log(
                .error, "\(name) was killed 5 s ago, and a process of it is still there: no second one is started",
                [("of_process", .integer(Int(pid))), ("state", .text(state))])
        case .gone(let killed, let usage):
            log.log(
                .debug, "nothing is left of \(name)",
                [
                    ("descendants_killed", .integer(Int(killed))),
                    ("cpu_seconds", .number(usage.processorTime.inSeconds)),
                    ("peak_kibibytes", .integer(Int(usage.peakKibibytes))),
                ])
            measured.ended(number: id.number, used: usage.processorTime)
            end(instance)
        case .shimLost:
            instance.isShimless = true
            tell(.exited(id, .unseen))
            sweepShimless()
        }
    }

    // MARK: The end of one

    /// Nothing is left below its shim.
    private func end(_ instance: ServiceInstance) {
        if let group = instance.group, !group.isEmpty {
            // Somebody in it has left the shim's tree: it could not be born again below another one.
            instance.isShimless = true
            return sweepShimless()
        }
        instance.log.drain()
        let kills = instance.needsMuchMemory ? outOfMemoryKills(of: instance) : 0
        do {
            if let group = instance.group {
                try surroundings.groups?.giveBack(group, countsMemory: instance.needsMuchMemory)
            }
        } catch {
            log.log(.warning, "\(error)")
        }
        leftovers.ended(instance.id.number)
        measured.ended(number: instance.id.number, used: nil)
        instances[instance.id] = nil
        // One that is reaped already does not end again, and its number is free for others.
        if let shim = instance.process?.shim, !instance.shimIsReaped { leaving.insert(shim) }
        tell(.gone(instance.id, Evidence(lines: instance.log.lastLines, outOfMemoryKills: kills)))
    }

    /// In its own group, or in the container since it started, where it has none that counts.
    private func outOfMemoryKills(of instance: ServiceInstance) -> Int {
        if let kills = instance.group?.outOfMemoryKills() { return kills }
        guard let before = instance.killsBefore, let now = containerMemory.read().outOfMemoryKills else { return 0 }
        return max(0, now - before)
    }

    /// Children of ours that are expected.
    private var known: Set<ProcessID> {
        Set(instances.values.compactMap { $0.isShimless ? nil : $0.process?.shim }).union(helpers).union(leaving)
    }

    /// Processes of ours that are none of a service; they are left alone.
    var helpers: Set<ProcessID> = []

    /// What hung below a shim that was killed hangs below us now.
    private func sweepShimless() {
        for instance in instances.values.filter(\.isShimless) {
            guard let process = instance.process else { continue }
            let others = instances.values.filter { $0 !== instance }.compactMap { $0.process?.instance.mark }
            let claim = StrayClaim.read(of: process.instance, known: known, others: Set(others))
            for pid in claim.claimed { Glibc.kill(pid, SIGKILL) }
            for pid in claim.unclaimed where instance.unclaimed.insert(pid).inserted {
                log.log(
                    .warning,
                    "a process without an owner is ended with \(instance.definition.name), whose shim was killed: it may be of its tree",
                    [("of_process", .integer(Int(pid)))])
            }
            for pid in claim.unclaimed { Glibc.kill(pid, SIGKILL) }
            instance.group?.kill()
            if claim.isEmpty, instance.group?.isEmpty ?? true {
                instance.isShimless = false
                end(instance)
            }
        }
        // Each death is told by SIGCHLD, but not that of a process whose parent is not us yet.
        guard sweep == nil, instances.values.contains(where: \.isShimless) else { return }
        sweep = loop.after(.milliseconds(50)) { [unowned self] in
            sweep = nil
            sweepShimless()
        }
    }

    // MARK: Reaping

    /// Collects all children that have ended.
    ///
    /// - Parameter helperEnded: told of the end of each of the ``helpers``.
    func reap(helperEnded: (ProcessID) -> Void) {
        let shims = instances.values.compactMap { $0.process?.shim }
        ChildReaper.reap(awaited: shims + helpers) { ended in
            if let instance = instances.values.first(where: { $0.process?.shim == ended.pid }) {
                instance.shimIsReaped = true
                instance.process?.shimEnded()
            } else if leaving.remove(ended.pid) != nil {
                return
            } else if helpers.remove(ended.pid) != nil {
                helperEnded(ended.pid)
            } else {
                orphans.add(ended)
            }
        }
        if instances.values.contains(where: \.isShimless) { sweepShimless() }
        reportOrphans()
    }

    private func reportOrphans() {
        let now = EventLoop.now()
        if let report = orphans.takeReport(at: now) {
            let what =
                report.count == 1
                ? "an orphan that no service claims has" : "\(report.count) orphans that no service claims have"
            log.log(
                .info, "\(what) ended and been reaped",
                [
                    ("last_process", .integer(Int(report.last.pid))),
                    ("last_status", "\(Exit(waitStatus: report.last.status))"),
                    ("cpu_seconds", .number(report.usage.processorTime.inSeconds)), ("total", .integer(report.total)),
                ])
        }
        guard orphanReport == nil, let due = orphans.reportDue else { return }
        orphanReport = loop.after(.nanoseconds(Int64(due > now ? due - now : 0))) { [unowned self] in
            orphanReport = nil
            reportOrphans()
        }
    }
}

/// One start of a service, while anything of it is left.
final class ServiceInstance {
    let id: InstanceID
    let definition: ServiceDefinition
    let log: InstanceLog
    var process: ServiceProcess?
    var group: ControlGroup?
    var checks: HealthChecker.Series?
    /// Its main process; when its watchdog was last heard, or excused, and what it had run and waited by then.
    var pid: ProcessID?
    var lastBeat: (times: SchedulerTimes, at: UInt64)?
    var excuses = 0
    /// Its shim was killed; what it held is with us.
    var isShimless = false
    var shimIsReaped = false
    /// Processes that were ended with it though nobody knows whose they were.
    var unclaimed: Set<ProcessID> = []
    /// Out-of-memory kills in the container before it started; nil where nobody counts, or it does not matter.
    var killsBefore: Int?

    /// Enough to be what the kernel ends when there is none left; for others the count is not worth its time.
    var needsMuchMemory: Bool { definition.usesGPU || definition.role == .engine }

    init(id: InstanceID, definition: ServiceDefinition, log: InstanceLog) {
        self.id = id
        self.definition = definition
        self.log = log
    }
}

extension Launch {
    /// - Throws: `AccountFile.Problem` for a user or group that does not exist.
    fileprivate init(_ definition: ServiceDefinition, groups: [String]) throws {
        let options = definition.options
        self.init(
            command: definition.command, environment: definition.environment, directory: options.directory,
            identity: try options.user.map { try AccountFile.read().resolve($0).identity },
            limits: options.limits.sorted { $0.key < $1.key }.compactMap { name, limit in
                ResourceLimit.Resource(rawValue: name).map { ResourceLimit($0, soft: limit.soft, hard: limit.hard) }
            },
            outOfMemoryScore: options.outOfMemoryScore, nice: options.nice, controlGroups: groups)
    }
}
