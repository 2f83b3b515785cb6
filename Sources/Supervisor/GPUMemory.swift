import GPU
import Lifecycle
import OperatorLog
import ProcessHost
import Readable

/// Knows how much GPU memory was in use before a service first started, and finds out when what its last instance held is
/// back. The driver is asked by `coxswain gpu`, a process that may hang without us.
final class GPUMemory {
    private let loop: ProcessHost.EventLoop
    private let log: LogHub
    private let program: String
    private let environment: [String: String]
    private let released: (Int) -> Void
    /// Told of each process that is started to ask.
    private let started: (ProcessID) -> Void
    private var before = GPUReport()
    private var waits: [Int: Wait] = [:]
    private var run: HelperRun?
    /// Who waits for the run that is under way.
    private var listeners: [(GPUReport?) -> Void] = []
    /// Told of each answer.
    private let read: (GPUReport) -> Void
    /// Readings follow each other as long as somebody waits.
    private var isPolling = false

    private struct Wait {
        var name: String
        var selection: DeviceSelection
        var release: MemoryRelease
        var since: UInt64
    }

    /// The driver may take seconds when it has not been used yet.
    private static let patience = Duration.seconds(10)
    private static let pause = Duration.milliseconds(500)

    /// - Parameters:
    ///   - program: path of `coxswain` itself.
    ///   - environment: of the helper: where to find the driver's library.
    ///   - started: called with the process id of each helper, which is then reaped and told of by ``ended(_:)``.
    ///   - read: called with what each question found.
    ///   - released: called with the index of a service whose memory is back, or will not come.
    init(
        loop: ProcessHost.EventLoop, log: LogHub, program: String, environment: [String: String],
        started: @escaping (ProcessID) -> Void, read: @escaping (GPUReport) -> Void,
        released: @escaping (Int) -> Void
    ) {
        self.loop = loop
        self.log = log
        self.program = program
        self.environment = environment
        self.started = started
        self.read = read
        self.released = released
    }

    /// Reads the level before any service has started; calls `done` with what was found.
    func readBefore(_ done: @escaping (GPUReport) -> Void) {
        ask { [self] report in
            before = report ?? GPUReport(problem: "the GPU driver does not answer")
            done(before)
        }
    }

    /// Somebody wants to know how things are. What is found is told as everything that is read.
    func refresh() {
        // Who waits for memory asks more often.
        if !isPolling { ask { _ in } }
    }

    func awaitRelease(_ service: Int, _ definition: ServiceDefinition) {
        let selection = DeviceSelection(definition.environment["CUDA_VISIBLE_DEVICES"])
        let selected = selection.select(from: before)
        let baseline = MemoryRelease.Memory(of: selected.devices)
        if let problem = selected.problem { log.log(.warning, "\(definition.name): \(problem)") }
        waits[service] = Wait(
            name: definition.name, selection: selection, release: MemoryRelease(baseline: baseline),
            since: EventLoop.now())
        // Where nothing could be read before, nothing can be read now.
        guard baseline != nil else { return end(service, .unknown) }
        if !isPolling { poll() }
    }

    /// The service starts: nothing is waited for any more.
    func forget(_ service: Int) { waits[service] = nil }

    /// A helper was reaped.
    func ended(_ pid: ProcessID) { run?.ended(pid) }

    private func poll() {
        isPolling = !waits.isEmpty
        guard isPolling else { return }
        ask { [self] report in
            let now = EventLoop.now()
            for (service, var wait) in waits {
                let memory = report.flatMap { MemoryRelease.Memory(of: wait.selection.select(from: $0).devices) }
                let verdict = wait.release.read(memory, at: .nanoseconds(Int64(now - wait.since)))
                waits[service] = wait
                if verdict != .wait { end(service, verdict) }
            }
            loop.after(Self.pause) { [weak self] in self?.poll() }
        }
    }

    private func end(_ service: Int, _ verdict: MemoryRelease.Verdict) {
        guard let wait = waits.removeValue(forKey: service) else { return }
        switch verdict {
        case .wait: break
        case .released:
            let time = Duration.nanoseconds(Int64(EventLoop.now() - wait.since))
            log.log(.info, "the GPU memory of \(wait.name) is back after \(time.readable)")
        case .settled(let above):
            let amount = above.map { "\(ByteCount.text($0)) of GPU memory are" } ?? "GPU memory is"
            log.log(
                .warning,
                "\(amount) still held, by somebody else: \(wait.name) is started all the same; look for other processes on this GPU"
            )
        case .unknown:
            log.log(.info, "how much GPU memory is free cannot be read here: \(wait.name) is not waited for")
        }
        released(service)
    }

    /// - Parameter answer: called with nil when the driver does not answer.
    private func ask(_ answer: @escaping (GPUReport?) -> Void) {
        // Who asks while another does hears the same.
        guard listeners.isEmpty else { return listeners.append(answer) }
        // One that hangs in the driver cannot be killed; a second one would hang beside it.
        guard run?.isGone ?? true else { return answer(nil) }
        listeners = [answer]
        let run = HelperRun(
            loop: loop, command: [program, "gpu", "--json"], environment: environment, deadline: Self.patience
        ) { [self] outcome in
            switch outcome {
            case .output(let bytes): answered(GPUReport.parse(bytes))
            case .tooMuchOutput: answered(nil)
            case .notStarted(let error):
                log.log(.warning, "the GPU cannot be asked: \(error)")
                answered(nil)
            case .timedOut(let pid):
                log.log(
                    .error,
                    "the GPU driver did not answer within \(Self.patience.readable): `coxswain gpu` was killed and is waited for no more; if this repeats, the node needs attention",
                    [("of_process", .integer(Int(pid)))])
                answered(nil)
            }
        }
        self.run = run
        if let pid = run.pid { started(pid) }
    }

    private func answered(_ report: GPUReport?) {
        let waiting = listeners
        listeners = []
        if let report { read(report) }
        for listener in waiting { listener(report) }
    }
}
