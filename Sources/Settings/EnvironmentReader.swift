import Lifecycle

/// Reads our own variables and those of the container that this one replaces.
struct EnvironmentReader {
    private let environment: [String: String]
    private(set) var problems: [SettingsProblem] = []
    /// Port of the engine inside the container.
    private(set) var enginePort: UInt16 = 8080

    init(environment: [String: String]) { self.environment = environment }

    mutating func apply(to configuration: inout Configuration) {
        if let folder = value("OUTPUT_DIR") {
            configuration.outputDirectory = folder
            configuration.stateDirectory = "\(folder)/.coxswain"
        }
        if let folder = value("STATE_DIR") { configuration.stateDirectory = folder }
        if let text = value("COXSWAIN_LISTEN") {
            if let endpoint = Configuration.Endpoint(text) {
                configuration.listen = endpoint
            } else {
                complain("COXSWAIN_LISTEN", "must be ADDRESS:PORT, not \"\(text)\"")
            }
        }
        if let port = port("PORT") { configuration.listen.port = port }
        if let format = value("COXSWAIN_LOG_FORMAT") {
            if ["json", "console"].contains(format) {
                configuration.logFormat = format
            } else {
                complain("COXSWAIN_LOG_FORMAT", "must be json or console, not \"\(format)\"")
            }
        }
        configuration.policy.drainDelay = duration("COXSWAIN_DRAIN_DELAY") ?? configuration.policy.drainDelay
        configuration.policy.shutdownGrace = duration("COXSWAIN_SHUTDOWN_GRACE") ?? configuration.policy.shutdownGrace
        applyLegacy(to: &configuration)
        applyEngine(to: &configuration)
        if configuration.listen.port == enginePort {
            enginePort = enginePort == 8080 ? 8082 : 8080
            configuration.notes.append(
                "the public port is \(configuration.listen.port), so the engine listens on \(enginePort) inside the container"
            )
        }
    }

    private mutating func applyLegacy(to configuration: inout Configuration) {
        configuration.legacy.objectStoreConfigured =
            value("CLOUDRU_S3_ENDPOINT") != nil && value("CLOUDRU_S3_BUCKET") != nil
        if let port = port("VLLM_PORT") { enginePort = port }
        if let url = value("VLLM_URL") {
            configuration.legacy.vllmURL = url
            guard let parts = HTTPURL(url) else {
                return complain("VLLM_URL", "is no http URL: \"\(url)\"")
            }
            if ["127.0.0.1", "localhost", "[::1]", "0.0.0.0"].contains(parts.host) {
                if value("VLLM_PORT") == nil { enginePort = parts.port }
                if parts.path != "/v1" {
                    configuration.notes.append(
                        "VLLM_URL: vLLM has no \(parts.path.isEmpty ? "API at /" : parts.path); pages are sent to http://127.0.0.1:\(enginePort)/v1/chat/completions"
                    )
                }
            } else {
                configuration.engine = .external(url: "\(parts.scheme)://\(parts.host):\(parts.port)/v1")
                configuration.notes.append(
                    "VLLM_URL names another host: no engine is started here, pages are sent to \(parts.scheme)://\(parts.host):\(parts.port)/v1"
                )
            }
        }
        if let home = value("PADDLEX_HOME"), value("PADDLE_PDX_CACHE_HOME") == nil {
            configuration.notes.append(
                "PADDLEX_HOME: PaddleX reads PADDLE_PDX_CACHE_HOME; the engine gets PADDLE_PDX_CACHE_HOME=\(home)")
        }
        configuration.legacy.modelsPath =
            (value("PADDLE_PDX_CACHE_HOME") ?? value("PADDLEX_HOME") ?? "\(value("HOME") ?? "/root")/.paddlex")
            + "/official_models"
    }

    private mutating func applyEngine(to configuration: inout Configuration) {
        if value("USE_VLM_API")?.lowercased() == "false" {
            configuration.engine = .tesseract
            configuration.notes.append("USE_VLM_API=false: pages are read by the embedded CPU engine (Tesseract)")
        }
        if let name = value("COXSWAIN_ENGINE") {
            if let engine = Configuration.Engine(name: name) {
                configuration.engine = engine
            } else {
                complain("COXSWAIN_ENGINE", "must be vllm, tesseract or a URL, not \"\(name)\"")
            }
        }
    }

    private func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    private mutating func port(_ name: String) -> UInt16? {
        guard let text = value(name) else { return nil }
        if let port = UInt16(text), port > 0 { return port }
        complain(name, "must be a port from 1 to 65535, not \"\(text)\"")
        return nil
    }

    private mutating func duration(_ name: String) -> Duration? {
        guard let text = value(name) else { return nil }
        if let duration = DurationText.parse(text) { return duration }
        complain(name, "must be a duration such as \"5s\", not \"\(text)\"")
        return nil
    }

    private mutating func complain(_ name: String, _ message: String) {
        problems.append(SettingsProblem(file: name, line: nil, message: message))
    }
}
