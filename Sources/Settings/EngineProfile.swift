import Lifecycle

/// One kind of engine: how it is started and watched, and how the pages it is given are to look.
struct EngineProfile {
    /// The model it serves, unless the user names another.
    var model: String?
    /// As `[service.engine]`, which is laid over it; placeholders are still in it.
    var service: [String: SettingValue] = [:]
    /// What the API and the warm-up are told of it, as environment variables.
    var page: [String: String] = [:]
    /// It is a language model, asked by a prompt.
    var usesPrompt = false

    /// Nothing is started for it: it is somebody else's.
    var isElsewhere: Bool { service["command"] == nil }

    /// - Parameter table: the profile's file; what is wrong with it is `reader`'s to remember.
    init(_ table: [String: SettingValue], reader: inout TableReader) {
        reader.checkKeys(table, at: "", known: ["model", "service", "page", "prompts", "warmup"])
        model = reader.text(table, "model", at: "")
        service = reader.table(table, "service", at: "") ?? [:]
        if let own = reader.table(table, "page", at: "") { read(page: own, &reader) }
        if let prompts = reader.table(table, "prompts", at: "") {
            usesPrompt = true
            reader.checkKeys(prompts, at: "prompts", known: ["default"] + Self.tasks)
            page["COXSWAIN_ENGINE_PROMPT"] = reader.text(prompts, "default", at: "prompts")
            for task in Self.tasks {
                page["COXSWAIN_ENGINE_PROMPT_\(task.uppercased())"] = reader.text(prompts, task, at: "prompts")
            }
        }
        if let warmup = reader.table(table, "warmup", at: "") {
            reader.checkKeys(warmup, at: "warmup", known: ["max-error"])
            page["COXSWAIN_WARMUP_MAX_ERROR"] = Self.maximumError(warmup, &reader)
        }
    }

    /// What a client may ask of a page beside its text.
    private static let tasks = ["table", "formula", "chart", "seal", "spotting"]

    private mutating func read(page own: [String: SettingValue], _ reader: inout TableReader) {
        reader.checkKeys(own, at: "page", known: ["dpi", "pixels", "color", "regions"])
        // The same limits as the API's own.
        page["COXSWAIN_PAGE_DPI"] = reader.integer(own, "dpi", at: "page", in: 36...1200).map(String.init)
        page["COXSWAIN_PAGE_PIXELS"] =
            reader.integer(own, "pixels", at: "page", in: 10_000...200_000_000).map(String.init)
        page["COXSWAIN_PAGE_COLOR"] = choice(own, "color", of: ["rgb", "grey"], &reader)
        page["COXSWAIN_PAGE_REGIONS"] = choice(own, "regions", of: ["whole", "blocks"], &reader)
    }

    private func choice(
        _ table: [String: SettingValue], _ key: String, of choices: [String], _ reader: inout TableReader
    ) -> String? {
        guard let text = reader.text(table, key, at: "page") else { return nil }
        if choices.contains(text) { return text }
        let known = choices.map { "\"\($0)\"" }.joined(separator: " or ")
        reader.complain("page.\(key)", "`page.\(key)` must be \(known), not \"\(text)\"")
        return nil
    }

    private static func maximumError(_ table: [String: SettingValue], _ reader: inout TableReader) -> String? {
        switch table["max-error"] {
        case nil: return nil
        case .text("off"): return "off"
        case .integer(let rate) where rate >= 0: return String(rate)
        case .number(let rate) where rate >= 0 && rate.isFinite: return String(rate)
        default:
            reader.complain(
                "warmup.max-error", "`warmup.max-error` must be a share of characters such as 0.1, or \"off\"")
            return nil
        }
    }
}

extension EngineProfile {
    /// Those of `etc/engines`, so that a container works without any file.
    static let builtIn: [String: [UInt8]] = [
        "external": PackageResources.external_toml, "paddlex-vllm": PackageResources.paddlex_vllm_toml,
        "tesseract": PackageResources.tesseract_toml, "vllm": PackageResources.vllm_toml,
    ]

    /// Whether a profile may be called that: it is a file's name, too.
    static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 100 && !name.hasPrefix(".")
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    }
}
