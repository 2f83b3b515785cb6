import ArgumentParser
import ControlProtocol
import Health
import OperatorConsole

/// `coxswain reload`: the same as SIGHUP, and says what came of it.
struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Read the settings again; only services whose settings changed are touched.",
        discussion: """
            When anything is wrong with them all of that is said, and nothing is changed. A service that was given up gets \
            another try.

            Example: coxswain check --config /etc/coxswain/coxswain.toml && coxswain reload

            Exit status 0: they are in effect; \(ExitStatusHelp.usual)
            """)

    @Flag(help: "Print JSON: added, changed, removed, later.")
    var json = false

    @OptionGroup var control: ControlOptions

    func run() throws {
        try control.run { caller in
            // Reading and checking take milliseconds; a volume may take longer.
            let text = try ControlCaller.text(of: try caller.ask("POST", .reload, timeout: 60))
            if json { return Output.write(text) }
            guard let what = try? JSONText.decode(ControlSources.Reloaded.self, from: text) else {
                throw ConsoleFailure(.no, "the answer is not understood: is the running coxswain of another version?")
            }
            let parts = [("new", what.added), ("changed", what.changed), ("gone", what.removed)].filter {
                !$0.1.isEmpty
            }
            let services = parts.map { "\($0.0): \($0.1.joined(separator: ", "))" }.joined(separator: "; ")
            var message = "settings reloaded: \(services.isEmpty ? "no service changed" : services)\n"
            if !what.later.isEmpty {
                message +=
                    "other than before, and in effect only when the container starts anew: \(what.later.joined(separator: ", "))\n"
            }
            Output.write(Printable.text(message, keepsLines: true))
        }
    }
}
