import ArgumentParser
import Glibc
import Lifecycle
import OperatorConsole
import ProcessHost
import Settings

/// Where the settings come from.
struct SettingsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Settings file; by default \(Configuration.defaultFile), if it is there.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Folder of your own engine profiles.", valueName: "folder"))
    var engines = Configuration.defaultEngineFolder

    /// Reads the settings, or complains of them and ends with the exit status for that.
    func load() throws -> Configuration {
        do {
            return try read()
        } catch {
            complain(of: error)
            throw ArgumentParser.ExitCode(Lifecycle.ExitCode.settings.rawValue)
        }
    }

    /// - Parameters:
    ///   - file: the settings file, where an argument names it.
    ///   - environment: where it is not our own.
    ///   - running: what the container runs with, where it does.
    func read(
        file: String? = nil, environment: [String: String] = OwnEnvironment.variables(), running: Configuration? = nil
    ) throws(SettingsError) -> Configuration {
        let named = file ?? config
        let name = named ?? Configuration.defaultFile
        var text: String?
        var unreadable: SettingsProblem?
        do {
            text = try SettingsFile.read(name)
            if text == nil, named != nil {
                unreadable = SettingsProblem(file: name, line: nil, message: "there is no such file")
            }
        } catch {
            unreadable = error
        }
        return try Configuration.load(
            file: text.map { (name, $0) }, unreadable: unreadable, engineFile: engineFile, environment: environment,
            programs: ProgramPath.ownFolder(), cores: CoreCount.available(), running: running)
    }

    /// A file that is there and cannot be read is not passed over: the built-in profile is another engine.
    private func engineFile(_ name: String) throws(SettingsProblem) -> (name: String, text: String)? {
        let path = "\(engines)/\(name).toml"
        return try SettingsFile.read(path).map { (path, $0) }
    }

    /// Whoever sits in front of it is shown the lines that are meant.
    func complain(of error: SettingsError) {
        let text = isatty(STDERR_FILENO) == 1 ? error.illustrated : error.description
        complain("the settings are wrong:\n\(text)")
    }

    func complain(_ message: String) { Output.complain(message) }
}

/// Our own environment.
enum OwnEnvironment {
    static func variables() -> [String: String] {
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
