import Lifecycle
import OperatorLog
import ProcessHost

/// Has weights read into the page cache while the engine's libraries are loaded.
///
/// A helper and no service: nobody waits for it, nothing follows from how it ends, and there is nothing to say of it but how
/// long it took.
final class ReadAhead {
    private let loop: EventLoop
    private let log: LogHub
    /// Told of the process, which is then reaped and told of by ``ended(_:)``.
    private let started: (ProcessID) -> Void
    private var run: HelperRun?

    /// By then the engine has read everything itself.
    private static let patience = Duration.seconds(300)

    init(loop: EventLoop, log: LogHub, started: @escaping (ProcessID) -> Void) {
        self.loop = loop
        self.log = log
        self.started = started
    }

    /// - Parameter preload: the task that is done: `coxswain-preload fetch`. Any other program is somebody's own.
    func begin(after preload: ServiceDefinition) {
        guard preload.role == .preload, let program = preload.command.first,
            program.split(separator: "/").last == "coxswain-preload", run?.isGone ?? true
        else { return }
        let run = HelperRun(
            loop: loop, command: [program, "warm"], environment: preload.environment, deadline: Self.patience
        ) { [log] outcome in
            switch outcome {
            case .output(let bytes):
                let line = String(decoding: bytes.prefix(200).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
                if !line.isEmpty { log.log(.info, "weights: \(line)") }
            case .notStarted(let error): log.log(.info, "weights are not read ahead: \(error)")
            case .tooMuchOutput, .timedOut: log.log(.info, "weights are not read ahead any further")
            }
        }
        self.run = run
        if let pid = run.pid { started(pid) }
    }

    /// A helper was reaped.
    func ended(_ pid: ProcessID) { run?.ended(pid) }

    /// The container stops.
    func cancel() { run?.cancel() }
}
