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
        print(
            "settings are valid: \(configuration.services.map(\.name).joined(separator: " → ")) on \(configuration.listen)"
        )
    }
}

/// Where the settings come from.
struct SettingsOptions: ParsableArguments {
    @Option(help: "Settings file; by default \(Configuration.defaultFile), if it is there.")
    var config: String?

    /// Reads the settings, or complains of them and ends with the exit status for that.
    func load() throws -> Configuration {
        do {
            return try read()
        } catch {
            complain("\(error)")
            throw ArgumentParser.ExitCode(Lifecycle.ExitCode.settings.rawValue)
        }
    }

    func read() throws(SettingsError) -> Configuration {
        let name = config ?? Configuration.defaultFile
        let text = SmallFile.read(name)
        if text == nil, config != nil {
            throw SettingsError(
                problems: [SettingsProblem(file: name, line: nil, message: String(cString: strerror(errno)))])
        }
        return try Configuration.load(
            file: text.map { (name, $0) }, environment: Self.environment(), programs: ProgramPath.ownFolder(),
            cores: CoreCount.available())
    }

    func complain(_ message: String) {
        let line = "coxswain: \(message)\n"
        _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    }

    private static func environment() -> [String: String] {
        var result: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return result
    }
}
