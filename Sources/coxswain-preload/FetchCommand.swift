import ArgumentParser
import Downloads
import Glibc
import Logging
import ModelHashing
import Models
import Notify
import Preload
import Readable

/// `coxswain-preload fetch`: what is missing is fetched, what is there is left alone.
struct FetchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Fetch what is missing, check it, and put it under its name. The default.",
        discussion: """
            A model's folder appears whole or not at all. What an interrupted download left is gone on with; what is \
            complete is not touched, and nobody is asked about it.

            Examples: coxswain-preload fetch
                      COXSWAIN_MODEL_ROOT=/models coxswain-preload fetch PaddleOCR-VL-1.5 PP-DocLayoutV3

            \(ExitHelp.text)
            """)

    @Argument(help: "Models, by name. Without any: COXSWAIN_MODELS, else the engine's.")
    var models: [String] = []

    @Option(help: ArgumentHelp("Connections at once.", valueName: "count"))
    var connections = 8

    /// For tests, which have small files.
    @Option(help: .hidden)
    var partBytes: Int64?

    func validate() throws {
        guard (1...64).contains(connections) else { throw ValidationError("--connections takes 1 to 64") }
        guard partBytes.map({ $0 >= 4096 }) != false else { throw ValidationError("--part-bytes takes 4096 or more") }
    }

    func run() throws {
        let setup = try Setup(models)
        let voice = setup.voice
        var missing: [ModelManifest] = []
        for manifest in setup.manifests {
            let folder = ModelFolder(root: setup.settings.root, manifest: manifest)
            if case .complete(let evidence) = folder.check(deep: false) {
                if !evidence.isStamped { folder.adopt(evidence) }
                tell(manifest, evidence, voice)
            } else {
                missing.append(manifest)
            }
        }
        // Up to here no thread was made and no library started: a start with complete weights ends here.
        guard !missing.isEmpty else { return }
        Stopping.begin()
        try fetch(missing, setup)
    }

    private func tell(_ manifest: ModelManifest, _ evidence: ModelEvidence, _ voice: Voice) {
        for remark in evidence.remarks { voice.say(.warning, remark) }
        voice.say(
            .info, "\(manifest.name) is complete: \(evidence.files.count) files, \(ByteCount.text(evidence.bytes))",
            ["proof": .string("\(evidence.weakest)")])
    }

    private func fetch(_ manifests: [ModelManifest], _ setup: Setup) throws {
        let voice = setup.voice
        var ahead: [String: Int64] = [:]
        for manifest in manifests {
            let bytes = manifest.files.reduce(0) { $0 + ($1.size ?? 0) }
            if bytes > 0 { ahead[manifest.name] = bytes }
        }
        let teller = ProgressTeller(voice: voice, ahead: ahead)
        var options = DownloadOptions()
        options.connections = connections
        if let partBytes { options.partBytes = partBytes }
        options.seed = UInt64.random(in: .min ... .max)
        let preloader = Preloader(
            settings: setup.settings, options: options, isCancelled: { Stopping.isWanted }
        ) { event in
            switch event {
            case .progress(let progress): teller.note(progress)
            case .news(let text): voice.say(.info, text)
            case .warning(let text): voice.say(.warning, text)
            }
        }
        for manifest in manifests {
            do {
                let outcome = try preloader.fetch(manifest)
                teller.finish(manifest.name, bytes: outcome.bytes)
                tell(manifest, outcome, voice)
            } catch is Stopped {
                voice.clear()
                voice.say(.info, "stopped; what has come is kept, and gone on with at the next start")
                throw ExitCode(128 + (Stopping.signal ?? SIGTERM))
            } catch let failure as PreloadFailure {
                voice.clear()
                voice.fail(failure.message, failure.exit)
                throw failure.exit.code
            }
        }
    }

    private func tell(_ manifest: ModelManifest, _ outcome: Preloader.Outcome, _ voice: Voice) {
        switch outcome {
        case .present(let evidence): tell(manifest, evidence, voice)
        case .fetchedByAnother(let evidence):
            voice.say(.info, "\(manifest.name) was fetched by another container: \(ByteCount.text(evidence.bytes))")
        case .fetched(let fetched):
            let rate = fetched.seconds > 0 ? Double(fetched.bytesFetched) / fetched.seconds : 0
            var text = "\(manifest.name) is there: \(ByteCount.text(fetched.bytes)) from \(fetched.source)"
            text += " in \(TimeSpan.text(fetched.seconds)), \(ByteCount.text(Int64(rate)))/s"
            if fetched.bytesFetched < fetched.bytes {
                text += "; \(ByteCount.text(fetched.bytes - fetched.bytesFetched)) were there already"
            }
            voice.say(.info, text, ["bytes": .stringConvertible(Int(fetched.bytesFetched))])
            if !fetched.unproven.isEmpty {
                voice.say(
                    .warning,
                    "\(manifest.name): \(fetched.source) gives no hash of \(fetched.unproven.count) files, so that their sizes alone "
                        + "were checked. `coxswain-preload list --lock` writes a manifest with hashes"
                )
            }
        }
    }
}

extension Preloader.Outcome {
    fileprivate var bytes: Int64 {
        switch self {
        case .present(let evidence), .fetchedByAnother(let evidence): evidence.bytes
        case .fetched(let fetched): fetched.bytes
        }
    }
}

enum ExitHelp {
    static let text = """
        Exit status 0: all is there and right; 69: nothing that trying again would help; 75: the same may succeed later; \
        78: a setting cannot be used; 130, 143: stopped.
        """
}
