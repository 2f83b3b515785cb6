import ArgumentParser
import ControlProtocol
import Health
import OperatorConsole

/// `coxswain version`: of this program, of what it runs on, and of the coxswain that runs.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Show versions: of this program, of kernel and compiler, of the coxswain that runs.",
        discussion: "Example: coxswain version --json\n\nExit status 0, also when none runs.")

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var control: ControlOptions

    private struct Versions: Encodable {
        var version: String
        var swift: String?
        var kernel: String?
        var architecture: String?
        /// nil when none answers.
        var running: ControlVersion?
    }

    func run() throws {
        try control.run { caller in
            let own = BuildInformation.current()
            let running = try? caller.answer(ControlVersion.self, .version)
            if json {
                let all = Versions(
                    version: Version.current, swift: own.swift, kernel: own.kernel, architecture: own.architecture,
                    running: running)
                return Output.write(JSONText.encode(all) + "\n")
            }
            var lines = [
                "coxswain \(Version.current)",
                "swift \(own.swift ?? "unknown")", "kernel \(own.kernel ?? "unknown") \(own.architecture ?? "")",
            ]
            lines.append(
                running.map { "running: coxswain \($0.version), pid \($0.pid.map(String.init) ?? "unknown")" }
                    ?? "running: none that answers here")
            Output.write(Printable.text(lines.joined(separator: "\n"), keepsLines: true) + "\n")
        }
    }
}
