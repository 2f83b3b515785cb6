import Lifecycle

extension Configuration {
    /// Where the settings file is looked for when none is named.
    package static let defaultFile = "/etc/coxswain/coxswain.toml"
    /// Where users put engine profiles of their own: `NAME.toml`, which comes before a built-in one of that name.
    package static let defaultEngineFolder = "/etc/coxswain/engines"

    /// Defaults, then the engine's profile, then the file, then the environment, which wins.
    ///
    /// - Parameters:
    ///   - file: name and text of the settings file, if there is one.
    ///   - engineFile: name and text of the user's profile of this name, if there is one.
    ///   - programs: the folder of our own programs.
    ///   - cores: cores of this container.
    /// - Throws: ``SettingsError`` with everything that is wrong.
    package static func load(
        file: (name: String, text: String)?,
        engineFile: (String) throws(SettingsProblem) -> (name: String, text: String)? = { _ in nil },
        environment: [String: String], programs: String, cores: Int
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

        var engine = EngineLoader(configuration.engine.profile)
        if let problem = engine.read(engineFile) { loader.complainOfEngine(problem, &reader) }
        if !loader.placeEngine(&configuration, isElsewhere: engine.profile.isElsewhere) {
            loader.complainOfEngine(
                "the engine profile `\(configuration.engine.profile)` starts nothing, and nothing says where the engine is: set VLLM_URL, or COXSWAIN_ENGINE to its URL",
                &reader)
        }
        configuration.engine.file = engine.file
        configuration.engine.usesVLM = engine.profile.usesPrompt
        let placeholders = Placeholders(
            port: loader.enginePort, url: loader.engineURL?.root ?? "http://127.0.0.1:\(loader.enginePort)",
            model: loader.model ?? engine.profile.model, programs: programs, cores: cores)
        // Checks speak plain http: an engine behind https is none of the services.
        let isWatched = loader.engineURL?.isEncrypted != true
        let definition = isWatched ? engine.define(environment: environment, placeholders, cores: cores) : nil
        var services = DefaultServices.make(
            configuration, engine: definition, page: engine.profile.page,
            engineURL: loader.engineURL?.base ?? "http://127.0.0.1:\(loader.enginePort)/v1", environment: environment,
            programs: programs, cores: cores)
        if case .table(let tables)? = table["service"] {
            // First who is not there at all, so that only a need that the file itself names can miss it.
            let switchedOff = tables.keys.filter { !ServiceTable.isEnabled(tables, $0, reader: &reader) }
            services.removeAll { switchedOff.contains($0.name) }
            for index in services.indices {
                services[index].needs.removeAll { switchedOff.contains($0) }
                if let proved = services[index].proves, switchedOff.contains(proved) { services[index].proves = nil }
            }
            for name in tables.keys.sorted() where !switchedOff.contains(name) {
                guard case .table(var own)? = tables[name] else { continue }
                let path = "service.\(name)"
                if name == "engine" {
                    own = placeholders.fill(own, at: path, isProfile: false, reader: &reader)
                    if engine.profile.isElsewhere {
                        configuration.notes += ServiceTable.ignored(&own, isWatched: isWatched)
                        guard isWatched else { continue }
                    }
                }
                let index =
                    services.firstIndex { $0.name == name }
                    ?? {
                        services.append(ServiceTable.unknown(name, environment: environment, cores: cores))
                        return services.count - 1
                    }()
                ServiceTable.apply(own, at: path, to: &services[index], reader: &reader)
                if services[index].command.isEmpty, services[index].role != .engine {
                    reader.complain(path, "service `\(name)` has no command")
                }
            }
        }
        let (sorted, problems) = ServiceGraph.sort(services)
        for problem in problems + ServicePorts.conflicts(services, listen: configuration.listen.port) {
            reader.complain(problem.path, problem.message)
        }
        guard reader.problems.isEmpty, engine.problems.isEmpty, loader.problems.isEmpty else {
            throw SettingsError(problems: reader.problems + engine.problems + loader.problems)
        }
        configuration.services = sorted
        configuration.helperEnvironment = ServiceEnvironment.forHelpers(environment)
        return configuration
    }
}
