import ArgumentParser
import FoundationEssentials
import Glibc
import Logging
import Models
import Preload
import Readable

/// `coxswain-preload list`: what there is, where, and how it is; or a lock.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show models, where they lie and how they are; or write a manifest with all sizes and hashes.",
        discussion: """
            With --lock the first source that answers is asked for its files, and what it does not say is read and hashed. \
            An argument OWNER/NAME that no manifest knows is then a repository of the hub.

            Examples: coxswain-preload list
                      coxswain-preload list --lock PaddleOCR-VL-1.5 >models/paddleocr-vl-1.5.toml

            Exit status 0: done; with --lock 69 and 75 as `fetch`; 78: a setting cannot be used.
            """)

    @Flag(help: "Write the manifest of one model, with its commit, and the size and SHA-256 of every file.")
    var lock = false

    @Flag(help: "Print one line of JSON a model.")
    var json = false

    @Argument(help: "Models, by name. Without any: all that are known; with --lock the engine's.")
    var models: [String] = []

    func validate() throws {
        if lock, models.count > 1 { throw ValidationError("--lock writes the manifest of one model") }
        if lock, json { throw ValidationError("--lock writes TOML") }
    }

    func run() throws {
        let setup = try Setup(models, admitsRepositories: lock)
        if lock { return try writeLock(setup) }
        var manifests = setup.manifests
        if models.isEmpty { manifests = (try? ModelManifest.all(folder: setup.settings.manifests)) ?? manifests }
        let rows = manifests.map { ModelRow($0, setup) }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            for row in rows {
                guard let line = try? encoder.encode(row) else { continue }
                Output.write(String(decoding: line, as: UTF8.self) + "\n")
            }
            return
        }
        let name = max(5, rows.map(\.name.count).max() ?? 0)
        let size = max(4, rows.map(\.sizeText.count).max() ?? 0)
        func line(_ cells: (String, String, String)) -> String {
            "\(Self.padded(cells.0, name))  \(Self.padded(cells.1, size))  \(cells.2)\n"
        }
        Output.write(line(("MODEL", "SIZE", "STATE")))
        for row in rows { Output.write(line((row.name, row.sizeText, row.stateText))) }
        Output.write(
            "in \(setup.settings.root); from \(setup.settings.sources.map(\.description).joined(separator: ", "))\n")
    }

    private func writeLock(_ setup: Setup) throws {
        Stopping.begin()
        guard let manifest = setup.manifests.first else { return }
        do {
            let locked = try LockWriter(settings: setup.settings, isCancelled: { Stopping.isWanted }) { text in
                setup.voice.say(.info, text)
            }.lock(manifest)
            Output.write(locked.toml)
        } catch is Stopped {
            throw ExitCode(128 + (Stopping.signal ?? SIGTERM))
        } catch let failure as PreloadFailure {
            setup.voice.fail(failure.message, failure.exit)
            throw failure.exit.code
        }
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

/// One model as `list` shows it.
private struct ModelRow: Encodable {
    var name: String
    var folder: String
    var state: String
    var bytes: Int64?
    var revision: String?
    var source: String?
    var proof: String?
    var problems: [String] = []

    init(_ manifest: ModelManifest, _ setup: Setup) {
        let place = ModelFolder(root: setup.settings.root, manifest: manifest)
        name = manifest.name
        folder = place.path
        switch place.check(hash: nil) {
        case .complete(let evidence):
            state = "complete"
            bytes = evidence.bytes
            revision = evidence.revision
            source = evidence.source
            proof = "\(evidence.weakest)"
        case .absent: state = "absent"
        case .incomplete(let found):
            state = "incomplete"
            problems = found.map(\.description)
        }
    }

    var sizeText: String { bytes.map { ByteCount.text($0) } ?? "" }

    var stateText: String {
        switch state {
        case "complete":
            let origin = [source.map { "from \($0)" }, revision.map { "revision \($0.prefix(12))" }].compactMap(\.self)
            return origin.isEmpty ? "complete; somebody else's work" : "complete, " + origin.joined(separator: ", ")
        case "incomplete": return "incomplete: \(problems.first ?? "")\(problems.count > 1 ? " …" : "")"
        default: return state
        }
    }
}
