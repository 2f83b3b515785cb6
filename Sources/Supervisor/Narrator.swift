import Lifecycle
import OperatorLog

/// Puts what the core reports into words.
enum Narrator {
    typealias Line = (level: Record.Level, message: String, fields: [(name: String, value: String)])

    /// - Parameter services: in the order of their indices.
    static func line(for report: Report, services: [ServiceMachine]) -> Line {
        func name(_ id: InstanceID) -> String { services[id.service].definition.name }
        switch report {
        case .phase(let phase, let reason):
            let level: Record.Level = phase == .failed ? .error : phase == .degraded ? .warning : .info
            return (level, "container is \(phase.rawValue)\(reason.isEmpty ? "" : ": \(reason)")", [])
        case .started(let id, let pid):
            return (.info, "\(name(id)) started", [("pid", "\(pid)")])
        case .ready(let id, let after):
            return (.info, "\(name(id)) is ready after \(after.readable)", [])
        case .done(let id, let after):
            return (.info, "\(name(id)) is done after \(after.readable)", [])
        case .unwell(let id, let problem):
            return (.warning, "\(name(id)) says it is not well: \(problem)", [])
        case .recovered(let id):
            return (.info, "\(name(id)) is well again", [])
        case .failed(let id, let cause, let ran):
            return (.error, "\(name(id)) failed after \(ran.readable): \(cause)", [])
        case .restarting(let service, let wait, let attempt, let limit):
            let when = wait == .zero ? "now" : "in \(wait.readable)"
            return (.info, "\(services[service].definition.name) is started again \(when) (\(attempt) of \(limit))", [])
        case .gaveUp(let service, let why):
            return (.error, "giving up on \(services[service].definition.name): \(why)", [])
        case .stopping(let id, let why):
            return (.info, "stopping \(name(id)): \(why)", [])
        case .stopped(let id, let exit, let took):
            let how = exit.map { $0.isSuccess ? "" : " (\($0))" } ?? ""
            return (.info, "\(name(id)) stopped after \(took.readable)\(how)", [])
        case .killing(let id, let after):
            return (
                .warning, "\(name(id)) did not stop within \(after.readable): killing it and all its descendants", []
            )
        case .stuck(let id):
            return (
                .error,
                "\(name(id)) was killed and is still there, probably stuck in a driver: no second one is started; "
                    + "if this lasts, the node needs attention", []
            )
        }
    }
}
