import ArgumentParser
import ControlProtocol
import Health
import OperatorConsole
import ProcessHost
import Settings
import Storage
import TimeOfDay

/// `coxswain explain`: why the container is not ready.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say in plain words why the container is not ready, and what happens next.",
        discussion: """
            Example: coxswain explain

            Exit status 0: it is ready; \(ExitStatusHelp.usual)
            """)

    @Flag(help: "Print JSON: ready, service, what, why, next, advice.")
    var json = false

    @OptionGroup var control: ControlOptions

    func run() throws {
        try control.run { caller in
            let state = try caller.answer(ContainerState.self, .state)
            let explanation = state.explanation(
                now: WallClock.now(), disks: shortDisks([state.facts.outputDirectory, stateDirectory]))
            let terminal = Terminal.standardOutput()
            let text = Printable.text(explanation.text)
            Output.write(
                json
                    ? JSONText.encode(explanation) + "\n"
                    : Paragraph.wrap(text, to: min(terminal.size?.columns ?? .max, 100)) + "\n")
            if !state.ready { throw ExitCode(ConsoleFailure.Code.no.rawValue) }
        }
    }

    private var stateDirectory: String {
        let name = control.config ?? Configuration.defaultFile
        return Configuration.door(
            file: (try? SettingsFile.read(name)).map { (name, $0) }, environment: OwnEnvironment.variables()
        ).stateDirectory
    }

    /// Here and not in PID 1: a file system that hangs may hang this process.
    private func shortDisks(_ folders: [String]) -> [Explanation.ShortDisk] {
        var seen: Set<String> = []
        return folders.filter { !$0.isEmpty && seen.insert($0).inserted }.compactMap { folder in
            let room = DiskRoom(folder: folder)
            guard let free = room.freeBytes(), !room.hasRoom(for: 0) else { return nil }
            return Explanation.ShortDisk(folder: folder, freeBytes: free)
        }
    }
}
