import Lifecycle
import TOML
import VariableCatalog

/// One kind of engine: how it is started and watched, and how the pages it is given are to look.
struct EngineProfile {
    /// The model it serves, unless the user names another.
    var model: String?
    /// Models whose weights it needs; `{model}` is still in it.
    var models: [String] = []
    /// As `[service.engine]`, which is laid over it; placeholders are still in it.
    var service: [String: TOMLValue] = [:]
    /// What the API and the warm-up are told of it, as environment variables.
    var page: [String: String] = [:]
    /// It is a language model, asked by a prompt.
    var usesPrompt = false

    /// Nothing is started for it: it is somebody else's.
    var isElsewhere: Bool { service["command"] == nil }

    /// It is started by PaddleX, which looks for weights where it would put them itself.
    var usesOfficialModels: Bool {
        guard case .list(let command)? = service["command"], case .text(let program)? = command.first else {
            return false
        }
        return program.split(separator: "/").last == "paddlex_genai_server"
    }

    /// - Parameter table: the profile's file; what is wrong with it is `reader`'s to remember.
    init(_ table: [String: TOMLValue], reader: inout TableReader) {
        reader.checkKeys(table, at: "", as: "profile")
        model = reader.text(table, "model", at: "")
        models = reader.texts(table, "models", at: "") ?? []
        service = reader.table(table, "service", at: "") ?? [:]
        if let own = reader.table(table, "page", at: "") { read(page: own, &reader) }
        if let prompts = reader.table(table, "prompts", at: "") {
            usesPrompt = true
            reader.checkKeys(prompts, at: "prompts", as: "profile.prompts")
            page["COXSWAIN_ENGINE_PROMPT"] = reader.text(prompts, "default", at: "prompts")
            for task in Self.tasks {
                page["COXSWAIN_ENGINE_PROMPT_\(task.uppercased())"] = reader.text(prompts, task, at: "prompts")
            }
        }
        if let warmup = reader.table(table, "warmup", at: "") {
            reader.checkKeys(warmup, at: "warmup", as: "profile.warmup")
            page["COXSWAIN_WARMUP_MAX_ERROR"] = Self.maximumError(warmup, &reader)
        }
    }

    /// What a client may ask of a page beside its text.
    private static let tasks = ["table", "formula", "chart", "seal", "spotting"]

    private mutating func read(page own: [String: TOMLValue], _ reader: inout TableReader) {
        reader.checkKeys(own, at: "page", as: "profile.page")
        for key in ["dpi", "pixels", "color", "regions"] {
            guard let name = Self.variable("page.\(key)") else { continue }
            // The same limits as the API's own.
            switch Variable.named(name)?.kind {
            case .number(let range): page[name] = reader.integer(own, key, at: "page", in: range).map(String.init)
            case .choice(let choices): page[name] = reader.choice(own, key, at: "page", of: choices)
            default: break
            }
        }
    }

    private static func maximumError(_ table: [String: TOMLValue], _ reader: inout TableReader) -> String? {
        // What was taken is known by its line; what it is, is looked at here.
        switch reader.value(table, "max-error", at: "warmup") {
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
    /// The variable by which the API and the warm-up are told what stands at a path of the profile.
    static func variable(_ path: String) -> String? {
        let parts = path.split(separator: ".")
        guard parts.count == 2 else { return nil }
        switch (parts[0], parts[1]) {
        case ("page", let key): return "COXSWAIN_PAGE_\(key.uppercased())"
        case ("prompts", "default"): return "COXSWAIN_ENGINE_PROMPT"
        case ("prompts", let task): return "COXSWAIN_ENGINE_PROMPT_\(task.uppercased())"
        case ("warmup", "max-error"): return "COXSWAIN_WARMUP_MAX_ERROR"
        default: return nil
        }
    }

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
