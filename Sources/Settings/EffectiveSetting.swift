import Readable
import VariableCatalog

/// One setting as it holds, and where it came from.
package struct EffectiveSetting: Sendable, Equatable, Encodable {
    /// As one would write it in a settings file: `service.engine.ready.within`.
    package var key: String
    /// As TOML; secrets are not shown.
    package var value: String
    package var source: Source
    /// The value is another one: it is a secret.
    package var isMasked = false

    /// Somebody has set it: it is neither a default nor what a built-in engine profile says, and none of the variables that
    /// every process has.
    package var isChanged: Bool {
        switch source {
        case .standard: false
        case .file: true
        case .environment(let name): Variable.named(name) != nil || SecretName.matches(name)
        // A profile of the user's own is named by its file.
        case .profile(let name, _): name.contains("/")
        }
    }

    package enum Source: Sendable, Equatable, CustomStringConvertible {
        case standard
        case file(String, line: Int)
        /// A variable of our own environment, by its name.
        case environment(String)
        /// An engine profile, by its name or its file.
        case profile(String, line: Int?)

        package var description: String {
            switch self {
            case .standard: "default"
            case .file(let name, let line): "\(name):\(line)"
            case .environment(let name): "environment \(name)"
            case .profile(let name, let line): "engine profile \(name)\(line.map { ":\($0)" } ?? "")"
            }
        }
    }
}

extension EffectiveSetting {
    /// For people, and for a file: what is masked stands in comments.
    package static func listing(_ settings: [EffectiveSetting]) -> String {
        // In columns, as far as lines are short.
        let lines = settings.map { ($0.isMasked ? "# " : "") + "\($0.key) = \($0.value)" }
        let width = lines.map(\.count).filter { $0 <= 60 }.max() ?? 0
        return zip(lines, settings).map { line, setting in
            let gap = String(repeating: " ", count: max(0, width - line.count) + 2)
            return "\(line)\(gap)# \(PlainText.short("\(setting.source)"))\n"
        }.joined()
    }
}

extension EffectiveSetting.Source: Encodable {
    private enum CodingKeys: String, CodingKey { case kind, name, line }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .standard: try container.encode("default", forKey: .kind)
        case .file(let name, let line):
            try container.encode("file", forKey: .kind)
            try container.encode(name, forKey: .name)
            try container.encode(line, forKey: .line)
        case .environment(let name):
            try container.encode("environment", forKey: .kind)
            try container.encode(name, forKey: .name)
        case .profile(let name, let line):
            try container.encode("profile", forKey: .kind)
            try container.encode(name, forKey: .name)
            try container.encodeIfPresent(line, forKey: .line)
        }
    }
}

/// Where each setting came from, by its path. Two configurations that say the same are equal, wherever they say it.
package struct Origins: Sendable, Equatable {
    var sources: [String: EffectiveSetting.Source] = [:]

    package init() {}

    package static func == (_: Origins, _: Origins) -> Bool { true }

    subscript(path: String) -> EffectiveSetting.Source? {
        get { sources[path] }
        set { sources[path] = newValue }
    }

    /// What stands in the settings file; the environment, which came before, wins.
    mutating func add(_ reader: TableReader) {
        for (path, line) in reader.lines where sources[path] == nil {
            sources[path] = .file(reader.file, line: line)
        }
    }

    /// What the engine's profile says of the engine, and of pages: those are told by variables.
    mutating func add(_ engine: EngineLoader, services: [String]) {
        for (path, line) in engine.reader.lines {
            let source = EffectiveSetting.Source.profile(engine.file ?? engine.name, line: line)
            if path.hasPrefix("service.") {
                let own = "service.engine" + path.dropFirst("service".count)
                sources[own] = sources[own] ?? source
            } else if let variable = EngineProfile.variable(path) {
                for service in services {
                    let own = "service.\(service).environment.\(variable)"
                    sources[own] = sources[own] ?? source
                }
            }
        }
    }
}
