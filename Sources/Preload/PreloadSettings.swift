package import ObjectStore
import Readable
package import StoreSettings
package import VariableCatalog

/// What the environment says about models: which, where, and from whom.
package struct PreloadSettings: Sendable {
    /// Names as somebody wrote them.
    package var models: [String]
    /// The folder in which PaddleX looks for models.
    package var root: String
    package var sources: [ModelSource]
    /// Folder of the user's own manifests.
    package var manifests: String?
    /// No network at all.
    package var isOffline: Bool
    /// The variable that says so.
    package var offlineReason: String?
    package var hub: WebAddress
    package var hubToken: String?
    /// For `s3://` sources.
    package var store: ObjectStoreSettings
    /// What is odd and no mistake: sentences for the log.
    package var remarks: [String] = []

    /// PaddleX's name of the model that its launcher serves unless told otherwise.
    package static let usualModel = "PaddleOCR-VL-0.9B"

    package init(environment: [String: String]) throws(VariableProblem) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        func first(_ names: String...) -> String? { names.lazy.compactMap(value).first }

        models = Self.names(first("COXSWAIN_MODELS", "COXSWAIN_ENGINE_MODEL") ?? Self.usualModel)
        if models.isEmpty { throw VariableProblem(variable: "COXSWAIN_MODELS", message: "it names no model") }
        root = try Self.root(value)
        manifests = value("COXSWAIN_MODEL_MANIFESTS")
        (isOffline, offlineReason) = try Self.offline(value)
        (hub, hubToken) = try Self.hub(value)
        (sources, remarks) = try Self.sources(value)
        if !hub.isEncrypted, !hub.isLoopback {
            remarks.append(
                "HF_ENDPOINT is \(hub): over http anybody on the way can read HF_TOKEN and change what has no known hash"
            )
        }
        store = try ObjectStoreSettings(environment: environment)
        if let endpoint = store.endpoint, !endpoint.isEncrypted, !endpoint.isLoopback {
            remarks.append(
                "the S3 endpoint is \(endpoint): over http anybody on the way can change what has no known hash")
        }
    }

    package var certificateFile: String? { store.certificateFile }

    package static func names(_ text: String) -> [String] {
        var names: [String] = []
        for part in text.split(separator: ",") {
            let name = String(part.trimmed)
            if !name.isEmpty, !names.contains(name) { names.append(name) }
        }
        return names
    }

    private static func root(_ value: (String) -> String?) throws(VariableProblem) -> String {
        for (name, rest) in [
            ("COXSWAIN_MODEL_ROOT", ""), ("PADDLE_PDX_CACHE_HOME", "/official_models"),
            // Nothing in PaddleX reads this one, but the container that this one replaces was run with it.
            ("PADDLEX_HOME", "/official_models"), ("HOME", "/.paddlex/official_models"),
        ] {
            guard var path = value(name) else { continue }
            while path.count > 1, path.hasSuffix("/") { path.removeLast() }
            guard path.hasPrefix("/") else {
                throw VariableProblem(variable: name, message: "\(PlainText.short(path)) is no absolute path")
            }
            return path == "/" ? "/\(rest.dropFirst())" : path + rest
        }
        throw VariableProblem(
            variable: "COXSWAIN_MODEL_ROOT",
            message: "neither it nor HOME is set; name the folder that holds the models")
    }

    private static func offline(_ value: (String) -> String?) throws(VariableProblem) -> (Bool, String?) {
        // Ours has the last word, in both directions.
        for name in ["COXSWAIN_OFFLINE", "HF_HUB_OFFLINE"] {
            guard let text = value(name) else { continue }
            guard let flag = Variable.Kind.flag(text) else {
                throw VariableProblem(variable: name, message: "\(PlainText.short(text)) is neither true nor false")
            }
            return (flag, flag ? name : nil)
        }
        return (false, nil)
    }

    private static func hub(_ value: (String) -> String?) throws(VariableProblem) -> (WebAddress, String?) {
        let endpoint = value("HF_ENDPOINT") ?? "https://huggingface.co"
        guard let address = WebAddress(endpoint) else {
            throw VariableProblem(
                variable: "HF_ENDPOINT",
                message: "it must be a URL such as https://huggingface.co, without user, ? and #")
        }
        let token = value("HF_TOKEN").map { String($0.trimmed) }
        // It goes into a header: a line end in it would begin another.
        if let token, !token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            throw VariableProblem(variable: "HF_TOKEN", message: "it has characters that no token has")
        }
        return (address, token)
    }

    private static func sources(_ value: (String) -> String?) throws(VariableProblem) -> ([ModelSource], [String]) {
        if let text = value("COXSWAIN_MODEL_SOURCES") {
            do {
                return (try ModelSource.list(text), [])
            } catch {
                throw VariableProblem(variable: "COXSWAIN_MODEL_SOURCES", message: error.description)
            }
        }
        switch value("PADDLE_PDX_MODEL_SOURCE")?.lowercased() {
        case nil, "huggingface": return ([.hub, .archive], [])
        case "bos": return ([.archive, .hub], [])
        case .some(let other):
            return (
                [.hub, .archive],
                [
                    "PADDLE_PDX_MODEL_SOURCE is \(PlainText.short(other)), which is not supported: huggingface and archive are asked"
                ]
            )
        }
    }
}
