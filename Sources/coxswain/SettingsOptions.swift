import ArgumentParser
import Glibc
import Lifecycle
import ProcessHost
import Settings

/// Where the settings come from.
struct SettingsOptions: ParsableArguments {
    @Option(help: "Settings file; by default \(Configuration.defaultFile), if it is there.")
    var config: String?

    @Option(help: "Folder of your own engine profiles.")
    var engines = Configuration.defaultEngineFolder

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
            file: text.map { (name, $0) }, engineFile: engineFile, environment: OwnEnvironment.variables(),
            programs: ProgramPath.ownFolder(), cores: CoreCount.available())
    }

    /// A file that is there and cannot be read is not passed over: the built-in profile is another engine.
    private func engineFile(_ name: String) throws(SettingsProblem) -> (name: String, text: String)? {
        let path = "\(engines)/\(name).toml"
        if let text = SmallFile.read(path) { return (path, text) }
        let code = errno
        if code == ENOENT || code == ENOTDIR { return nil }
        throw SettingsProblem(file: path, line: nil, message: String(cString: strerror(code)))
    }

    func complain(_ message: String) {
        let line = "coxswain: \(message)\n"
        _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    }
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
