import ArgumentParser
import FoundationEssentials
import Logging
import Models
import Preload
import Readable
import VariableCatalog

/// What every command begins with.
struct Setup {
    let settings: PreloadSettings
    let voice: Voice
    /// Those that were named, by an argument or by the environment; without any twice.
    let manifests: [ModelManifest]

    /// - Parameters:
    ///   - names: arguments; empty for what the environment says.
    ///   - admitsRepositories: OWNER/NAME that no manifest knows is a repository of the hub.
    /// - Throws: `ExitCode`, having said why.
    init(_ names: [String], admitsRepositories: Bool = false) throws {
        let environment = ProcessInfo.processInfo.environment
        voice = Voice(environment: environment)
        do {
            settings = try PreloadSettings(environment: environment)
        } catch {
            voice.fail(error.description, .settings)
            throw PreloadExit.settings.code
        }
        for remark in settings.remarks { voice.say(.warning, remark) }
        manifests = try Self.manifests(
            names.isEmpty ? settings.models : names, settings, voice, isArgument: !names.isEmpty, admitsRepositories)
    }

    private static func manifests(
        _ names: [String], _ settings: PreloadSettings, _ voice: Voice, isArgument: Bool, _ admitsRepositories: Bool
    ) throws -> [ModelManifest] {
        var manifests: [ModelManifest] = []
        for name in names {
            let found: ModelManifest?
            do throws(ManifestProblem) {
                found = try ModelManifest.named(name, folder: settings.manifests)
            } catch {
                voice.fail(error.description, .settings)
                throw PreloadExit.settings.code
            }
            guard let manifest = found ?? (admitsRepositories ? repository(name) : nil) else {
                let hint = ModelManifest.hint(name, folder: settings.manifests)
                voice.fail(
                    "no model is called \(PlainText.short(name)): \(hint)\(hint.hasSuffix("?") ? "" : ".") "
                        + "For one of your own put a manifest into COXSWAIN_MODEL_MANIFESTS",
                    isArgument ? .usage : .settings)
                throw (isArgument ? PreloadExit.usage : .settings).code
            }
            if !manifests.contains(where: { $0.folder == manifest.folder }) { manifests.append(manifest) }
        }
        return manifests
    }

    /// OWNER/NAME at the hub.
    private static func repository(_ name: String) -> ModelManifest? {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, ModelPath.problem(name) == nil,
            ModelPath.problem(ofFolder: String(parts[1])) == nil
        else { return nil }
        return ModelManifest(name: String(parts[1]), aliases: [name], folder: String(parts[1]), repository: name)
    }
}

extension PreloadExit {
    var code: ExitCode { ExitCode(rawValue) }
}
