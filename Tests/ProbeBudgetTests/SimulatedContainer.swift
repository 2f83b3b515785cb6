import Health
import Lifecycle
import Settings

/// A container with the default settings under a virtual clock of whole seconds: its core is the real one, and its
/// processes do what the story says.
struct SimulatedContainer {
    /// What the engine does each time it is started.
    enum Engine {
        case readyAfter(Int)
        /// It never becomes ready; its log goes on telling of progress until this second of it.
        case hangs(progressUntil: Int)
    }

    private(set) var now = 0
    /// When the first service failed, and why: our own diagnosis.
    private(set) var diagnosis: (at: Int, cause: String)?
    /// When PID 1 left.
    private(set) var endedAt: Int?
    /// Connections are refused until the api listens for the first time.
    private var isClosed: Bool
    private var machine: ContainerMachine
    private var engine: Engine
    private var pending: [(at: Int, event: Event)] = []

    init(_ configuration: Configuration, engine: Engine) {
        machine = ContainerMachine(configuration.services, policy: configuration.policy, seed: 1, at: Instant(.zero))
        self.engine = engine
        isClosed = configuration.beforeReady == .closed
        handle(.begin)
    }

    var isReady: Bool { machine.isCalledReady }

    /// Whether somebody accepts a connection.
    var accepts: Bool { endedAt == nil && !isClosed }

    /// What a probe gets; nil when it cannot connect.
    func status(of path: String) -> Int? {
        guard accepts, let phase = ContainerState.Phase(rawValue: machine.phase.rawValue) else { return nil }
        let state = ContainerState(
            phase: phase, ready: machine.isCalledReady, startedOnce: machine.startedOnce, held: machine.isHeld,
            reason: machine.reason)
        return state.answer(HealthRequest(path: path), now: Double(now), heard: Double(now))?.status
    }

    mutating func passSecond() {
        now += 1
        // The api says that it is alive.
        for (index, service) in machine.services.enumerated() where service.definition.watchdog != nil {
            if let id = machine.services[index].live?.instance { handle(.notified(id, .alive)) }
        }
        while let index = pending.firstIndex(where: { $0.at <= now }) { handle(pending.remove(at: index).event) }
        handle(.tick)
    }

    /// The engine dies; started again it does as `next` says.
    mutating func killEngine(next: Engine) {
        engine = next
        guard let id = machine.services.first(where: { $0.definition.role == .engine })?.live?.instance else { return }
        handle(.exited(id, .signal(9)))
        handle(.gone(id, Evidence()))
    }

    private mutating func handle(_ event: Event) {
        guard endedAt == nil else { return }
        for action in machine.handle(event, at: Instant(.seconds(now))) { perform(action) }
    }

    private mutating func perform(_ action: Action) {
        switch action {
        case .spawn(let id):
            pending.append((now, .spawned(id, pid: Int32(100 + id.number))))
            let service = machine.services[id.service].definition
            switch service.role {
            case .engine: start(id)
            case .api: pending.append((now + 1, .ready(id)))
            default:
                pending.append((now + 5, .exited(id, .code(0))))
                pending.append((now + 5, .gone(id, Evidence())))
            }
        case .watch(let id):
            // Well, for as long as it lives.
            for second in stride(from: now + 5, to: now + 2000, by: 5) {
                pending.append((second, .watched(id, problem: nil)))
            }
        case .handOverPort: isClosed = false
        case .sendCanary(let id): pending.append((now, .canaryAnswered(id, .alive)))
        case .kill(let id), .signal(let id, _):
            // It hangs, but it is no more than a process.
            pending.append((now + 1, .exited(id, .signal(9))))
            pending.append((now + 1, .gone(id, Evidence())))
        case .awaitMemory(let service): pending.append((now + 1, .memoryReleased(service: service)))
        case .report(.failed(_, let failure, _)):
            diagnosis = diagnosis ?? (now, failure.cause)
        case .finish: endedAt = now
        default: break
        }
    }

    private mutating func start(_ id: InstanceID) {
        let moves: Int
        switch engine {
        case .readyAfter(let seconds):
            moves = seconds
            pending.append((now + seconds, .ready(id)))
        case .hangs(let until): moves = until
        }
        for second in stride(from: 10, to: moves, by: 20) {
            pending.append((now + second, .progressed(id, .init(phase: "loading weights"))))
        }
    }
}
