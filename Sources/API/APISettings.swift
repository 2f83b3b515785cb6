package import APIKeys
import Jobs
package import Pipeline
package import PublicPort
import VariableCatalog

/// What the api is told by its environment, validated.
package struct APISettings: Sendable, Equatable {
    /// How pages are rendered and read.
    package var pipeline = PipelineSettings()
    package var maximumUploadBytes = 200 << 20
    /// Most documents that wait or are read at once; more are refused with 429.
    package var maximumJobs = 256
    /// How long a finished job and its result can be asked for.
    package var retention = Duration.seconds(86_400)
    /// Most bytes of uploads and results under the state folder.
    package var maximumStateBytes = 10 << 30
    /// Bytes of the state folder's disk that new work must leave free.
    package var minimumFreeBytes = 256 << 20
    /// What is kept, as the store takes it.
    var jobLimits: JobLimits {
        var limits = JobLimits()
        limits.retention = retention / .seconds(1)
        limits.maximumBytes = maximumStateBytes
        limits.reserveBytes = minimumFreeBytes
        return limits
    }
    /// Time that requests in flight have to finish after a request to stop.
    package var stopGrace = Duration.seconds(5)
    package var outputDirectory = "output"
    package var stateDirectory = "output/.coxswain"
    /// Who may use the api.
    package var keys = KeySources()
    /// `/metrics` asks for no key.
    package var metricsAreOpen = false
    /// Most connections that are open at once.
    package var maximumConnections = 4096
    /// The time that clients have for a request.
    package var requestPace = RequestPace.Limits()
    /// Where documents may come from, and where what is made of them goes.
    package var outside = OutsideSettings()
    /// PID 1's socket; nil when the api was started by hand.
    package var controlSocket: String?
    /// As the replaced container's clients set it; shown by `/`.
    package var vllmURL = "http://127.0.0.1:8080/v1"
    /// The engine is a vision-language model.
    package var usesVLM = true

    package init() {}

    /// - Parameters:
    ///   - environment: the process's variables; an empty one counts as not set.
    ///   - availableCores: processors that this process may use.
    package init(environment: [String: String], availableCores: Int) throws(SettingsError) {
        let variables = Variables(environment)
        usesVLM = try variables.flag("USE_VLM_API") ?? usesVLM
        vllmURL = variables["VLLM_URL"] ?? vllmURL
        pipeline.engineURL = variables["COXSWAIN_ENGINE_URL"] ?? Self.baseURL(ofVLLM: vllmURL)
        pipeline.engineModel = variables["COXSWAIN_ENGINE_MODEL"]
        pipeline.prompts = Self.prompts(variables, usesVLM: usesVLM)
        pipeline.pageTokens = try variables.number("COXSWAIN_PAGE_TOKENS") ?? pipeline.pageTokens
        pipeline.cores = try variables.number("COXSWAIN_CORES") ?? availableCores
        // A language model on a GPU batches pages; an engine on the CPU gains nothing beyond one a core.
        pipeline.engineConcurrency =
            try variables.number("COXSWAIN_ENGINE_CONCURRENCY")
            ?? (usesVLM ? pipeline.engineConcurrency : pipeline.cores)
        pipeline.pageDPI = Double(
            try variables.number("COXSWAIN_PAGE_DPI") ?? Int(pipeline.pageDPI))
        pipeline.pagePixels =
            try variables.number("COXSWAIN_PAGE_PIXELS") ?? pipeline.pagePixels
        pipeline.pageIsGrey = try variables.choice("COXSWAIN_PAGE_COLOR") == "grey"
        pipeline.readsBlocks = try variables.choice("COXSWAIN_PAGE_REGIONS") == "blocks"
        pipeline.pageDeadline =
            try variables.seconds("COXSWAIN_PAGE_DEADLINE") ?? pipeline.pageDeadline
        pipeline.maximumPages =
            try variables.number("COXSWAIN_MAX_PAGES") ?? pipeline.maximumPages
        maximumJobs = try variables.number("COXSWAIN_MAX_JOBS") ?? maximumJobs
        retention = try variables.seconds("COXSWAIN_KEEP_JOBS") ?? retention
        maximumStateBytes =
            try variables.number("COXSWAIN_MAX_STATE_BYTES") ?? maximumStateBytes
        minimumFreeBytes =
            try variables.number("COXSWAIN_MIN_FREE_BYTES") ?? minimumFreeBytes
        maximumUploadBytes =
            try variables.number("COXSWAIN_MAX_UPLOAD_BYTES") ?? maximumUploadBytes
        stopGrace = try variables.seconds("COXSWAIN_STOP_GRACE") ?? stopGrace
        outputDirectory = variables["OUTPUT_DIR"] ?? outputDirectory
        stateDirectory = variables["STATE_DIR"] ?? "\(outputDirectory)/.coxswain"
        keys = KeySources(environment: environment)
        metricsAreOpen = try variables.flag("COXSWAIN_METRICS_OPEN") ?? metricsAreOpen
        maximumConnections = try variables.number("COXSWAIN_MAX_CONNECTIONS") ?? maximumConnections
        outside = try OutsideSettings(variables)
        controlSocket = variables["COXSWAIN_CONTROL_SOCKET"]
    }

    /// Those that the engine's profile names; without any those of PaddleOCR-VL, and of an engine that takes no prompt
    /// nothing but text.
    private static func prompts(_ variables: Variables, usesVLM: Bool) -> PagePrompts {
        var texts: [PageTask: String] = [:]
        for task in PageTask.allCases {
            texts[task] =
                variables[
                    task == .ocr ? "COXSWAIN_ENGINE_PROMPT" : "COXSWAIN_ENGINE_PROMPT_\(task.rawValue.uppercased())"]
        }
        return texts.isEmpty && usesVLM ? PagePrompts() : PagePrompts(texts)
    }

    /// The replaced container's clients name a path that vLLM does not have: what counts is what stands before it.
    static func baseURL(ofVLLM url: String) -> String {
        for path in ["/markdown", "/chat/completions", "/"] where url.hasSuffix(path) {
            return baseURL(ofVLLM: String(url.dropLast(path.count)))
        }
        return url.hasSuffix("/v1") ? url : "\(url)/v1"
    }
}

