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
    package var engine: Engine = .vllm
    package var policy = ContainerPolicy()
    /// In an order in which each comes after what it needs.
    package var services: [ServiceDefinition] = []
    /// What the replaced container's `/health` reports.
    package var legacy = LegacyFacts()
    /// Settings that mean something else than they say, explained; for the log, once.
    package var notes: [String] = []

    /// For our own helpers: where programs and the GPU driver's library are found.
    package var helperEnvironment: [String: String] = [:]

    package init() {}

    /// Names of settings that differ and cannot change while the container runs.
    package func fixedDifferences(from other: Configuration) -> [String] {
        var names: [String] = []
        if listen != other.listen { names.append("listen") }
        if outputDirectory != other.outputDirectory { names.append("output-dir") }
        if stateDirectory != other.stateDirectory { names.append("state-dir") }
        if logFormat != other.logFormat { names.append("log-format") }
        if policy.drainDelay != other.policy.drainDelay { names.append("drain-delay") }
        if policy.shutdownGrace != other.policy.shutdownGrace { names.append("shutdown-grace") }
        return names
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
    package enum Engine: Sendable, Equatable {
        /// PaddleX's launcher on vLLM, on a GPU.
        case vllm
        /// The embedded one, on the CPU.
        case tesseract
        /// Somebody else's, by its base URL.
        case external(url: String)
    }

    package struct LegacyFacts: Sendable, Equatable {
        package var vllmURL = "http://127.0.0.1:8080/v1/markdown"
        package var modelsPath = ""
        package var objectStoreConfigured = false
    }
}
