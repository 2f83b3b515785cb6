import Lifecycle

extension Configuration {
    /// Where the settings file is looked for when none is named.
    package static let defaultFile = "/etc/coxswain/coxswain.toml"

    /// Defaults, then the file, then the environment, which wins.
    ///
    /// - Parameters:
    ///   - file: name and text of the settings file, if there is one.
    ///   - programs: the folder of our own programs.
    ///   - cores: cores of this container.
    /// - Throws: ``SettingsError`` with everything that is wrong.
    package static func load(
        file: (name: String, text: String)?, environment: [String: String], programs: String, cores: Int
    ) throws(SettingsError) -> Configuration {
        var configuration = Configuration()
        var reader = TableReader(file: file?.name ?? "settings", text: file?.text ?? "")
        var table: [String: SettingValue] = [:]
        if let file {
            do {
                table = try TOMLFile.parse(file.text, file: file.name)
            } catch {
                throw SettingsError(problems: [error])
            }
        }
        configuration.read(table, &reader)
        var loader = EnvironmentReader(environment: environment)
        loader.apply(to: &configuration)
        var services = DefaultServices.make(
            configuration, enginePort: loader.enginePort, environment: environment, programs: programs, cores: cores)
        if case .table(let tables)? = table["service"] {
            // First who is not there at all, so that only a need that the file itself names can miss it.
            let switchedOff = tables.keys.filter { !ServiceTable.isEnabled(tables, $0, reader: &reader) }
            services.removeAll { switchedOff.contains($0.name) }
            for index in services.indices { services[index].needs.removeAll { switchedOff.contains($0) } }
            for name in tables.keys.sorted() where !switchedOff.contains(name) {
                guard case .table(let own)? = tables[name] else { continue }
                let index =
                    services.firstIndex { $0.name == name }
                    ?? {
                        services.append(ServiceTable.unknown(name, environment: environment, cores: cores))
                        return services.count - 1
                    }()
                ServiceTable.apply(own, to: &services[index], reader: &reader)
                if services[index].command.isEmpty {
                    reader.complain("service.\(name)", "service `\(name)` has no command")
                }
            }
        }
        let (sorted, problems) = ServiceGraph.sort(services)
        for problem in problems { reader.complain(problem.path, problem.message) }
        guard reader.problems.isEmpty, loader.problems.isEmpty else {
            throw SettingsError(problems: reader.problems + loader.problems)
        }
        configuration.services = sorted
        configuration.helperEnvironment = ServiceEnvironment.forHelpers(environment)
        return configuration
    }

    private mutating func read(_ table: [String: SettingValue], _ reader: inout TableReader) {
        reader.checkKeys(
            table, at: "",
            known: [
                "listen", "output-dir", "state-dir", "log-format", "engine", "drain-delay", "shutdown-grace", "service",
            ])
        if let text = reader.text(table, "listen", at: "") {
            if let endpoint = Endpoint(text) {
                listen = endpoint
            } else {
                reader.complain(
                    "listen", "`listen` must be ADDRESS:PORT, for example \"0.0.0.0:8081\", not \"\(text)\"")
            }
        }
        if let folder = reader.text(table, "output-dir", at: "") {
            outputDirectory = folder
            stateDirectory = "\(folder)/.coxswain"
        }
        if let folder = reader.text(table, "state-dir", at: "") { stateDirectory = folder }
        if let format = reader.text(table, "log-format", at: "") {
            if ["json", "console"].contains(format) {
                logFormat = format
            } else {
                reader.complain("log-format", "`log-format` must be \"json\" or \"console\", not \"\(format)\"")
            }
        }
        if let name = reader.text(table, "engine", at: "") {
            if let engine = Engine(name: name) {
                self.engine = engine
            } else {
                reader.complain(
                    "engine",
                    "`engine` must be \"vllm\", \"tesseract\" or a URL such as \"http://host:8080/v1\", not \"\(name)\""
                )
            }
        }
        if let delay = reader.duration(table, "drain-delay", at: "") { policy.drainDelay = delay }
        if let grace = reader.duration(table, "shutdown-grace", at: "") { policy.shutdownGrace = grace }
        if let services = reader.table(table, "service", at: "") {
            for name in services.keys.sorted() { _ = reader.table(services, name, at: "service") }
        }
    }
}

extension Configuration.Engine {
    /// `vllm`, `tesseract`, or the URL of an engine that runs elsewhere.
    init?(name: String) {
        switch name {
        case "vllm": self = .vllm
        case "tesseract": self = .tesseract
        case let url where url.hasPrefix("http://") || url.hasPrefix("https://"): self = .external(url: url)
        default: return nil
        }
    }
}
