import ControlProtocol
import Glibc
import Lifecycle
import OperatorLog
import Settings

/// New settings: what changed and only that, or nothing.
extension Supervisor {
    /// - Parameter asker: for the log, for example `SIGHUP`.
    @discardableResult
    func reload(by asker: String) -> ControlSources.ReloadAnswer {
        let isOver = [.draining, .stopped].contains(machine.phase) || machine.phase == .failed && !machine.isHeld
        guard !isOver else { return .impossible("the container is stopping") }
        log.log(.info, "reading the settings again (\(asker))")
        var answer = ControlSources.ReloadAnswer.impossible("the settings were not read")
        func refuse(_ verdict: String, _ problems: [String]) {
            log.log(.error, "\(verdict), and nothing was changed: \(problems.joined(separator: "\n"))")
            desk.events.add(
                "reload-refused", .error, "\(verdict), and nothing was changed",
                ["problems": .text(log.redacted(problems.joined(separator: "; ")))])
            answer = .refused(problems.map(log.redacted))
        }
        let read = { [self] in
            do {
                let new = try readSettings(configuration)
                try Preflight.check(new)
                for name in new.waitingForStart {
                    log.log(
                        .warning, "`\(name)` is other than before: that takes effect when the container starts anew")
                }
                for note in new.notes where !configuration.notes.contains(note) { log.log(.info, note) }
                configuration = new
                caches.settings = new.engineCache
                setUpLog()
                desk.know(configuration)
                start.reloaded(new.services)
                measured.know(new.services)
                metrics.know(new)
                handle(.reload(new.services))
                answer = .done(
                    .init(
                        added: reloaded.added, changed: reloaded.changed, removed: reloaded.removed,
                        later: new.waitingForStart))
            } catch let error as SettingsError {
                refuse("the settings are wrong", error.problems.map(\.description))
            } catch {
                refuse("the settings cannot work", [(error as? Preflight.Problem)?.message ?? "\(error)"])
            }
        }
        if let manager { manager.whileReloading(read) } else { read() }
        return answer
    }
}
