/// What the api is told by its environment, validated.
package struct APISettings: Sendable, Equatable {
    /// Base URL of the engine, ending in `/v1`.
    package var engineURL = "http://127.0.0.1:8080/v1"
    /// Name of the engine's model; nil: the first one that the engine lists.
    package var engineModel: String?
    /// Pages that the engine is given at once.
    package var engineConcurrency = 8
    /// What the engine is asked to do with a page.
    package var prompt = "OCR:"
    /// Most tokens of one page's answer.
    package var pageTokens = 4096
    /// Renderers at once.
    package var cores = 1
    /// Resolution of a rendered page, dots per inch.
    package var pageDPI = 144.0
    /// Most pixels of a rendered page. The default is PaddleOCR-VL's own limit, 1280 × 28 × 28.
    package var pagePixels = 1_003_520
    package var pageIsGrey = false
    /// Time that a page may wait for the engine and be read in, an engine's restart included.
    package var pageDeadline = Duration.seconds(600)
    package var maximumUploadBytes = 200 << 20
    package var maximumPages = 2000
    /// Time that requests in flight have to finish after a request to stop.
    package var stopGrace = Duration.seconds(5)
    package var outputDirectory = "output"
    package var stateDirectory = "output/.coxswain"
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
        engineURL = variables["COXSWAIN_ENGINE_URL"] ?? Self.baseURL(ofVLLM: vllmURL)
        engineModel = variables["COXSWAIN_ENGINE_MODEL"]
        prompt = variables["COXSWAIN_ENGINE_PROMPT"] ?? prompt
        pageTokens = try variables.number("COXSWAIN_PAGE_TOKENS", in: 16...131_072) ?? pageTokens
        cores = try variables.number("COXSWAIN_CORES", in: 1...1024) ?? availableCores
        // A language model on a GPU batches pages; an engine on the CPU gains nothing beyond one a core.
        engineConcurrency =
            try variables.number("COXSWAIN_ENGINE_CONCURRENCY", in: 1...1024) ?? (usesVLM ? 8 : cores)
        pageDPI = Double(try variables.number("COXSWAIN_PAGE_DPI", in: 36...1200) ?? Int(pageDPI))
        pagePixels = try variables.number("COXSWAIN_PAGE_PIXELS", in: 10_000...200_000_000) ?? pagePixels
        pageIsGrey = try variables.choice("COXSWAIN_PAGE_COLOR", of: ["rgb", "grey"]) == "grey"
        pageDeadline = try variables.seconds("COXSWAIN_PAGE_DEADLINE", in: 1...86_400) ?? pageDeadline
        maximumUploadBytes =
            try variables.number("COXSWAIN_MAX_UPLOAD_BYTES", in: 1...(1 << 40)) ?? maximumUploadBytes
        maximumPages = try variables.number("COXSWAIN_MAX_PAGES", in: 1...100_000) ?? maximumPages
        stopGrace = try variables.seconds("COXSWAIN_STOP_GRACE", in: 0...3600) ?? stopGrace
        outputDirectory = variables["OUTPUT_DIR"] ?? outputDirectory
        stateDirectory = variables["STATE_DIR"] ?? "\(outputDirectory)/.coxswain"
        controlSocket = variables["COXSWAIN_CONTROL_SOCKET"]
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
private struct Variables {
    private let values: [String: String]

    init(_ values: [String: String]) { self.values = values.filter { !$0.value.isEmpty } }

    subscript(name: String) -> String? { values[name] }

    func number(_ name: String, in range: ClosedRange<Int>) throws(SettingsError) -> Int? {
        guard let text = values[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw SettingsError(
                variable: name, value: text,
                expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func seconds(_ name: String, in range: ClosedRange<Double>) throws(SettingsError) -> Duration? {
        guard let text = values[name] else { return nil }
        guard let number = Double(text), range.contains(number) else {
            throw SettingsError(
                variable: name, value: text,
                expected: "a number of seconds from \(range.lowerBound) to \(range.upperBound)")
        }
        return .milliseconds(Int(number * 1000))
    }

    func flag(_ name: String) throws(SettingsError) -> Bool? {
        guard let text = values[name] else { return nil }
        switch text.lowercased() {
        case "true", "1", "yes", "on": return true
        case "false", "0", "no", "off": return false
        default: throw SettingsError(variable: name, value: text, expected: "true or false")
        }
    }

    func choice(_ name: String, of choices: [String]) throws(SettingsError) -> String? {
        guard let text = values[name] else { return nil }
        guard choices.contains(text.lowercased()) else {
            throw SettingsError(variable: name, value: text, expected: choices.joined(separator: " or "))
        }
        return text.lowercased()
    }
}
