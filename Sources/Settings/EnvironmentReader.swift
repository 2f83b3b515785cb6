import Lifecycle
import Readable
import TOML
import VariableCatalog

/// Reads our own variables and those of the container that this one replaces.
struct EnvironmentReader {
    private let environment: [String: String]
    private(set) var problems: [SettingsProblem] = []
    /// Port of an engine that runs inside the container.
    private(set) var enginePort: UInt16 = 8080
    /// Where an engine that runs elsewhere is.
    private(set) var engineURL: EngineURL?
    /// The variable that chose the engine; nil: the file did, or nobody.
    private(set) var engineChosenBy: String?

    init(environment: [String: String]) { self.environment = environment }

    mutating func apply(to configuration: inout Configuration) {
        let (wrong, notes) = VariableCheck.all(environment)
        problems += wrong
        configuration.notes += notes
        if let folder = take("OUTPUT_DIR", "output-dir", &configuration) {
            configuration.outputDirectory = folder
            configuration.stateDirectory = "\(folder)/.coxswain"
            // It would be the file's, which does not count any more.
            configuration.origins["state-dir"] = configuration.origins["output-dir"]
        }
        if let folder = take("STATE_DIR", "state-dir", &configuration) { configuration.stateDirectory = folder }
        if let text = take("COXSWAIN_LISTEN", "listen", &configuration) {
            if let endpoint = Configuration.Endpoint(text) {
                configuration.listen = endpoint
            } else {
                complain("COXSWAIN_LISTEN", "must be ADDRESS:PORT, not \"\(PlainText.short(text))\"")
            }
        }
        if let port = take("PORT", "listen", &configuration).flatMap(UInt16.init) { configuration.listen.port = port }
        if let format = take("COXSWAIN_LOG_FORMAT", "log-format", &configuration) {
            configuration.logFormat = format.lowercased()
        }
        if let level = take("COXSWAIN_LOG_LEVEL", "log-level", &configuration) {
            configuration.logLevel = level.lowercased()
        }
        if let choice = take("COXSWAIN_BEFORE_READY", "before-ready", &configuration) {
            configuration.beforeReady = .init(rawValue: choice.lowercased()) ?? configuration.beforeReady
        }
        take("COXSWAIN_DRAIN_DELAY", "drain-delay", \.drainDelay, &configuration)
        take("COXSWAIN_SHUTDOWN_GRACE", "shutdown-grace", \.shutdownGrace, &configuration)
        take("COXSWAIN_START_WITHIN", "start-within", \.startWithin, &configuration)
        take("COXSWAIN_UNREADY_AFTER", "unready-after", \.unreadyAfter, &configuration)
        readLegacy(to: &configuration)
        chooseEngine(&configuration)
    }

    /// A variable that says the same as a key of the file, and beats it.
    private func take(_ name: String, _ key: String, _ configuration: inout Configuration) -> String? {
        guard let text = value(name) else { return nil }
        configuration.origins[key] = .environment(name)
        return text
    }

    private func take(
        _ name: String, _ key: String, _ path: WritableKeyPath<ContainerPolicy, Duration>,
        _ configuration: inout Configuration
    ) {
        guard let duration = take(name, key, &configuration).flatMap(DurationText.parse) else { return }
        configuration.policy[keyPath: path] = duration
    }

    /// The model that the user wants served, or asked for.
    var model: String? { value("COXSWAIN_ENGINE_MODEL") }

    private mutating func readLegacy(to configuration: inout Configuration) {
        readObjectStore(to: &configuration)
        if value("COXSWAIN_WEBHOOKS").flatMap(Variable.Kind.flag) == true, value("COXSWAIN_WEBHOOK_SECRET") == nil,
            value("COXSWAIN_WEBHOOK_SECRET_FILE") == nil
        {
            complain(
                "COXSWAIN_WEBHOOKS",
                "needs COXSWAIN_WEBHOOK_SECRET or COXSWAIN_WEBHOOK_SECRET_FILE: webhooks are signed")
        }
        if let home = value("PADDLEX_HOME"), value("PADDLE_PDX_CACHE_HOME") == nil {
            configuration.notes.append(
                "PADDLEX_HOME: PaddleX reads PADDLE_PDX_CACHE_HOME; the engine gets PADDLE_PDX_CACHE_HOME=\(home)")
        }
        configuration.legacy.modelsPath =
            value("COXSWAIN_MODEL_ROOT").map(Self.withoutSlashes)
            ?? (value("PADDLE_PDX_CACHE_HOME") ?? value("PADDLEX_HOME") ?? "\(value("HOME") ?? "/root")/.paddlex")
            + "/official_models"
        if let port = value("VLLM_PORT").flatMap(UInt16.init) { enginePort = port }
        if let url = value("VLLM_URL") {
            guard HTTPURL(url) != nil else { return complain("VLLM_URL", EngineURL.problem(url)) }
            configuration.legacy.vllmURL = url
        }
    }

