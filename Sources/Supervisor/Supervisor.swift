import ControlProtocol
import GPU
import Glibc
import Health
package import Lifecycle
import NIOCore
import NIOPosix
import OperatorLog
import ProcessHost
import PublicPort
package import Settings
import Storage

/// PID 1 put together: what happens becomes an event of the core, and what the core decides is done here.
///
/// One thread decides, the one that calls ``run()``. A second one speaks HTTP and reaches it through the mailbox.
package final class Supervisor {
    private var configuration: Configuration
    private let readSettings: () throws(SettingsError) -> Configuration
    private let loop: ProcessHost.EventLoop
    private let log: LogHub
    private var machine: ContainerMachine
    private let keeper: StateKeeper
    private let mailbox: Mailbox<Message>
    private let group: any EventLoopGroup
    private let manager: ServiceManager?
    private let life: LifeRecord
    private let start: StartTracker
    private var estimating: ProcessHost.EventLoop.TimerToken?

    private var port: PortHolder?
    private var checker: HealthChecker?
    private var folder: StateFolder?
    private var runFolder: RunFolder?
    private var notify: NotifyReceiver?
    private var signals: SignalSource?
    // These speak to this object, which outlives them.
    private lazy var host = InstanceHost(
        loop: loop, log: log, programs: programs, tell: { [unowned self] in handle($0) },
        saysItServes: { [unowned self] in checkNow($0) })
    private lazy var memory = GPUMemory(
        loop: loop, log: log, program: "\(programs)/coxswain", environment: configuration.helperEnvironment,
        started: { [unowned self] in host.helper = $0 },
        released: { [unowned self] in handle(.memoryReleased(service: $0)) })

    private let programs: String
    private var queue: [Event] = []
    private var handling = false
    private var interrupts = 0
    /// The revision that says "not ready", once a stop was asked for.
    private var drainRevision: UInt64?
    /// When a stop that was asked for must be over; nanoseconds of the loop's clock.
    private var graceEnds: UInt64?
    private var exitCode: ExitCode?

    private enum Message: Sendable {
        case event(Event)
        case acknowledged(UInt64)
        case command(Event.Command, service: String)
    }

    /// - Parameters:
    ///   - readSettings: reads the settings; at once, and again at SIGHUP.
    ///   - programs: the folder of our own programs.
    ///   - color: colours in the console form.
    package init(
        readSettings: @escaping () throws(SettingsError) -> Configuration, configuration: Configuration,
        programs: String, logFormat: RecordFormatChoice, color: Bool
    ) throws {
        self.configuration = configuration
        self.readSettings = readSettings
        self.programs = programs
        loop = try ProcessHost.EventLoop()
        mailbox = try Mailbox()
        log = LogHub(loop: loop, format: logFormat == .json ? .json : .console, color: color)
        let now = Self.now()
        machine = ContainerMachine(
            configuration.services, policy: configuration.policy, seed: UInt64.random(in: .min ... .max), at: now)
        keeper = StateKeeper(configuration: configuration, now: now)
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        manager = ServiceManager(loop: loop)
        life = LifeRecord(loop: loop)
        start = StartTracker(loop: loop, services: configuration.services)
    }

    package enum RecordFormatChoice: Sendable { case json, console }

    /// Runs the container until its end.
    package func run() -> ExitCode {
        do {
            try prepare()
            begin()
            try loop.run()
            letLingerersFinish()
        } catch let problem as Preflight.Problem {
            log.log(.error, problem.message)
            exitCode = problem.code
        } catch {
            log.log(.error, Self.explain(error, configuration))
            exitCode = .settings
        }
        let code = exitCode ?? .internalFault
        ChildReaper.reapAll(within: 200)
        host.end()
        if let folder { life.end(in: folder.path) }
        if let runFolder { unlink(runFolder.controlSocket) }
        log.log(code == .stopped ? .info : .error, "coxswain exits", [("status", "\(code.rawValue)")])
        log.flush()
        return code
    }

    /// Clients that were answered before they had sent everything would lose the answer at our exit: as long as they send,
    /// for a second at most, and never beyond the grace of the stop.
    private func letLingerersFinish() {
        // New ones are still accepted and answered: whoever waited in the queue would be reset.
        var end = ProcessHost.EventLoop.now() + 1_000_000_000
        if let graceEnds { end = min(end, graceEnds) }
        while LingerBudget.shared.inUse > 0, ProcessHost.EventLoop.now() < end { usleep(5000) }
    }

    /// What cannot be made at the start is a matter of settings: says which.
    private static func explain(_ error: any Error, _ configuration: Configuration) -> String {
        switch error {
        case let error as SystemError where error.code == EADDRINUSE:
            "\(error): another program has the port; set PORT or `listen`, or stop it"
        case StateFolder.Problem.system(let error):
            "\(error): make \(configuration.stateDirectory) writable for uid \(geteuid()), or set STATE_DIR or OUTPUT_DIR"
        case StateFolder.Problem.taken:
            "\(error): give each container its own STATE_DIR"
        default:
            "\(error)"
        }
    }

    // MARK: Preparation

    private func prepare() throws {
        // The port first: from here on nobody is refused.
        let snapshot = keeper.current
        let port = try PortHolder(
            host: configuration.listen.host, port: configuration.listen.port,
            staysClosed: configuration.beforeReady == .closed, group: group, state: { snapshot.state })
        port.take()
        self.port = port
        log.log(
            .info, "coxswain \(Version.current) answers on \(configuration.listen)",
            [("pid", "\(getpid())"), ("cores", "\(CoreCount.available())")])
        log.log(.info, "\(configuration.engine)")
        for note in configuration.notes { log.log(.info, note) }

        try mailbox.deliver(on: loop) { [unowned self] in receive($0) }
        signals = try SignalSource(loop: loop) { [unowned self] in signalled($0) }
        if getpid() != 1, !ChildReaper.becomeSubreaper() {
            log.log(.warning, "the kernel refuses PR_SET_CHILD_SUBREAPER: what a killed shim leaves behind may survive")
        }
        try Preflight.check(configuration)

        let folder = try StateFolder(path: configuration.stateDirectory)
        self.folder = folder
        if let weakness = StorageDurability.of(folder: folder.path).weakness {
            log.log(
                .warning, "documents in work do not survive this container: the state folder is not durable",
                [("folder", folder.path), ("why", weakness)])
            keeper.noteDurability(weakness)
        }
        let runFolder = try RunFolder.choose(stateFolder: folder.path)
        self.runFolder = runFolder
        if let note = runFolder.note { log.log(.warning, note) }
        notify = try NotifyReceiver(loop: loop, path: runFolder.notifySocket) { [unowned self] sender, fields in
            notified(by: sender, fields)
        }
        let users = Set(
            configuration.services.compactMap(\.options.user).compactMap {
                try? AccountFile.read().resolve($0).identity.user
            })
        let server = ControlServer(
            group: group, users: users, acknowledged: { [mailbox] in mailbox.post(.acknowledged($0)) },
            command: { [mailbox] command, service in
                if let command = Event.Command(rawValue: command) { mailbox.post(.command(command, service: service)) }
            })
        _ = server.accept(on: try UnixSocket.listen(at: runFolder.controlSocket))
        keeper.connect(server)
        if !users.isSubset(of: [geteuid()]) { runFolder.open() }
        checker = HealthChecker(loop: group.next()) { [mailbox] in mailbox.post(.event($0)) }

        host.surroundings.notifySocket = runFolder.notifySocket
        host.surroundings.controlSocket = runFolder.controlSocket
        host.surroundings.sockets = ["http": port.descriptor]
        if let story = life.story(in: folder.path) { log.log(.warning, story) }
        life.write(machine.phase.rawValue, in: folder.path)
        host.begin(in: folder.path)
        start.begin(in: folder.path, at: Self.now())
        host.surroundings.groups = StartReport.write(configuration, stateFolder: folder.path, to: log)
    }

    private func begin() {
        guard configuration.services.contains(where: \.usesGPU) else { return handle(.begin) }
        // How much memory is in use is read before anybody of ours uses some.
        memory.readBefore { [unowned self] report in
            log.log(report.gpus.isEmpty ? .warning : .info, "GPU: \(report.summary)")
            handle(.begin)
        }
    }

    // MARK: Events

    private static func now() -> Instant { Instant(.nanoseconds(Int64(ProcessHost.EventLoop.now()))) }

    private func handle(_ event: Event) {
        queue.append(event)
        // What is done about one event may be the next one; they are handled in the order in which they happened.
        guard !handling else { return }
        handling = true
        while !queue.isEmpty {
            let event = queue.removeFirst()
            if case .progressed(let id, .some(let progress)) = event { tell(progress, of: id) }
            for action in machine.handle(event, at: Self.now()) { perform(action) }
        }
        handling = false
        publish()
        scheduleTick()
    }

    /// While something is being started the time left is told every second, since it passes.
    private func publish() {
        let isStarting = [.preloading, .starting, .warming, .degraded].contains(machine.phase)
        keeper.update(from: machine, start: isStarting ? start.value(at: Self.now()) : nil)
        guard isStarting, estimating == nil else { return }
        estimating = loop.after(.seconds(1)) { [unowned self] in
            estimating = nil
            publish()
        }
    }

    private func scheduleTick() {
        let deadline = machine.nextDeadline.map { instant in
            let parts = instant.sinceBeginning.components
            return UInt64(parts.seconds) * 1_000_000_000 + UInt64(parts.attoseconds / 1_000_000_000)
        }
        loop.setDeadline(deadline) { [unowned self] in
            excuseTheStarved()
            handle(.tick)
        }
    }

    private func excuseTheStarved() {
        for id in machine.overdueWatchdogs(at: Self.now()) where host.excuse(id) {
            let name = machine.services[id.service].definition.name
            log.log(
                .warning,
                "\(name) was not heard in time because it was not given a processor: it gets more time; this container "
                    + "needs more cores, or an engine that leaves it one (OMP_NUM_THREADS)")
            handle(.notified(id, .alive))
        }
    }

    private func receive(_ message: Message) {
        switch message {
        case .event(let event):
            handle(event)
            if case .watched = event { keeper.heartbeat() }
        case .command(let command, let name):
            let service = machine.services.firstIndex { $0.definition.name == name && !$0.isRetired }
            if let service { handle(.command(command, service: service)) }
        case .acknowledged(let revision):
            if let drainRevision, revision >= drainRevision { handle(.unreadyAnnounced) }
        }
    }

    private func signalled(_ number: CInt) {
        switch number {
        case SIGCHLD:
            host.reap { [unowned self] in memory.ended($0) }
        case SIGTERM, SIGQUIT:
            requestStop(Signal.name(number))
        case SIGINT:
            interrupts += 1
            if interrupts == 1 { requestStop("SIGINT") } else { handle(.hurry(interrupts - 1)) }
        case SIGHUP:
            reload()
        case SIGUSR1:
            log.log(.info, "state", [("state", JSONText.encode(keeper.current.state))])
        default:
            host.forward(number)
        }
    }

    private func requestStop(_ by: String) {
        handle(.stopRequested(by: "asked to stop by \(by)"))
        // A second request changes nothing: orchestrators send it twice.
        if drainRevision == nil {
            drainRevision = keeper.current.state.revision
            let grace = configuration.policy.shutdownGrace
            graceEnds = ProcessHost.EventLoop.now() + UInt64(max(0, grace.inSeconds) * 1e9)
            manager?.needsTime(configuration.policy.shutdownGrace)
        }
    }

    private func notified(by sender: ProcessID, _ fields: [(key: String, value: String)]) {
        // Anybody in the container may reach the socket; only a service's own processes may speak for it.
        guard let id = host.owner(of: sender) else { return }
        let isAsked = machine.services[id.service].definition.ready.check == .notify
        for event in NotifyMessage.events(of: id, fields, isAskedForReady: isAsked) {
            if case .notified(_, .alive) = event { host.beat(id) }
            handle(event)
        }
    }

    // MARK: Settings

    private func reload() {
        log.log(.info, "reading the settings again (SIGHUP)")
        let read = { [self] in
            do {
                let new = try readSettings()
                try Preflight.check(new)
                for name in configuration.fixedDifferences(from: new) {
                    log.log(
                        .warning, "`\(name)` is other than before: that takes effect when the container starts anew")
                }
                configuration.services = new.services
                start.reloaded(new.services)
                handle(.reload(new.services))
            } catch let error as SettingsError {
                log.log(.error, "the settings are wrong, and nothing was changed: \(error)")
            } catch {
                let why = (error as? Preflight.Problem)?.message ?? "\(error)"
                log.log(.error, "the settings cannot work, and nothing was changed: \(why)")
            }
        }
        if let manager { manager.whileReloading(read) } else { read() }
    }

    // MARK: Actions

    private func perform(_ action: Action) {
        switch action {
        case .spawn(let id):
            let definition = machine.services[id.service].definition
            memory.forget(id.service)
            if !machine.startedOnce { manager?.needsTime(definition.ready.within + .seconds(10)) }
            start.started(definition, at: Self.now())
            host.start(id, definition)
        case .signal(let id, let number):
            host.signal(id, number)
            // One that is stopped could not say where it hangs.
            if number == SIGABRT { host.signal(id, SIGCONT) }
        case .signalDescendants(let id, let number):
            host.signalDescendants(id, number)
            if number == SIGABRT { host.signalDescendants(id, SIGCONT) }
        case .kill(let id): host.kill(id)
        case .checkReadiness(let id):
            guard case .http(let url, let every) = machine.services[id.service].definition.ready.check else { return }
            let checks = HealthChecker.Series()
            host.setChecks(id, checks)
            checker?.untilReady(id, url: url, every: every, series: checks)
        case .watch(let id):
            guard let watch = machine.services[id.service].definition.watch else { return }
            let checks = HealthChecker.Series()
            host.setChecks(id, checks)
            checker?.watch(id, watch, series: checks)
        case .sendCanary(let id):
            guard let canary = machine.services[id.service].definition.watch?.canary, let checks = host.checks(of: id)
            else { return }
            checker?.sendCanary(id, canary, series: checks)
        case .unwatch(let id): host.setChecks(id, nil)
        case .handOverPort: port?.release()
        case .takePortBack: port?.take()
        case .awaitMemory(let service): memory.awaitRelease(service, machine.services[service].definition)
        case .report(let report): tell(report)
        case .finish(let code):
            exitCode = code
            loop.stop()
        }
    }

    private func checkNow(_ id: InstanceID) {
        let definition = machine.services[id.service].definition
        guard case .http(let url, let every) = definition.ready.check, let checks = host.checks(of: id) else { return }
        checker?.askNow(id, url: url, every: every, series: checks)
    }

    /// Once a step, however often its log says so.
    private func tell(_ progress: Event.Progress, of id: InstanceID) {
        let service = machine.services[id.service]
        let isNew = service.live?.progress?.phase != progress.phase
        let now = Self.now()
        start.progressed(service.definition, progress, at: now)
        guard isNew, service.live?.instance == id else { return }
        let left = start.value(at: now).map { ", about \(Int($0.remaining.inSeconds.rounded(.up))) s more" } ?? ""
        log.log(.info, "\(service.definition.name): \(progress.phase)\(left)")
        manager?.status("\(machine.phase.rawValue): \(service.definition.name) is \(progress.phase)\(left)")
    }

    private func tell(_ report: Report) {
        let line = Narrator.line(for: report, services: machine.services)
        log.log(line.level, line.message, line.fields)
        switch report {
        case .ready(let id, _):
            host.becameReady(id)
        case .phase(let phase, let reason):
            if phase == .ready { start.finished(at: Self.now()) }
            manager?.changed(phase, reason: reason, isReady: machine.isReady)
            if let folder { life.changed(phase.rawValue, in: folder.path) }
        default: break
        }
    }
}
