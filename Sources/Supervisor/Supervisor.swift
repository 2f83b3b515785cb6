import ControlProtocol
import Glibc
import Health
package import Lifecycle
import NIOCore
import NIOPosix
import OperatorLog
import ProcessHost
package import Settings

/// PID 1 put together: what happens becomes an event of the core, and what the core decides is done here.
///
/// One thread decides, the one that calls ``run()``. A second one speaks HTTP and reaches it through the mailbox.
package final class Supervisor {
    private let configuration: Configuration
    private let programs: String
    private let loop: ProcessHost.EventLoop
    private let log: LogHub
    private var machine: ContainerMachine
    private let keeper: StateKeeper
    private let mailbox: Mailbox<Message>

    private let group: any EventLoopGroup
    private var port: PortHolder?
    private var checker: HealthChecker?
    private var folder: StateFolder?
    private var runFolder: RunFolder?
    private var notify: NotifyReceiver?
    private var signals: SignalSource?

    private var processes: [InstanceID: ServiceProcess] = [:]
    private var series: [InstanceID: HealthChecker.Series] = [:]
    /// Instances whose shim was killed, until what it held is gone.
    private var shimless: Set<InstanceID> = []
    private var queue: [Event] = []
    private var handling = false
    private var interrupts = 0
    /// The revision that says "not ready", once a stop was asked for.
    private var drainRevision: UInt64?
    private var exitCode: ExitCode?

    private enum Message: Sendable {
        case event(Event)
        case acknowledged(UInt64)
    }

    /// - Parameters:
    ///   - programs: the folder of our own programs.
    ///   - color: colours in the console form.
    package init(
        configuration: Configuration, programs: String, logFormat: RecordFormatChoice, color: Bool
    ) throws {
        self.configuration = configuration
        self.programs = programs
        loop = try ProcessHost.EventLoop()
        mailbox = try Mailbox()
        log = LogHub(loop: loop, format: logFormat == .json ? .json : .console, color: color)
        let now = Self.now()
        machine = ContainerMachine(
            configuration.services, policy: configuration.policy, seed: UInt64.random(in: .min ... .max), at: now)
        keeper = StateKeeper(configuration: configuration, now: now)
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }

    package enum RecordFormatChoice: Sendable { case json, console }

    /// Runs the container until its end.
    package func run() -> ExitCode {
        do {
            try prepare()
            handle(.begin)
            try loop.run()
        } catch let problem as Preflight.Problem {
            log.log(.error, problem.message)
            exitCode = problem.code
        } catch {
            log.log(.error, Self.explain(error, configuration))
            exitCode = .settings
        }
        let code = exitCode ?? .internalFault
        ChildReaper.reapAll(within: 200)
        if let runFolder { unlink(runFolder.controlSocket) }
        log.log(code == .stopped ? .info : .error, "coxswain exits", [("status", "\(code.rawValue)")])
        log.flush()
        return code
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
            host: configuration.listen.host, port: configuration.listen.port, group: group, state: { snapshot.state })
        port.take()
        self.port = port
        log.log(
            .info, "coxswain \(Version.current) answers on \(configuration.listen)",
            [("pid", "\(getpid())"), ("cores", "\(CoreCount.available())")])
        for note in configuration.notes { log.log(.info, note) }

        try mailbox.deliver(on: loop) { [unowned self] in receive($0) }
        signals = try SignalSource(loop: loop) { [unowned self] in signalled($0) }
        if getpid() != 1, !ChildReaper.becomeSubreaper() {
            log.log(.warning, "the kernel refuses PR_SET_CHILD_SUBREAPER: what a killed shim leaves behind may survive")
        }
        try Preflight.check(configuration)

        let folder = try StateFolder(path: configuration.stateDirectory)
        self.folder = folder
        let runFolder = try RunFolder.choose(stateFolder: folder.path)
        self.runFolder = runFolder
        if let note = runFolder.note { log.log(.warning, note) }
        notify = try NotifyReceiver(loop: loop, path: runFolder.notifySocket) { [unowned self] sender, fields in
            notified(by: sender, fields)
        }
        let server = ControlServer(group: group) { [mailbox] in mailbox.post(.acknowledged($0)) }
        _ = server.accept(on: try UnixSocket.listen(at: runFolder.controlSocket))
        keeper.connect(server)
        checker = HealthChecker(loop: group.next()) { [mailbox] in mailbox.post(.event($0)) }
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
            for action in machine.handle(event, at: Self.now()) { perform(action) }
        }
        handling = false
        keeper.update(from: machine)
        scheduleTick()
    }

    private func scheduleTick() {
        let deadline = machine.nextDeadline.map { instant in
            let parts = instant.sinceBeginning.components
            return UInt64(parts.seconds) * 1_000_000_000 + UInt64(parts.attoseconds / 1_000_000_000)
        }
        loop.setDeadline(deadline) { [unowned self] in handle(.tick) }
    }

    private func receive(_ message: Message) {
        switch message {
        case .event(let event):
            handle(event)
            if case .watched = event { keeper.heartbeat() }
        case .acknowledged(let revision):
            if let drainRevision, revision >= drainRevision { handle(.unreadyAnnounced) }
        }
    }

    private func signalled(_ number: CInt) {
        switch number {
        case SIGCHLD:
            reap()
        case SIGTERM, SIGQUIT:
            requestStop(Signal.name(number))
        case SIGINT:
            interrupts += 1
            if interrupts == 1 { requestStop("SIGINT") } else { handle(.hurry(interrupts - 1)) }
        case SIGUSR1:
            log.log(.info, "state", [("state", JSONText.encode(keeper.current.state))])
        default:
            break
        }
    }

    private func requestStop(_ by: String) {
        handle(.stopRequested(by: "asked to stop by \(by)"))
        // A second request changes nothing: orchestrators send it twice.
        if drainRevision == nil { drainRevision = keeper.current.state.revision }
    }

    private func notified(by sender: ProcessID, _ fields: [(key: String, value: String)]) {
        // Anybody in the container may reach the socket; only a service's own processes may speak for it.
        guard let (id, _) = processes.first(where: { ProcessTree.isBelow(sender, $0.value.shim) }) else { return }
        for field in fields where field.key == "READY" && field.value == "1" {
            if machine.services[id.service].definition.ready.check == .notify { handle(.ready(id)) }
        }
    }

    private func reap() {
        ChildReaper.reapAll { pid, _ in
            processes.first { $0.value.shim == pid }?.value.shimEnded()
        }
        sweepStrays()
    }

    /// What hung below a shim that was killed hangs below us now.
    private func sweepStrays() {
        guard !shimless.isEmpty else { return }
        let strays = ChildReaper.strays(known: Set(processes.values.map(\.shim)))
        for pid in strays { kill(pid, SIGKILL) }
        guard strays.isEmpty else { return }
        let ids = shimless
        shimless = []
        for id in ids { handle(.gone(id)) }
    }

    // MARK: Actions

    private func perform(_ action: Action) {
        switch action {
        case .spawn(let id): spawn(id)
        case .signal(let id, let number): processes[id]?.signal(number)
        case .kill(let id): processes[id]?.kill()
        case .checkReadiness(let id):
            guard case .http(let url, let every) = machine.services[id.service].definition.ready.check else { return }
            let checks = HealthChecker.Series()
            series[id] = checks
            checker?.untilReady(id, url: url, every: every, series: checks)
        case .watch(let id):
            guard let watch = machine.services[id.service].definition.watch else { return }
            let checks = HealthChecker.Series()
            series[id] = checks
            checker?.watch(id, watch, series: checks)
        case .unwatch(let id):
            series.removeValue(forKey: id)?.stop()
        case .handOverPort: port?.release()
        case .takePortBack: port?.take()
        case .report(let report):
            let line = Narrator.line(for: report, services: machine.services)
            log.log(line.level, line.message, line.fields)
        case .finish(let code):
            exitCode = code
            loop.stop()
        }
    }

    private func spawn(_ id: InstanceID) {
        let definition = machine.services[id.service].definition
        var environment = definition.environment
        environment["NOTIFY_SOCKET"] = notify?.path
        environment[ControlEndpoint.environmentVariable] = runFolder?.controlSocket
        var sockets: [CInt] = []
        if !definition.sockets.isEmpty, let port {
            sockets = [port.descriptor]
            environment["LISTEN_FDS"] = String(sockets.count)
            environment["LISTEN_FDNAMES"] = definition.sockets.joined(separator: ":")
        }
        do {
            // Whoever has the port already would answer the readiness check in its place.
            if case .http(let text, _) = definition.ready.check, let url = HTTPURL(text),
                TCPListener.isTaken(host: url.host, port: url.port)
            {
                throw SystemError("start \(definition.name) on \(url.host):\(url.port)", code: EADDRINUSE)
            }
            let out = try log.pipe(service: definition.name)
            defer { close(out) }
            let error = try log.pipe(service: definition.name)
            defer { close(error) }
            processes[id] = try ServiceProcess(
                loop: loop, shimPath: "\(programs)/coxswain-shim", command: definition.command,
                environment: environment, output: (out, error), sockets: sockets
            ) { [unowned self] in changed(id, $0) }
        } catch {
            handle(.exited(id, .notStarted("\(error)")))
            handle(.gone(id))
        }
    }

    private func changed(_ id: InstanceID, _ change: ServiceProcess.Change) {
        switch change {
        case .started(let pid):
            handle(.spawned(id, pid: pid))
        case .notStarted(let why):
            handle(.exited(id, .notStarted(why)))
        case .exited(let status, _):
            handle(.exited(id, Exit(waitStatus: status)))
        case .gone:
            processes[id] = nil
            handle(.gone(id))
        case .shimLost:
            processes[id] = nil
            shimless.insert(id)
            handle(.exited(id, .unseen))
            sweepStrays()
        }
    }
}