    /// Whether results are uploaded. The replaced container did so where it was told a store with its keys; that it was told some
    /// of that alone is most likely a mistake.
    private func readObjectStore(to configuration: inout Configuration) {
        let hasKeys = ["CLOUDRU_S3_ACCESS_KEY", "CLOUDRU_S3_SECRET_KEY"].allSatisfy { value($0) != nil }
        let hasOtherKeys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].allSatisfy { value($0) != nil }
        let keys = hasKeys || hasOtherKeys ? [] : ["CLOUDRU_S3_ACCESS_KEY", "CLOUDRU_S3_SECRET_KEY"]
        let missing = (["CLOUDRU_S3_ENDPOINT", "CLOUDRU_S3_BUCKET"] + keys).filter { value($0) == nil }
        configuration.legacy.objectStoreConfigured = value("COXSWAIN_S3_RESULTS") != nil || missing.isEmpty
        if !configuration.legacy.objectStoreConfigured, value("CLOUDRU_S3_BUCKET") != nil {
            configuration.notes.append(
                "CLOUDRU_S3_BUCKET: results are not uploaded, since \(missing.joined(separator: " and ")) "
                    + (missing.count == 1 ? "is not set" : "are not set"))
        }
    }

    /// Where the engine's weights come from, and what is kept of what it makes of them.
    mutating func weights(
        of profile: EngineProfile, _ file: [String: TOMLValue], _ configuration: inout Configuration,
        _ manifests: EngineWeights.Manifests
    ) -> EngineWeights {
        var tables: [String: TOMLValue] = [:]
        if case .table(let own)? = file["service"] { tables = own }
        let model = model ?? profile.model
        let root = configuration.legacy.modelsPath
        let weights = EngineWeights(
            profile, model: model, root: root, manifestFolder: value("COXSWAIN_MODEL_MANIFESTS"), tables: tables,
            manifests: manifests)
        configuration.notes += weights.notes
        if let problem = weights.problem { complain("COXSWAIN_MODEL_MANIFESTS", problem) }
        if weights.makesOffline, value("COXSWAIN_MODEL_ROOT") != nil, profile.usesOfficialModels,
            EngineWeights.home(of: root) == nil
        {
            configuration.notes.append(
                "COXSWAIN_MODEL_ROOT: PaddleX finds weights in a folder called official_models alone, which \(root) is not"
            )
        }
        configuration.readsAhead = value("COXSWAIN_READAHEAD").flatMap(Variable.Kind.flag) ?? true
        let cache = value("COXSWAIN_ENGINE_CACHE") ?? "\(root)/.coxswain-cache"
        if weights.isCompiled, cache.lowercased() != "off" {
            configuration.engineCache = EngineCache(folder: cache, model: model ?? profile.models[0])
        }
        return weights
    }

    /// COXSWAIN_ENGINE beats USE_VLM_API, which beats a VLLM_URL on another host, which beats the file.
    private mutating func chooseEngine(_ configuration: inout Configuration) {
        if let url = value("VLLM_URL").flatMap(HTTPURL.init), !url.isLocal {
            engineChosenBy = "VLLM_URL"
            configuration.engine.profile = "external"
            configuration.engine.url = nil
        }
        if value("USE_VLM_API").flatMap(Variable.Kind.flag) == false {
            engineChosenBy = "USE_VLM_API"
            configuration.engine.profile = "tesseract"
            configuration.engine.url = nil
        }
        if let name = value("COXSWAIN_ENGINE") {
            engineChosenBy = "COXSWAIN_ENGINE"
            if !configuration.chooseEngine(name) { complain("COXSWAIN_ENGINE", EngineURL.problem(name)) }
        }
        if let engineChosenBy { configuration.origins["engine"] = .environment(engineChosenBy) }
    }

    /// Finds out where the engine is, once it is known whether it runs here.
    ///
    /// - Returns: false when nothing says where.
    mutating func placeEngine(_ configuration: inout Configuration, isElsewhere: Bool) -> Bool {
        if isElsewhere { return placeElsewhere(&configuration) }
        configuration.engine.url = nil
        let legacyURL = value("VLLM_URL").flatMap(HTTPURL.init).flatMap { $0.isLocal ? $0 : nil }
        if let legacyURL, value("VLLM_PORT") == nil { enginePort = legacyURL.port }
        if configuration.listen.port == enginePort {
            enginePort = enginePort == 8080 ? 8082 : 8080
            configuration.notes.append(
                "the public port is \(configuration.listen.port), so the engine listens on \(enginePort) inside the container"
            )
        }
        if let legacyURL, legacyURL.path != "/v1" {
            configuration.notes.append(
                "VLLM_URL: vLLM has no \(legacyURL.path.isEmpty ? "API at /" : legacyURL.path); pages are sent to http://127.0.0.1:\(enginePort)/v1/chat/completions"
            )
        }
        // Images set COXSWAIN_ENGINE themselves: that beats what somebody asks for by VLLM_URL must not go unsaid.
        if value("VLLM_URL").flatMap(HTTPURL.init)?.isLocal == false, engineChosenBy == "COXSWAIN_ENGINE" {
            configuration.notes.append(
                "VLLM_URL names another host and counts for nothing, since COXSWAIN_ENGINE asks for an engine here: set COXSWAIN_ENGINE to that URL, or to nothing"
            )
        }
        if engineChosenBy == "USE_VLM_API" {
            configuration.notes.append("USE_VLM_API=false: pages are read by the embedded CPU engine (Tesseract)")
        }
        return true
    }

    private mutating func placeElsewhere(_ configuration: inout Configuration) -> Bool {
        if let text = configuration.engine.url {
            engineURL = EngineURL(text, alwaysVersioned: false)
        } else if let text = value("VLLM_URL") {
            // What is wrong with it was said above.
            engineURL = EngineURL(text, alwaysVersioned: true)
        } else {
            return false
        }
        configuration.engine.url = engineURL?.base
        guard let engineURL else { return true }
        if engineChosenBy == "VLLM_URL" {
            configuration.notes.append(
                "VLLM_URL names another host: no engine is started here, pages are sent to \(engineURL.base)")
        }
        if engineURL.isEncrypted {
            configuration.notes.append(
                "the engine at \(engineURL.base) is used, but not watched: checks speak plain http. When it is down, the container does not say so"
            )
        }
        return true
    }

    /// Complains of the choice of engine where it was made.
    mutating func complainOfEngine(_ message: String, _ reader: inout TableReader) {
        if let engineChosenBy { complain(engineChosenBy, message) } else { reader.complain("engine", message) }
    }

    // MARK: Values

    /// Nobody means another folder by one more slash at its end.
    private static func withoutSlashes(_ path: String) -> String {
        let rest = path.reversed().drop { $0 == "/" }.reversed()
        return rest.isEmpty ? "/" : String(rest)
    }

    /// What a variable says; nothing for one that is empty, that is wrong, or that a platform sets for the sake of others.
    private func value(_ name: String) -> String? {
        guard let text = environment[name], !text.isEmpty, !ServiceLink.isOne(name, value: text),
            VariableCheck.problem(name, text) == nil
        else { return nil }
        return text
    }

    mutating func complain(_ name: String, _ message: String) {
        problems.append(SettingsProblem(variable: name, message: message))
    }
}

extension Configuration {
    /// Takes the name of a profile, or the URL of an engine that runs elsewhere.
    ///
    /// - Returns: false for what begins like a URL and is none that can be used.
    mutating func chooseEngine(_ text: String) -> Bool {
        let isURL = ["http://", "https://"].contains { text.lowercased().hasPrefix($0) }
        engine.profile = isURL ? "external" : text
        engine.url = isURL ? text : nil
        return !isURL || EngineURL(text, alwaysVersioned: false) != nil
    }
}
