import Lifecycle
import Readable
import TOML

/// Lays the `[service.NAME]` of a settings file over the services that there are without it.
struct ServiceTables {
    private(set) var definitions: [ServiceDefinition]
    private let defaults: [String]
    private let engine: EngineProfile
    private let placeholders: Placeholders
    private let isWatched: Bool
    private let environment: [String: String]
    private let cores: Int

    /// - Parameter isWatched: false for an engine of which nothing is a service.
    init(
        _ defaults: [ServiceDefinition], engine: EngineProfile, _ placeholders: Placeholders, isWatched: Bool,
        environment: [String: String], cores: Int
    ) {
        definitions = defaults
        self.defaults = defaults.map(\.name)
        self.engine = engine
        self.placeholders = placeholders
        self.isWatched = isWatched
        self.environment = environment
        self.cores = cores
    }

    mutating func lay(
        over table: [String: TOMLValue], _ configuration: inout Configuration, _ reader: inout TableReader
    ) {
        guard case .table(let tables)? = table["service"] else { return }
        // First who is not there at all, so that only a need that the file itself names can miss it.
        let switchedOff = tables.keys.sorted().filter { !ServiceTable.isEnabled(tables, $0, reader: &reader) }
        configuration.switchedOff = switchedOff
        definitions.removeAll { switchedOff.contains($0.name) }
        for index in definitions.indices {
            definitions[index].needs.removeAll { switchedOff.contains($0) }
            if let proved = definitions[index].proves, switchedOff.contains(proved) { definitions[index].proves = nil }
        }
        for name in tables.keys.sorted() where !switchedOff.contains(name) {
            guard case .table(var own)? = tables[name] else { continue }
            let path = "service.\(name)"
            if name == "engine" {
                own = placeholders.fill(own, at: path, isProfile: false, reader: &reader)
                if engine.isElsewhere {
                    configuration.notes += ServiceTable.ignored(&own, isWatched: isWatched)
                    guard isWatched else { continue }
                }
            }
            if name == EngineWeights.service, own["command"] == nil, !definitions.contains(where: { $0.name == name }) {
                configuration.notes.append("nothing is fetched before the engine starts: [service.preload] is not used")
                continue
            }
            let index = index(of: name, &reader)
            ServiceTable.apply(own, at: path, to: &definitions[index], reader: &reader)
            // One that is there and wrong was complained of.
            if definitions[index].command.isEmpty, definitions[index].role != .engine, own["command"] == nil {
                let near = NearestWord.find(name, among: defaults).map { "; did you mean `service.\($0)`?" } ?? ""
                reader.complain(path, "service `\(PlainText.short(name))` has no command\(near)", at: .key)
            }
        }
    }

    private mutating func index(of name: String, _ reader: inout TableReader) -> Int {
        if let index = definitions.firstIndex(where: { $0.name == name }) { return index }
        // It is the name of control groups and log records, and a part of paths.
        if !EngineProfile.isName(name) || name == "coxswain" {
            reader.complain(
                "service.\(name)",
                name == "coxswain"
                    ? "`coxswain` is what coxswain itself is called in the log: give the service another name"
                    : "`\(PlainText.short(name))` cannot be a service's name: letters, digits, -, _ and . can be, up to 100",
                at: .key)
        }
        let new = ServiceTable.unknown(name, environment: environment, cores: cores)
        // In the order in which things start, as far as nobody says otherwise.
        let index = new.role == .preload ? 0 : definitions.count
        definitions.insert(new, at: index)
        return index
    }
}
