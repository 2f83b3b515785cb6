import Lifecycle
package import Models
import VariableCatalog

extension Configuration {
    /// Where the settings file is looked for when none is named.
    package static let defaultFile = "/etc/coxswain/coxswain.toml"
    /// Where users put engine profiles of their own: `NAME.toml`, which comes before a built-in one of that name.
    package static let defaultEngineFolder = "/etc/coxswain/engines"

    /// Defaults, then the engine's profile, then the file, then the environment, which wins.
    ///
    /// - Parameters:
    ///   - file: name and text of the settings file, if there is one.
    ///   - unreadable: why there is no text of a file that should be there.
    ///   - engineFile: name and text of the user's profile of this name, if there is one.
    ///   - manifests: finds a model's manifest, by a name and the folder of the user's manifests.
    ///   - programs: the folder of our own programs.
    ///   - cores: cores of this container.
    ///   - running: what the container runs with, where it does.
    /// - Throws: ``SettingsError`` with everything that is wrong.
    package static func load(
        file: (name: String, text: String)?, unreadable: SettingsProblem? = nil,
        engineFile: (String) throws(SettingsProblem) -> (name: String, text: String)? = { _ in nil },
        manifests: (_ name: String, _ folder: String?) throws(ManifestProblem) -> ModelManifest? = {
            name, folder throws(ManifestProblem) in try ModelManifest.named(name, folder: folder)
        },
        environment: [String: String], programs: String, cores: Int, running: Configuration? = nil
    ) throws(SettingsError) -> Configuration {
        var configuration = Configuration()
        var reader = TableReader(file: file?.name ?? "settings", text: file?.text ?? "")
        var loader = EnvironmentReader(environment: environment)
        guard reader.isIntact, unreadable == nil else {
            // Of half a file half of what it says would be missed; the environment is whole.
            loader.apply(to: &configuration)
            throw SettingsError(problems: (unreadable.map { [$0] } ?? []) + reader.problems + loader.problems)
        }
        configuration.read(reader.root, &reader)
        loader.apply(to: &configuration)
        if let running { configuration.keepFixed(of: running) }

        var engine = EngineLoader(configuration.engine.profile)
        if let problem = engine.read(engineFile) { loader.complainOfEngine(problem, &reader) }
        if !loader.placeEngine(&configuration, isElsewhere: engine.profile.isElsewhere) {
            loader.complainOfEngine(
                "the engine profile `\(configuration.engine.profile)` starts nothing, and nothing says where the engine is: set VLLM_URL, or COXSWAIN_ENGINE to its URL",
                &reader)
        }
        configuration.engine.file = engine.file
        configuration.engine.usesVLM = engine.profile.usesPrompt
        let weights = loader.weights(of: engine.profile, reader.root, &configuration, manifests)
        let placeholders = Placeholders(
            port: loader.enginePort, url: loader.engineURL?.root ?? "http://127.0.0.1:\(loader.enginePort)",
            model: loader.model ?? engine.profile.model, weights: weights.folder, programs: programs, cores: cores)
        // Checks speak plain http: an engine behind https is none of the services.
        let isWatched = loader.engineURL?.isEncrypted != true
        let definition =
            isWatched ? engine.define(environment: environment, placeholders, weights, cores: cores) : nil
        let defaults = DefaultServices.make(
            configuration, preload: weights.definition(environment: environment, programs: programs),
            engine: definition, page: engine.profile.page,
            engineURL: loader.engineURL?.base ?? "http://127.0.0.1:\(loader.enginePort)/v1", environment: environment,
            programs: programs, cores: cores)
        var services = ServiceTables(
            defaults, engine: engine.profile, placeholders, isWatched: isWatched, environment: environment, cores: cores
        )
        services.lay(over: reader.root, &configuration, &reader)

        let (sorted, problems) = ServiceGraph.sort(services.definitions, switchedOff: configuration.switchedOff)
        for problem in problems + ServicePorts.conflicts(services.definitions, listen: configuration.listen.port) {
            reader.complain(problem.path, problem.message)
        }
        let plausibility = Plausibility(configuration, sorted) { [lines = reader.lines] in lines[$0] != nil }
        for (keys, message) in plausibility.problems {
            // Where it was said; the environment is said later than the file.
            if let key = keys.first(where: { configuration.origins[$0] != nil }),
                case .environment(let name)? = configuration.origins[key]
            {
                loader.complain(name, message)
            } else {
                reader.complain(keys.first { reader.lines[$0] != nil } ?? keys[0], message)
            }
        }
        // Of the file alone nobody knows what the environment will add.
        for (service, problem) in environment.isEmpty ? [] : StoreCheck.problems(sorted) {
            guard !loader.problems.contains(where: { $0.file == problem.variable }) else { continue }
            let key = "service.\(service).environment.\(problem.variable)"
            if reader.line(of: key) != nil {
                reader.complain(key, problem.message, at: .key)
            } else {
                loader.complain(problem.variable, problem.message)
            }
        }
        guard reader.problems.isEmpty, engine.problems.isEmpty, loader.problems.isEmpty else {
            throw SettingsError(problems: reader.problems + engine.problems + loader.problems)
        }
        configuration.services = sorted
        configuration.notes += plausibility.notes
        configuration.helperEnvironment = ServiceEnvironment.forHelpers(environment)
        configuration.origins.add(reader)
        configuration.noteVariables(environment)
        configuration.origins.add(engine, services: sorted.filter { [.api, .warmup].contains($0.role) }.map(\.name))
        return configuration
    }

    /// Variables of services that are as they are in our own environment come from there, unless the file says them.
    private mutating func noteVariables(_ environment: [String: String]) {
        for service in services {
            for (name, value) in service.environment where !value.isEmpty && environment[name] == value {
                let path = "service.\(service.name).environment.\(name)"
                origins[path] = origins[path] ?? .environment(name)
            }
        }
    }
}
