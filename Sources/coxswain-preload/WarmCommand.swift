import ArgumentParser
import Glibc
import Models
import Preload
import Readable

/// `coxswain-preload warm`: weights in memory by the time that the engine asks for them.
struct WarmCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "warm",
        abstract: "Read the weights ahead into the page cache, as far as memory allows.",
        discussion: """
            Meant to run beside an engine that is importing its libraries. What is in memory already is not read again, and \
            what the container's memory has no room for is left to the engine.

            Exit status 0, whatever happened: nothing depends on it.
            """)

    @Argument(help: "Models, by name. Without any: COXSWAIN_MODELS, else the engine's.")
    var models: [String] = []

    func run() throws {
        guard let setup = try? Setup(models) else { return }
        Stopping.begin()
        let files = setup.manifests.flatMap { manifest in
            WeightFiles.inOrder(ModelFolder(root: setup.settings.root, manifest: manifest))
        }
        let begin = MonotonicClock.now()
        let result = ReadAhead.run(files, isCancelled: { Stopping.isWanted })
        Output.write(Self.text(result, seconds: MonotonicClock.now() - begin) + "\n")
    }

    static func text(_ result: ReadAhead.Result, seconds: Double) -> String {
        guard result.bytes > 0 else { return "no weights to read ahead" }
        var parts: [String] = []
        if result.read > 0 {
            let tenths = Int((seconds * 10).rounded())
            parts.append("read \(ByteCount.text(result.read)) ahead in \(tenths / 10).\(tenths % 10) s")
        }
        if result.cached > 0 { parts.append("\(ByteCount.text(result.cached)) were in memory") }
        if result.left > 0 { parts.append("no memory to spare for \(ByteCount.text(result.left))") }
        if result.failures > 0 { parts.append("\(result.failures) files could not be opened") }
        return parts.isEmpty ? "nothing was read ahead" : parts.joined(separator: ", ")
    }
}
