import Glibc
import Models
import Readable

/// Unpacks a vendor's tar into a staging folder while it comes.
struct Unpacking {
    let manifest: ModelManifest
    let staging: String
    private(set) var files: [ModelFile] = []
    private var current: StagedFile?
    private var currentPath = ""
    private var expected: ModelFile?

    init(manifest: ModelManifest, staging: String) {
        self.manifest = manifest
        self.staging = staging
    }

    mutating func take(_ event: TarReader.Event) throws {
        switch event {
        case .file(let path, let size):
            currentPath = path
            expected = manifest.files.first { $0.path == path }
            if let known = expected?.size, known != size {
                throw Unavailable(
                    "its \(PlainText.short(path)) has \(size) bytes, and the manifest says \(known)")
            }
            guard !files.contains(where: { $0.path == path }) else {
                throw Unavailable("it has \(PlainText.short(path)) twice")
            }
            current = manifest.wants(path) ? try StagedFile(in: staging, path) : nil
        case .bytes(let bytes):
            try current?.write(bytes)
        case .end:
            guard let file = current else { return }
            current = nil
            let digest = try file.finish()
            if let known = expected?.sha256, digest != known {
                unlink(file.path)
                throw Unavailable("its \(PlainText.short(currentPath)) has another SHA-256 than the manifest says")
            }
            files.append(ModelFile(path: currentPath, size: file.size, sha256: digest))
        }
    }
}
