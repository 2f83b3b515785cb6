import ArgumentParser
import ControlProtocol
import Health
import OperatorConsole

/// `coxswain events`: what supervision did.
struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Show what supervision did: starts, failures with their causes, restarts, commands.",
        discussion: """
            The last few hundred are remembered.

            Example: coxswain events -f --json | jq -r 'select(.kind == "failed") | .message'

            Exit status 0: they were shown; \(ExitStatusHelp.usual)
            """)

    @Flag(name: .shortAndLong, help: "Go on as things happen.")
    var follow = false

    @Option(name: [.customShort("n"), .customLong("lines")], help: "How many to begin with, or `all`.")
    var lines = "100"

    @Option(help: "Only those after this sequence number.")
    var after: UInt64?

    @Flag(help: "One JSON object a line.")
    var json = false

    @OptionGroup var colors: ColorOptions
    @OptionGroup var control: ControlOptions

    func validate() throws { try LineCount.validate(lines) }

    func run() throws {
        try control.run { caller in
            let terminal = colors.terminal
            let connection = try caller.ask(
                "GET", .events,
                [("n", lines), ("after", after.map(String.init)), ("follow", follow ? "1" : nil)])
            try LineCount.forEach(connection, ends: !follow) { line in
                if json { return Output.write(line + "\n") }
                // What cannot be sent to a slow reader is told as a line of the log.
                guard let event = try? JSONText.decode(ControlEvent.self, from: line) else {
                    return Output.write(RecordText.log(line, color: terminal.color))
                }
                Output.write(RecordText.event(event, color: terminal.color))
            }
        }
    }
}
