package import Lifecycle

/// All settings, validated: what `coxswain run` runs.
package struct Configuration: Sendable, Equatable {
    /// The public port.
    package var listen = Endpoint(host: "::", port: 8081)
    package var outputDirectory = "/workspace/output"
    /// Where sockets and, later, jobs live; mode 0700.
    package var stateDirectory = "/workspace/output/.coxswain"
    /// `json` or `console`; nil means console on a terminal and JSON elsewhere.
    package var logFormat: String?
    /// `debug`, `info`, `warning` or `error`: the least that the log shows.
    package var logLevel: String? = "info"
    package var engine = Engine()
    package var policy = ContainerPolicy()
    package var beforeReady = BeforeReady.answer
    /// In an order in which each comes after what it needs.
    package var services: [ServiceDefinition] = []
    /// What the replaced container's `/health` reports.
    package var legacy = LegacyFacts()
    /// Settings that mean something else than they say, explained; for the log, once.
    package var notes: [String] = []
    /// Services that the settings leave out.
    package var switchedOff: [String] = []
    /// Keys that say something else than the container runs with, and that cannot change while it does.
    package var waitingForStart: [String] = []
    package var origins = Origins()

    /// Where the engine keeps what it compiled; nil: wherever it does by itself.
    package var engineCache: EngineCache?
    /// Weights are read into the page cache while the engine's libraries are loaded.
    package var readsAhead = true

    /// For our own helpers: where programs and the GPU driver's library are found.
    package var helperEnvironment: [String: String] = [:]

    package init() {}

    /// Names of settings that differ and cannot change while the container runs.
    package func fixedDifferences(from other: Configuration) -> [String] {
        var names: [String] = []
        if listen != other.listen { names.append("listen") }
        if outputDirectory != other.outputDirectory { names.append("output-dir") }
        if stateDirectory != other.stateDirectory { names.append("state-dir") }
        if policy.drainDelay != other.policy.drainDelay { names.append("drain-delay") }
        if policy.shutdownGrace != other.policy.shutdownGrace { names.append("shutdown-grace") }
        if policy.startWithin != other.policy.startWithin { names.append("start-within") }
        if policy.unreadyAfter != other.policy.unreadyAfter { names.append("unready-after") }
        if beforeReady != other.beforeReady { names.append("before-ready") }
        return names
    }

    /// Keeps what cannot change while the container runs, so that what follows from it stays as it is, too.
    mutating func keepFixed(of running: Configuration) {
        waitingForStart = running.fixedDifferences(from: self)
        (listen, outputDirectory, stateDirectory) = (running.listen, running.outputDirectory, running.stateDirectory)
        (policy, beforeReady) = (running.policy, running.beforeReady)
        for name in waitingForStart { origins[name] = running.origins[name] ?? .standard }
    }

    package struct Endpoint: Sendable, Equatable, CustomStringConvertible {
        package var host: String
        package var port: UInt16

        package init(host: String, port: UInt16) {
            self.host = host
            self.port = port
        }

        /// Reads `HOST:PORT`, `[V6]:PORT` or `:PORT` (all addresses); the host must be numeric.
        package init?(_ text: String) {
            guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
                return nil
            }
            var host = text[..<colon]
            if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
            self.host = host.isEmpty || host == "*" ? "::" : host == "localhost" ? "127.0.0.1" : String(host)
            self.port = port
        }

        package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// Who reads the pages.
    package struct Engine: Sendable, Equatable, CustomStringConvertible {
        /// Name of its profile.
        package var profile = "paddlex-vllm"
        /// The file that the profile was read from; nil: it is built in.
        package var file: String?
        /// Base URL, such as `http://host:8080/v1`, of an engine that runs elsewhere; nil: it runs here.
        package var url: String?
        /// It is a vision-language model, asked by a prompt.
        package var usesVLM = true

        package var description: String {
            "engine profile \(profile) (\(file ?? "built in"))" + (url.map { ", at \($0)" } ?? "")
        }
    }

    /// What becomes of the public port until the container is ready for the first time.
    package enum BeforeReady: String, Sendable, CaseIterable {
        /// It answers: probes as they are, and work with 503.
        case answer
        /// It is closed: for platforms to which an open port is a ready container.
        case closed
    }

    package struct LegacyFacts: Sendable, Equatable {
        package var vllmURL = "http://127.0.0.1:8080/v1/markdown"
        package var modelsPath = ""
        package var objectStoreConfigured = false
    }
}
