import ArgumentParser
import ControlProtocol
import Glibc
import OperatorConsole
import ProcessHost
import Readable
import Settings

/// How a command finds the running coxswain.
struct ControlOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Path of the control socket; by default \(ControlEndpoint.environmentVariable), else where `coxswain run` puts it.",
            valueName: "path"))
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "Settings file of `coxswain run`; by default \(Configuration.defaultFile), if it is there.",
            valueName: "path"))
    var config: String?

    var finder: ControlSocketFinder {
        let environment = OwnEnvironment.variables()
        let name = config ?? Configuration.defaultFile
        let door = Configuration.door(file: (try? SettingsFile.read(name)).map { (name, $0) }, environment: environment)
        return ControlSocketFinder(
            named: [socket, environment[ControlEndpoint.environmentVariable]], stateDirectory: door.stateDirectory)
    }

    /// Does what a command does, with signals as usual; what goes wrong is said in one line, and is the exit status.
    func run(_ body: (ControlCaller) throws -> Void) throws {
        OwnSignals.unblock()
        do {
            try body(ControlCaller(finder))
        } catch let failure as ConsoleFailure {
            Output.complain(failure.message)
            throw ArgumentParser.ExitCode(failure.code.rawValue)
        }
    }
}

/// What is written for people may be coloured.
struct ColorOptions: ParsableArguments {
    @Flag(name: .customLong("no-color"), help: "No colours; the same as NO_COLOR in the environment.")
    var noColor = false

    var terminal: Terminal { .standardOutput(noColor: noColor) }
}

/// What every command's help says of its exit status.
enum ExitStatusHelp {
    static let usual = "1: the answer is no; 2: no coxswain answers; 64: wrong use; 77: not permitted."
}

extension ConsoleFailure {
    /// With the service that was probably meant.
    func naming(_ service: String, among services: [String]) -> ConsoleFailure {
        guard code == .usage, let near = NearestWord.find(service, among: services) else { return self }
        return ConsoleFailure(code, "\(message). Did you mean `\(near)`?")
    }
}
