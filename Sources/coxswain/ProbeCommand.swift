import ArgumentParser
import Glibc
import OperatorConsole
import ProbeClient
import ProcessHost
import Settings

/// `coxswain probe`: what `GET /startupz`, `/readyz` and `/livez` say, as an exit status.
struct ProbeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Ask the running container how it is: for exec probes and HEALTHCHECK.",
        discussion: """
            startup: the start is over; ready: work sent now will be done; live: it can still heal itself.

            Exit status 0: yes; 1: no, and the line printed says why.
            """)

    @Argument(help: "startup, ready or live.")
    var question: Probe.Question

    @Option(help: "Seconds to wait for the answer.")
    var timeout = 2.0

    @Option(help: "Settings file of `coxswain run`; by default \(Configuration.defaultFile), if it is there.")
    var config: String?

    func validate() throws {
        guard timeout > 0, timeout <= 3600 else { throw ValidationError("--timeout must be above 0, and at most 3600") }
    }

    func run() throws {
        OwnSignals.unblock()
        let environment = OwnEnvironment.variables()
        let name = config ?? Configuration.defaultFile
        let door = Configuration.door(file: (try? SettingsFile.read(name)).map { (name, $0) }, environment: environment)
        let finder = ControlSocketFinder(named: [], stateDirectory: door.stateDirectory)
        let probe = Probe(host: door.listen.host, port: door.listen.port, controlSockets: finder.candidates)
        let outcome = probe.ask(question, timeout: timeout)
        let line = Array((outcome.message + "\n").utf8)
        _ = write(outcome.passed ? STDOUT_FILENO : STDERR_FILENO, line, line.count)
        throw outcome.passed ? ExitCode.success : ExitCode.failure
    }
}

extension Probe.Question: ExpressibleByArgument {}
