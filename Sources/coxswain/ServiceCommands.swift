import ArgumentParser
import ControlProtocol
import Health
import OperatorConsole
import ProbeClient

/// What `start`, `stop` and `restart` have in common.
struct ServiceOptions: ParsableArguments {
    @Argument(help: "Name of the service, as `coxswain status` shows it.")
    var service: String

    @Flag(inversion: .prefixedNo, help: "Wait until it has come to that, and say how it ended.")
    var wait = true

    @Option(help: "Seconds to wait.")
    var timeout = 600.0

    @OptionGroup var control: ControlOptions

    func validate() throws {
        guard timeout > 0, timeout <= 86_400 else {
            throw ValidationError("--timeout must be above 0, and at most 86400")
        }
    }

    func run(_ command: String) throws {
        try control.run { caller in
            // First the connection that tells how it goes: nothing that comes of the command is missed.
            let connection = try caller.ask("GET", .state, [("follow", "")])
            guard case .line(let line) = try connection.nextLine(within: 10),
                let state = try? JSONText.decode(ContainerState.self, from: line)
            else { throw ConsoleFailure(.nobody, "coxswain does not say how its services are") }
            guard let before = state.services.first(where: { $0.name == service }) else {
                let names = state.services.map(\.name)
                throw ConsoleFailure(
                    .usage,
                    "there is no service `\(Printable.text(service))`: there are \(names.joined(separator: ", "))"
                ).naming(service, among: names)
            }
            _ = try caller.ask("POST", .command(command, service: service))
            guard wait else { return Output.write("\(service): \(command) was asked for\n") }
            try follow(connection, CommandGoal(command, before: before), last: state)
        }
    }

    private func follow(_ connection: ControlConnection, _ goal: CommandGoal, last: ContainerState) throws {
        let clock = ContinuousClock()
        let end = clock.now + .milliseconds(Int(timeout * 1000))
        var last = last
        var isNew = false
        while true {
            // The state that was there before the command may look as if it had come to it; a command that changes nothing
            // brings no new one.
            if isNew, let outcome = goal.judge(last) {
                switch outcome {
                case .reached(let what): return Output.write("\(Printable.text(what))\n")
                case .missed(let why): throw ConsoleFailure(.no, Printable.text(why))
                }
            }
            let left = (end - clock.now).components
            let seconds = Double(left.seconds) + Double(left.attoseconds) / 1e18
            guard seconds > 0 else {
                throw ConsoleFailure(
                    .no,
                    "\(Printable.text(goal.soFar(last))) after \(Int(timeout)) s: coxswain goes on with it; "
                        + "`coxswain status --watch` shows how, `coxswain explain` why")
            }
            switch try connection.nextLine(within: isNew ? seconds : min(seconds, 0.5)) {
            case .line(let line):
                guard let state = try? JSONText.decode(ContainerState.self, from: line) else { continue }
                isNew = isNew || state.revision != last.revision
                last = state
            case .nothingYet: isNew = true
            case .end: throw ConsoleFailure(.nobody, "the connection has ended: coxswain has stopped")
            }
        }
    }
}

struct StartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract:
            "Start a service that is stopped, given up or waiting to be tried again, with all its tries before it.",
        discussion: "Example: coxswain start engine\n\nExit status 0: it runs; \(ExitStatusHelp.usual)")

    @OptionGroup var options: ServiceOptions
    func run() throws { try options.run("start") }
}

struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop a service; it stays stopped until it is started again.",
        discussion: "Example: coxswain stop engine\n\nExit status 0: nothing of it runs; \(ExitStatusHelp.usual)")

    @OptionGroup var options: ServiceOptions
    func run() throws { try options.run("stop") }
}

struct RestartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Stop a service and start it again; that is no failure, and costs it no try.",
        discussion: "Example: coxswain restart api\n\nExit status 0: a new one is ready; \(ExitStatusHelp.usual)")

    @OptionGroup var options: ServiceOptions
    func run() throws { try options.run("restart") }
}
