import ArgumentParser
import ControlProtocol
import Health
import OperatorConsole
import ProbeClient

/// `coxswain logs`: the last lines of the log, of all services or of one.
struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show the last lines of the log, of all services or of one.",
        discussion: """
            For people on a terminal; one JSON object a line, as in the log itself, everywhere else. What coxswain says itself \
            is in the log `coxswain`. A few hundred KiB of each service are remembered.

            Example: coxswain logs -f -n 20 engine

            Exit status 0: it was shown; \(ExitStatusHelp.usual)
            """)

    @Argument(help: "A service, or `coxswain`; by default all.")
    var service: String?

    @Flag(name: .shortAndLong, help: "Go on as lines are written.")
    var follow = false

    @Option(name: [.customShort("n"), .customLong("lines")], help: "How many lines to begin with, or `all`.")
    var lines = "100"

    @Flag(exclusivity: .exclusive, help: "JSON on a terminal too; the form for people everywhere.")
    var form: OutputForm?

    @OptionGroup var colors: ColorOptions
    @OptionGroup var control: ControlOptions

    func validate() throws { try LineCount.validate(lines) }

    func run() throws {
        try control.run { caller in
            let terminal = colors.terminal
            let json = form.map { $0 == .json } ?? !terminal.isTerminal
            let query =
                [("service", service), ("n", lines), ("follow", follow ? "1" : nil)] as [(name: String, value: String?)]
            let connection = try Self.open(caller, query, service: service)
            try LineCount.forEach(connection, ends: !follow) { line in
                Output.write(json ? line + "\n" : RecordText.log(line, color: terminal.color))
            }
        }
    }

    private static func open(
        _ caller: ControlCaller, _ query: [(name: String, value: String?)], service: String?
    ) throws -> ControlConnection {
        do throws(ConsoleFailure) {
            return try caller.ask("GET", .logs, query)
        } catch {
            guard error.code == .usage, let service else { throw error }
            let state = try caller.answer(ContainerState.self, .state)
            throw error.naming(service, among: state.services.map(\.name) + ["coxswain"])
        }
    }
}

enum OutputForm: String, EnumerableFlag {
    case json, console
}

/// Lines of an answer, and how many.
enum LineCount {
    static func validate(_ text: String) throws {
        guard text == "all" || Int(text).map({ (0...10_000).contains($0) }) == true else {
            throw ValidationError("-n must be 0 to 10000, or `all`")
        }
    }

    /// - Parameter ends: the answer has an end; otherwise its end is that of coxswain.
    static func forEach(_ connection: ControlConnection, ends: Bool, _ body: (String) -> Void) throws {
        while true {
            switch try connection.nextLine(within: nil) {
            case .line(let line): body(line)
            case .nothingYet: break
            case .end:
                if ends { return }
                throw ConsoleFailure(
                    .nobody, "the connection has ended: coxswain has stopped, or this was read too slowly")
            }
        }
    }
}
