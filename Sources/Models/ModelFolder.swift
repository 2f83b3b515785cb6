/// One model's folder on disk, and what stands beside it while it is made.
package struct ModelFolder: Sendable, Equatable {
    /// The folder in which PaddleX looks for models: `…/official_models`.
    package var root: String
    package var manifest: ModelManifest

    package init(root: String, manifest: ModelManifest) {
        self.root = root
        self.manifest = manifest
    }

    package var path: String { "\(root)/\(manifest.folder)" }
    /// Where it is put together: on the same file system, so that one rename makes it visible.
    package var staging: String { "\(root)/.\(manifest.folder).partial" }
    /// Where what stood under its name waits for its removal.
    package var aside: String { "\(root)/.\(manifest.folder).old" }
    package var lease: String { "\(root)/.\(manifest.folder).lease" }

    /// Of the file that says what a complete folder holds, written last.
    package static let stampName = ".coxswain-model.json"

    package enum Check: Sendable, Equatable {
        case complete(ModelEvidence)
        case absent
        case incomplete([FileProblem])
    }
}
