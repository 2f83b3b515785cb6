import ArgumentParser
import Glibc
import Lifecycle
import ProcessHost
import Settings
import Supervisor

/// `coxswain run`: the container's entry point.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the container: the process for PID 1.",
        discussion: """
            Settings come from defaults, then the settings file, then the environment.

            Exit status: 0 asked to stop; 69 a cause that no retry can help; 70 a fault of coxswain itself; \
            75 the restart budget of a service is spent; 78 wrong settings.
            """)

    @OptionGroup var settings: SettingsOptions

    func run() throws {
        let environment = OwnEnvironment.variables()
        let configuration: Configuration
        do {
            configuration = try settings.read()
        } catch {
            settings.complain(of: error)
            TerminationMessage.leave("\(error)", .settings, environment: environment)
            throw ArgumentParser.ExitCode(Lifecycle.ExitCode.settings.rawValue)
        }
        let code: Lifecycle.ExitCode
        do {
            code = try Supervisor(
                readSettings: { running throws(SettingsError) in try settings.read(running: running) },
                configuration: configuration, programs: ProgramPath.ownFolder(),
                environment: environment, isTerminal: isatty(STDOUT_FILENO) == 1
            ).run()
        } catch {
            settings.complain("\(error)")
            TerminationMessage.leave("\(error)", .internalFault, environment: environment)
            code = .internalFault
        }
        throw ArgumentParser.ExitCode(code.rawValue)
    }
}