/// A variable whose value cannot be used.
package struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    package var variable: String
    package var value: String
    /// What it has to be, as the end of the sentence "it must be …".
    package var expected: String

    package init(variable: String, value: String, expected: String) {
        self.variable = variable
        self.value = value
        self.expected = expected
    }

    package var description: String { "\(variable)=\(value): it must be \(expected)" }
}

/// The environment with typed access.
struct Variables {
    /// Those that are not empty.
    let all: [String: String]

    init(_ values: [String: String]) { all = values.filter { !$0.value.isEmpty } }

    subscript(name: String) -> String? { all[name] }

    func number(_ name: String) throws(SettingsError) -> Int? { try checked(name).flatMap { Int($0) } }

    func seconds(_ name: String) throws(SettingsError) -> Duration? {
        try checked(name).flatMap(Double.init).map { .milliseconds(Int($0 * 1000)) }
    }

    func duration(_ name: String) throws(SettingsError) -> Duration? {
        try checked(name).flatMap(DurationText.parse)
    }

    func flag(_ name: String) throws(SettingsError) -> Bool? { try checked(name).flatMap(Variable.Kind.flag) }

    func choice(_ name: String) throws(SettingsError) -> String? { try checked(name)?.lowercased() }

    /// What it may be, the table of all variables says: PID 1 has looked there too, before it started anything.
    private func checked(_ name: String) throws(SettingsError) -> String? {
        guard let text = all[name] else { return nil }
        if let kind = Variable.named(name)?.kind, !kind.accepts(text) {
            throw SettingsError(variable: name, value: text, expected: kind.expected ?? "something else")
        }
        return text
    }
}
