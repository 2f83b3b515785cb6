import ArgumentParser
import ControlProtocol
import Health
import OperatorConsole
import ProbeClient
import TimeOfDay

/// `coxswain status`: how the container and each of its services is.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the container and its services.",
        discussion: """
            Example: coxswain status --watch

            Exit status 0: somebody answered, whatever is the case (ask `coxswain probe ready` for that); \
            \(ExitStatusHelp.usual)
            """)

    @Flag(help: "Print the state as JSON, one line; with --watch, one line at each change.")
    var json = false

    @Flag(
        name: .shortAndLong,
        help: "Go on: draw it again at each change; where standard output is no terminal, print a line at each change.")
    var watch = false

    @OptionGroup var colors: ColorOptions
    @OptionGroup var control: ControlOptions

    func run() throws {
        try control.run { caller in
            if watch { return try follow(caller) }
            if json { return Output.write(try caller.text(.state)) }
            let lines = StatusTable.lines(
                try caller.answer(ContainerState.self, .state), now: WallClock.now(), on: colors.terminal)
            Output.write(lines.joined(separator: "\n") + "\n")
        }
    }

    private func follow(_ caller: ControlCaller) throws {
        let terminal = colors.terminal
        let connection = try caller.ask("GET", .state, [("follow", "")])
        var screen = Screen()
        var last: ContainerState?
        while true {
            // On a terminal times go on although nothing changes.
            switch try connection.nextLine(within: terminal.isTerminal && !json ? 1 : nil) {
            case .line(let line):
                guard let state = try? JSONText.decode(ContainerState.self, from: line) else { continue }
                if json {
                    // A heartbeat repeats what is known.
                    if state.revision != last?.revision { Output.write(line + "\n") }
                } else if !terminal.isTerminal, StatusTable.isNews(state, after: last) {
                    Output.write(StatusTable.line(state, now: WallClock.now()) + "\n")
                }
                last = state
            case .nothingYet: break
            case .end:
                throw ConsoleFailure(.nobody, "the connection has ended: coxswain has stopped")
            }
            guard terminal.isTerminal, !json else { continue }
            // What is pushed holds no memory. Whoever stops just now is told of by the connection's end.
            let state = (try? caller.answer(ContainerState.self, .state)) ?? last
            guard let state else { continue }
            var current = terminal
            current.size = Terminal.currentSize()
            screen.draw(StatusTable.lines(state, now: WallClock.now(), on: current), on: current)
        }
    }
}

extension ControlConnection {
    /// ``line(within:)``, where the end of the connection is what went wrong.
    func nextLine(within timeout: Double?) throws(ConsoleFailure) -> Line {
        do throws(Failure) {
            return try line(within: timeout)
        } catch {
            throw ConsoleFailure(.nobody, "the answer of coxswain broke off: \(error.description)")
        }
    }
}
