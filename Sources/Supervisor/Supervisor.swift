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
    var configuration: Configuration
    let readSettings: (_ running: Configuration) throws(SettingsError) -> Configuration
    let loop: ProcessHost.EventLoop
    let log: LogHub
    var machine: ContainerMachine
    let keeper: StateKeeper
    let measured: Measurements
    let metrics: MetricsAccess
    let desk: ControlDesk
    private let mailbox: Mailbox<Message>
    private let group: any EventLoopGroup
    let manager: ServiceManager?
    let life: LifeRecord
    let start: StartTracker
    var estimating: ProcessHost.EventLoop.TimerToken?

    var port: PortHolder?
    var checker: HealthChecker?
    var folder: StateFolder?
    private var runFolder: RunFolder?
    var notify: NotifyReceiver?
    private var signals: SignalSource?
    // These speak to this object, which outlives them.
    lazy var host = InstanceHost(
        loop: loop, log: log, measured: measured, programs: programs, tell: { [unowned self] in handle($0) },
        saysItServes: { [unowned self] in checkNow($0) })
    lazy var memory = GPUMemory(
        loop: loop, log: log, program: "\(programs)/coxswain", environment: configuration.helperEnvironment,
        started: { [unowned self] in host.helpers.insert($0) }, read: { [measured] in measured.read($0) },
        released: { [unowned self] in handle(.memoryReleased(service: $0)) })

    lazy var readAhead = ReadAhead(loop: loop, log: log) { [unowned self] in host.helpers.insert($0) }
    lazy var caches = EngineCaches(loop: loop, log: log, settings: configuration.engineCache)

    private let programs: String
    var queue: [Event] = []
    var handling = false
    var interrupts = 0
    /// The revision that says "not ready", once a stop was asked for.
    var drainRevision: UInt64?
    /// When a stop that was asked for must be over; nanoseconds of the loop's clock.
    var graceEnds: UInt64?
    var exitCode: ExitCode?
    private let environment: [String: String]
    private let isTerminal: Bool
    /// By service: what it last said before it ended.
    var lastLines: [Int: [String]] = [:]
    /// Why the container ends, where it is not for a service.
    private var finalWord: String?
    /// What the last reload did, by names of services.
    var reloaded: (added: [String], changed: [String], removed: [String]) = ([], [], [])

    enum Message: Sendable {
        case event(Event)
        case acknowledged(UInt64)
        case command(Event.Command, service: String)
        case gpusWanted
        case reload(@Sendable (ControlSources.ReloadAnswer) -> Void)
    }

    /// - Parameters:
    ///   - readSettings: reads the settings again, keeping what cannot change while the container runs.
    ///   - programs: the folder of our own programs.
    ///   - environment: this process's own.
    ///   - isTerminal: somebody looks at standard output.
    package init(
        readSettings: @escaping (_ running: Configuration) throws(SettingsError) -> Configuration,
        configuration: Configuration, programs: String, environment: [String: String], isTerminal: Bool
    ) throws {
        self.configuration = configuration
        self.environment = environment
        self.isTerminal = isTerminal
        self.readSettings = readSettings
        self.programs = programs
        loop = try ProcessHost.EventLoop()
        mailbox = try Mailbox()
        log = LogHub(loop: loop, format: Self.format(configuration, isTerminal), color: isTerminal)
        let now = Self.now()
        machine = ContainerMachine(
            configuration.services, policy: configuration.policy, seed: UInt64.random(in: .min ... .max), at: now)
        keeper = StateKeeper(configuration: configuration, now: now, mask: log.redacted)
        measured = Measurements(
            services: configuration.services, at: now, log: log.measure,
            askGPUs: { [mailbox] in mailbox.post(.gpusWanted) })
        metrics = MetricsAccess(configuration)
        desk = ControlDesk(configuration)
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        manager = ServiceManager(loop: loop)
        life = LifeRecord(loop: loop)
        start = StartTracker(loop: loop, services: configuration.services)
    }

    /// Runs the container until its end.
    package func run() -> ExitCode {
        setUpLog()
        let trouble = OwnStandardError.takeOver(
            messageFile: TerminationMessage.file(environment), json: Self.format(configuration, isTerminal) == .json)
        if let trouble { log.log(.warning, trouble) }
        do {
            try prepare()
            begin()
            try loop.run()
            letLingerersFinish()
        } catch let problem as Preflight.Problem {
            finalWord = problem.message
            exitCode = problem.code
        } catch {
            finalWord = Self.explain(error, configuration)
            exitCode = .settings
        }
        readAhead.cancel()
        let code = exitCode ?? .internalFault
        if let finalWord { log.log(.error, finalWord) }
        ChildReaper.reapAll(within: 200)
        host.end()
        if let folder { life.end(in: folder.path) }
        if let runFolder { unlink(runFolder.controlSocket) }
        log.log(code == .stopped ? .info : .error, "coxswain exits", [("status", .integer(Int(code.rawValue)))])
        leaveWord(code)
        log.flush()
        return code
    }

    /// For whoever finds the container dead.
    private func leaveWord(_ code: ExitCode) {
        guard code != .stopped else { return }
        let index = finalWord == nil ? machine.services.firstIndex { $0.hasFailed } : nil
        let message = TerminationMessage(
            code: code, why: finalWord ?? machine.reason, service: index.map { machine.services[$0] },
            lastLines: index.flatMap { lastLines[$0] } ?? [])
        message.masked(log.redacted).write(to: TerminationMessage.file(environment))
    }

    static func format(_ configuration: Configuration, _ isTerminal: Bool) -> RecordFormat {
        configuration.logFormat.flatMap(RecordFormat.init) ?? (isTerminal ? .console : .json)
    }

    func setUpLog() {
        log.write(as: Self.format(configuration, isTerminal), color: isTerminal)
        log.show(from: configuration.logLevel.flatMap(Record.Level.init) ?? .info)
        let environments = [environment] + configuration.services.map(\.environment)
        log.keepSecret(environments.flatMap { Redaction.secrets(in: $0) })
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
        let measured = measured
        let metrics = metrics
        let port = try PortHolder(
            host: configuration.listen.host, port: configuration.listen.port,
            staysClosed: configuration.beforeReady == .closed, group: group,
            sources: .init(
                state: { snapshot.state }, measure: { measured.reading() },
                metricsAreOpen: { metrics.isOpen }))
        port.take()
        self.port = port
        log.log(
            .info, "coxswain \(Version.current) answers on \(configuration.listen)",
            [("cores", .integer(CoreCount.available()))])
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
                [("folder", .text(folder.path)), ("why", .text(weakness))])
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
            group: group, users: users,
            sources: desk.sources(
                log: log.recent, reading: { measured.reading() },
                reload: { [mailbox] in mailbox.post(.reload($0)) }),
            acknowledged: { [mailbox] in mailbox.post(.acknowledged($0)) },
            command: { [mailbox] command, service in
                if let command = Event.Command(rawValue: command) { mailbox.post(.command(command, service: service)) }
            })
        _ = server.accept(on: try UnixSocket.listen(at: runFolder.controlSocket))
        keeper.connect(server)
        if !users.isSubset(of: [geteuid()]) { runFolder.open() }
        checker = HealthChecker(loop: group.next(), measured: measured) { [mailbox] in mailbox.post(.event($0)) }

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
            caches.gpus = report
            handle(.begin)
        }
    }

    static func now() -> Instant { Instant(.nanoseconds(Int64(ProcessHost.EventLoop.now()))) }
}
