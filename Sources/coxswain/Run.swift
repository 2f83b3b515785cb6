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
        let configuration = try settings.load()
        let terminal = isatty(STDOUT_FILENO) == 1
        let console = configuration.logFormat.map { $0 == "console" } ?? terminal
        let code: Lifecycle.ExitCode
        do {
            code = try Supervisor(
                readSettings: settings.read, configuration: configuration, programs: ProgramPath.ownFolder(),
                logFormat: console ? .console : .json, color: terminal
            ).run()
        } catch {
            settings.complain("\(error)")
            code = .internalFault
        }
        throw ArgumentParser.ExitCode(code.rawValue)
    }
}

/// `coxswain check`: says what is wrong with the settings, for CI and for people.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate the settings; exit status 78 when they are wrong.")

    @OptionGroup var settings: SettingsOptions

    func run() throws {
        let configuration = try settings.load()
        let names = configuration.services.map(\.name).joined(separator: ", ")
        print("settings are valid: \(names) on \(configuration.listen); \(configuration.engine)")
        if let engine = configuration.services.first(where: { $0.role == .engine }), !engine.isElsewhere {
            print("the engine is started as: \(CommandText.readable(engine.command))")
        }
        for note in configuration.notes { print("note: \(note)") }
    }
}
