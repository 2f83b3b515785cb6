import Lifecycle
import OperatorLog
import Settings

/// Puts what the core reports into words.
enum Narrator {
    typealias Line = (level: Record.Level, message: String, fields: [(name: String, value: Record.Value)])

    /// - Parameters:
    ///   - services: in the order of their indices.
    ///   - start: how long the start took that is over with this.
    ///   - lastLines: of the service that failed.
    static func line(
        for report: Report, services: [ServiceMachine], start: StartSummary? = nil, lastLines: [String] = []
    ) -> Line {
        func name(_ id: InstanceID) -> String { services[id.service].definition.name }
        func name(_ service: Int) -> String { services[service].definition.name }
        switch report {
        case .phase(let phase, let reason):
            let level: Record.Level = phase == .failed ? .error : phase == .degraded ? .warning : .info
            let why = (start?.message ?? "") + (reason.isEmpty ? "" : ": \(reason)")
            return (level, "container is \(phase.rawValue)\(why)", start?.phases.map { [("phases", .text($0))] } ?? [])
        case .started(let id, _) where services[id.service].definition.isElsewhere:
            return (.info, "\(name(id)) runs elsewhere, and is only watched", [])
        case .started(let id, let pid):
            let definition = services[id.service].definition
            // What is really run, of a profile, settings and environment.
            var fields: [(name: String, value: Record.Value)] = [("main_pid", .integer(Int(pid)))]
            if definition.role == .engine {
                fields.append(("command", .text(CommandText.readable(definition.command))))
            }
            return (.info, "\(name(id)) started", fields)
        case .ready(let id, let after):
            return (.info, "\(name(id)) is ready after \(after.readable)", [])
        case .done(let id, let after):
            return (.info, "\(name(id)) is done after \(after.readable)", [])
        case .unwell(let id, let problem):
            return (.warning, "\(name(id)) says it is not well: \(problem)", [])
        case .recovered(let id):
            return (.info, "\(name(id)) is well again", [])
        case .canaryRefused(let id, let why):
            return (
                .warning,
                "\(name(id)) does not understand the small request that proves it alive (\(why)): while it is idle only its "
                    + "health endpoint is asked; set `watch.canary.body` to a request it understands", []
            )
        case .failed(let id, let diagnosis, let ran):
            return (
                .error, "\(name(id)) failed after \(ran.readable): \(diagnosis.cause)", fields(of: diagnosis, lastLines)
            )
        case .restarting(let service, let wait, let attempt, let limit):
            let when = wait == .zero ? "now" : "in \(wait.readable)"
            return (.info, "\(name(service)) is started again \(when) (\(attempt) of \(limit))", [])
        case .gaveUp(let service, let why, .exit):
            return (.error, "giving up on \(name(service)): \(why); the container stops", [])
        case .gaveUp(let service, let why, .hold):
            return (
                .error,
                "giving up on \(name(service)): \(why); the container stays for you to look at it, alive and not ready; "
                    + "SIGHUP reads the settings again and gives it another try", []
            )
        case .stopping(let id, let why):
            return (.info, "stopping \(name(id)): \(why)", [])
        case .stopped(let id, let exit, let took):
            let how = exit.map { $0.isSuccess ? "" : " (\($0))" } ?? ""
            return (.info, "\(name(id)) stopped after \(took.readable)\(how)", [])
        case .aborting(let id):
            return (.info, "\(name(id)) hangs: asking its processes by SIGABRT where, then killing them", [])
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
        case .memoryHeld(let service, let after):
            return (
                .warning,
                "the GPU memory that \(name(service)) held is not back after \(after.readable): starting it all the same",
                []
            )
        case .commanded(let command, let service):
            return (.info, "an operator asks: \(command.rawValue) \(name(service))", [])
        case .reloaded(let added, let changed, let removed):
            let parts = [("new", added), ("changed", changed), ("gone", removed)].filter { !$0.1.isEmpty }
            let what = parts.map { "\($0.0): \($0.1.joined(separator: ", "))" }.joined(separator: "; ")
            return (.info, "settings reloaded: \(what.isEmpty ? "no service changed" : what)", [])
        }
    }

    private static func fields(
        of diagnosis: Diagnosis, _ lastLines: [String]
    ) -> [(name: String, value: Record.Value)] {
        var fields: [(name: String, value: Record.Value)] = [("kind", .text(diagnosis.kind.rawValue))]
        if let hint = diagnosis.hint { fields.append(("hint", .text(hint))) }
        if let evidence = diagnosis.evidence { fields.append(("evidence", .text(evidence))) }
        if !diagnosis.stack.isEmpty { fields.append(("stack", .text(diagnosis.stack.joined(separator: " ← ")))) }
        if !lastLines.isEmpty { fields.append(("last_lines", .text(lastLines.joined(separator: "\n")))) }
        return fields
    }
}
