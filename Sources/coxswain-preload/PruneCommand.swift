import ArgumentParser
import Logging
import Models
import Preload
import Readable

/// `coxswain-preload prune`: room on the disk.
struct PruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract:
            "Remove what nobody needs: downloads that were given up, replaced revisions, models that are not named.",
        discussion: """
            Kept are the models that are named, here or by COXSWAIN_MODELS, and whatever this program did not fetch. What \
            another container is working on is left alone.

            Example: coxswain-preload prune --dry-run

            Exit status 0: done; 69: something could not be removed; 78: a setting cannot be used.
            """)

    @Flag(help: "Say what would be removed, and remove nothing.")
    var dryRun = false

    @Argument(help: "Models to keep, by name. Without any: COXSWAIN_MODELS, else the engine's.")
    var models: [String] = []

    func run() throws {
        let setup = try Setup(models)
        let pruned: ModelRoot.Pruned
        do throws(FileFailure) {
            pruned = try ModelRoot(setup.settings.root).prune(keep: setup.manifests, isTrial: dryRun)
        } catch {
            setup.voice.fail(error.description, .hopeless)
            throw PreloadExit.hopeless.code
        }
        for one in pruned.removed {
            Output.write(
                "\(dryRun ? "would remove" : "removed") \(one.path) (\(ByteCount.text(one.bytes))): \(one.reason)\n")
        }
        for one in pruned.left { Output.write("left \(one.path): \(one.reason)\n") }
        Output.write(
            pruned.removed.isEmpty
                ? "nothing to remove in \(setup.settings.root)\n"
                : "\(dryRun ? "would free" : "freed") \(ByteCount.text(pruned.bytes))\n")
        for failure in pruned.failures { setup.voice.say(.error, failure.description) }
        if !pruned.failures.isEmpty { throw PreloadExit.hopeless.code }
    }
}
