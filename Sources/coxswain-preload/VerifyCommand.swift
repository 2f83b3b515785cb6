import ArgumentParser
import Glibc
import Logging
import ModelHashing
import Models
import Preload
import Readable

/// `coxswain-preload verify`: is what lies there complete and right?
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Say whether what lies there is complete and right. Changes nothing, asks nobody.",
        discussion: """
            Without --deep by names, sizes and times, in milliseconds; with it every byte is read and hashed.

            Examples: coxswain-preload verify
                      coxswain-preload verify --deep PaddleOCR-VL-1.5

            Exit status 0: all is complete and right; 69: something is not; 78: a setting cannot be used.
            """)

    @Flag(help: "Read every byte and compare hashes, several files at once.")
    var deep = false

    @Argument(help: "Models, by name. Without any: COXSWAIN_MODELS, else the engine's.")
    var models: [String] = []

    func run() throws {
        let setup = try Setup(models)
        // As process 1 of a container a signal that nobody waits for would be lost.
        if deep { Stopping.begin() }
        var isRight = true
        for manifest in setup.manifests {
            let folder = ModelFolder(root: setup.settings.root, manifest: manifest)
            let begin = MonotonicClock.now()
            let check = deep ? folder.check(deep: true, threads: Self.cores) : folder.check(deep: false)
            switch check {
            case .complete(let evidence):
                let seconds = MonotonicClock.now() - begin
                var line =
                    "\(manifest.name): complete, \(evidence.files.count) files, \(ByteCount.text(evidence.bytes))"
                line += Self.proofText(evidence)
                if deep { line += ", \(ByteCount.text(Int64(Double(evidence.bytes) / max(seconds, 1e-6))))/s" }
                Output.write(line + "\n")
                for remark in evidence.remarks { setup.voice.say(.warning, remark) }
            case .absent:
                isRight = false
                Output.write("\(manifest.name): not there (\(folder.path))\n")
            case .incomplete(let problems):
                isRight = false
                Output.write("\(manifest.name): incomplete (\(folder.path))\n")
                for problem in problems { Output.write("  \(problem)\n") }
            }
        }
        if !isRight { throw PreloadExit.hopeless.code }
    }

    static func proofText(_ evidence: ModelEvidence) -> String {
        switch evidence.weakest {
        case .hash: ", every hash is right"
        case .stamp: ", as when it was checked"
        case .size: ", sizes are right"
        case .structure: ", files are whole by what they say of themselves; no hash is known"
        case .presence: ", of some files nothing is known"
        }
    }

    static var cores: Int { max(1, min(16, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
