import Lifecycle
import Readable
import TOML

/// Finds an engine's profile and makes a service of it.
struct EngineLoader {
    let name: String
    private(set) var profile: EngineProfile
    /// The user's file that it was read from.
    private(set) var file: String?
    private(set) var reader = TableReader(file: "", text: "")
    /// Why the profile's file cannot be read.
    private var unreadable: SettingsProblem?

    /// Everything that is wrong with the profile.
    var problems: [SettingsProblem] { (unreadable.map { [$0] } ?? []) + reader.problems }

    init(_ name: String) {
        self.name = name
        var reader = TableReader(file: "", text: "")
        // Stands for one that is not to be had, so that the rest of the settings can be read.
        profile = EngineProfile(["service": .table(["command": .list([.text("engine")])])], reader: &reader)
    }

    /// - Returns: why there is no such profile; what is wrong with one that is there is told by ``problems``.
    mutating func read(_ engineFile: (String) throws(SettingsProblem) -> (name: String, text: String)?) -> String? {
        guard EngineProfile.isName(name) else { return unknown }
        var source: (name: String, text: String)
        do {
            if let own = try engineFile(name) {
                file = own.name
                source = own
            } else if let bytes = EngineProfile.builtIn[name] {
                source = ("engines/\(name).toml (built in)", String(decoding: bytes, as: UTF8.self))
            } else {
                return unknown
            }
            reader = TableReader(file: source.name, text: source.text)
            // Of half a file half of what it says would be missed.
            if reader.isIntact { profile = EngineProfile(reader.root, reader: &reader) }
        } catch {
            unreadable = error
        }
        return nil
    }

    private var unknown: String {
        let names = EngineProfile.builtIn.keys.sorted()
        let near = NearestWord.find(name, among: names).map { "did you mean `\($0)`?" }
        var text = "there is no engine profile `\(name)`; " + (near ?? "built in are \(names.joined(separator: ", ")).")
        if EngineProfile.isName(name) {
            text += " (one of yours would be \(Configuration.defaultEngineFolder)/\(name).toml)"
        }
        return text + " An engine that runs elsewhere is named by its URL"
    }

    /// The service, as it is before the settings file is laid over it.
    mutating func define(
        environment: [String: String], _ placeholders: Placeholders, _ weights: EngineWeights, cores: Int
    ) -> ServiceDefinition {
        let health = placeholders.url + "/health"
        var definition = ServiceDefinition(
            name: "engine", role: .engine, command: [],
            ready: Readiness(check: .http(url: health, every: .milliseconds(100)), within: .seconds(540)),
            watch: Watch(url: health, every: .seconds(5), timeout: .seconds(2), failures: 3))
        let table = placeholders.fill(profile.service, at: "service", isProfile: true, reader: &reader)
        ServiceTable.apply(table, at: "service", isProfile: true, to: &definition, reader: &reader)
        // What the user set beats the profile.
        definition.environment.merge(ServiceEnvironment.forEngine(environment)) { $1.isEmpty ? $0 : $1 }
        definition.environment.merge(weights.engineVariables) { $0.isEmpty ? $1 : $0 }
        if !weights.models.isEmpty, !definition.needs.contains(EngineWeights.service) {
            definition.needs.append(EngineWeights.service)
        }
        definition.environment["OMP_NUM_THREADS"] = definition.environment["OMP_NUM_THREADS"] ?? String(cores)
        return definition
    }
}
