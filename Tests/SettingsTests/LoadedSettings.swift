import Lifecycle
import Settings

/// The settings of a container, from the text of a file, if there is one, and the environment.
func load(_ toml: String? = nil, _ environment: [String: String] = [:]) throws(SettingsError) -> Configuration {
    try Configuration.load(
        file: toml.map { ("coxswain.toml", $0) }, environment: environment, programs: "/opt/coxswain", cores: 4)
}

/// What is wrong with them, a line each.
func problems(_ toml: String, _ environment: [String: String] = [:]) -> [String] {
    do {
        _ = try load(toml, environment)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

extension Configuration {
    /// The service of this name; one without a command and anything else where there is none.
    func service(_ name: String) -> ServiceDefinition {
        services.first { $0.name == name } ?? ServiceDefinition(name: "missing", role: .other, command: [])
    }
}
