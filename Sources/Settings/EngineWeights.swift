import Lifecycle
import Models
import TOML

/// What the engine's weights are, whether they are fetched before it starts, and where they then are.
struct EngineWeights {
    /// How a model's manifest is found: by a name, and the folder of the user's manifests.
    typealias Manifests = (_ name: String, _ folder: String?) throws(ManifestProblem) -> ModelManifest?

    /// The folder of all models.
    let root: String
    /// What is fetched, in that order; empty where nothing is, and the engine sees to it itself.
    private(set) var models: [ModelManifest] = []
    /// The folder of the model that the engine serves, where that is fetched.
    private(set) var folder: String?
    /// The engine is one that compiles for its model: of what it made something can be kept.
    private(set) var isCompiled = false
    private(set) var notes: [String] = []
    /// What is wrong with the user's manifests.
    private(set) var problem: String?

    static let service = "preload"

    /// - Parameters:
    ///   - model: the one that is served, if anybody named one.
    ///   - tables: the `[service.NAME]` of the settings file.
    init(
        _ profile: EngineProfile, model: String?, root: String, manifestFolder: String?,
        tables: [String: TOMLValue], manifests: Manifests
    ) {
        self.root = root
        guard !profile.isElsewhere, !profile.models.isEmpty, !Self.isOff(tables["engine"]) else { return }
        if let command = Self.ownCommand(tables["engine"]), !Self.names(model, command, below: root) {
            notes.append(
                "the command of [service.engine] names neither {model} nor {weights}: no weights are fetched for it")
            return
        }
        isCompiled = true
        // Somebody's own preload sees to it in its own way.
        let own = Self.ownCommand(tables[Self.service])
        if Self.isOff(tables[Self.service]) || own.map({ !Self.isOurs($0) }) ?? false { return }
        for entry in profile.models {
            let name = entry == "{model}" ? model ?? "" : entry
            // A folder of the user's own is what it is; and that no model was named is complained of elsewhere.
            guard !name.isEmpty, !name.hasPrefix("/") else { continue }
            do throws(ManifestProblem) {
                guard let manifest = try manifests(name, manifestFolder) else {
                    notes.append(
                        "there is no manifest of the model \(name): the engine fetches it itself, and nobody checks it; a manifest in the folder COXSWAIN_MODEL_MANIFESTS would change that"
                    )
                    continue
                }
                if entry == "{model}" { folder = "\(root)/\(manifest.folder)" }
                if !models.contains(where: { $0.folder == manifest.folder }) { models.append(manifest) }
            } catch {
                problem = "\(error)"
            }
        }
    }

    /// An engine without its own weights is not started offline.
    var makesOffline: Bool { folder != nil }

    /// - Parameter environment: our own.
    func definition(environment: [String: String], programs: String) -> ServiceDefinition? {
        guard !models.isEmpty else { return nil }
        var variables = ServiceEnvironment.forPreload(environment)
        variables["COXSWAIN_MODEL_ROOT"] = root
        variables["COXSWAIN_MODELS"] = names(and: environment["COXSWAIN_MODELS"] ?? "").joined(separator: ",")
        var restart = RestartPolicy(first: .seconds(1), base: .seconds(2), maximum: .seconds(60))
        // Of sysexits.h, as the program documents them: usage, unavailable, configuration.
        restart.hopelessExits = [64, 69, 78]
        return ServiceDefinition(
            name: Self.service, role: .preload, command: ["\(programs)/coxswain-preload", "fetch"],
            environment: variables,
            // As long as a slow line needs, if only it moves.
            ready: Readiness(check: .exit, within: .seconds(7200), stall: .seconds(120)), restart: restart,
            stop: StopPolicy(grace: .seconds(5)), logFormat: "json")
    }

    /// What the engine needs comes first; what the user wants beside it follows.
    private func names(and others: String) -> [String] {
        let own = models.map(\.name)
        let more = others.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
        return own + more.filter { name in !name.isEmpty && !models.contains { $0.isCalled(name) } }
    }

    /// What the engine is told of its weights, beside what the user says.
    var engineVariables: [String: String] {
        guard makesOffline else { return [:] }
        var variables = ServiceEnvironment.offline
        // PaddleX looks into `official_models` below it.
        if let home = Self.home(of: root) { variables["PADDLE_PDX_CACHE_HOME"] = home }
        return variables
    }

    /// The folder in which PaddleX would find this one.
    static func home(of root: String) -> String? {
        let ending = "/official_models"
        return root.hasSuffix(ending) && root.count > ending.count ? String(root.dropLast(ending.count)) : nil
    }

    // MARK: What the settings file says

    private static func isOff(_ table: TOMLValue?) -> Bool {
        guard case .table(let own)? = table else { return false }
        return own["enabled"] == .flag(false)
    }

    private static func ownCommand(_ table: TOMLValue?) -> [String]? {
        guard case .table(let own)? = table, case .list(let words)? = own["command"] else { return nil }
        return words.map { if case .text(let text) = $0 { text } else { "" } }
    }

    private static func isOurs(_ command: [String]) -> Bool {
        command.first?.split(separator: "/").last == "coxswain-preload"
    }

    /// Whether a command of the user's own is about the model that there is to serve.
    private static func names(_ model: String?, _ command: [String], below root: String) -> Bool {
        command.contains { word in
            word == model || word.hasPrefix("\(root)/")
                || Placeholders.ofTheModel.contains { word.contains("{\($0)}") }
        }
    }
}
