package import Downloads
package import Models
import Readable

/// What a source has of a model, and how it is got from there.
package struct Offer: Sendable {
    package enum Supply: Sendable {
        case download([DownloadItem])
        /// The URL of a tar.
        case archive(String)
        /// A folder on this machine.
        case copy(String)
    }

    /// The manifest with what the source says: exactly these files, with all sizes and hashes that are known.
    package var manifest: ModelManifest
    /// The SHA-1 by which git knows a small file, by path: where the hub has no SHA-256 of it.
    package var gitBlobs: [String: String]
    package var supply: Supply
    package var source: ModelSource
    /// Who is asked; empty for a folder.
    package var host: String

    package init(
        manifest: ModelManifest, gitBlobs: [String: String] = [:], supply: Supply, source: ModelSource, host: String
    ) {
        self.manifest = manifest
        self.gitBlobs = gitBlobs
        self.supply = supply
        self.source = source
        self.host = host
    }

    /// Bytes of all files; nil while one is not known.
    package var bytes: Int64? {
        var sum: Int64 = 0
        for file in manifest.files {
            guard let size = file.size else { return nil }
            sum += size
        }
        return manifest.files.isEmpty ? nil : sum
    }

    /// Files of which nobody knows a hash: only their sizes can be checked.
    package var unproven: [String] {
        manifest.files.filter { $0.sha256 == nil && gitBlobs[$0.path] == nil }.map(\.path)
    }
}

/// Manifest and listing, each of which knows something.
package enum ManifestMerge {
    /// Most bytes of one model.
    private static let maximumBytes: Int64 = 4 << 40

    package struct Conflict: Error, Equatable, CustomStringConvertible {
        package var description: String
    }

    /// The files to fetch: those of the listing that the manifest wants, each with what either knows of it.
    ///
    /// - Parameters:
    ///   - listing: all that the source has.
    ///   - revision: of the listing.
    /// - Throws: where they contradict each other, or the source lacks something.
    package static func merge(
        _ manifest: ModelManifest, listing: [ModelFile], revision: String
    ) throws(Conflict) -> ModelManifest {
        var known: [String: ModelFile] = [:]
        for file in manifest.files { known[file.path] = file }
        var files: [ModelFile] = []
        var bytes: Int64 = 0
        for var file in listing where manifest.wants(file.path) {
            let name = PlainText.short(file.path)
            if let problem = ModelPath.problem(file.path) {
                throw Conflict(description: "it has a path that cannot be used: \(problem)")
            }
            if let own = known.removeValue(forKey: file.path) {
                if let size = own.size, let other = file.size, size != other {
                    throw Conflict(description: "its \(name) has \(other) bytes, and the manifest says \(size)")
                }
                if let digest = own.sha256, let other = file.sha256, digest != other {
                    throw Conflict(description: "its \(name) has another SHA-256 than the manifest says")
                }
                file.size = own.size ?? file.size
                file.sha256 = own.sha256 ?? file.sha256
            }
            bytes = bytes &+ (file.size ?? 0)
            files.append(file)
        }
        guard bytes >= 0, bytes <= maximumBytes else { throw Conflict(description: "it has \(bytes) bytes in all") }
        if let missing = known.keys.sorted().first {
            throw Conflict(description: "it lacks \(PlainText.short(missing))")
        }
        for pattern in manifest.required where !files.contains(where: { FilePattern(pattern).matches($0.path) }) {
            throw Conflict(description: "it has no file \(pattern)")
        }
        guard !files.isEmpty else { throw Conflict(description: "it has no files of this model") }
        guard Set(files.map(\.path)).count == files.count else {
            throw Conflict(description: "it lists a file twice")
        }
        var merged = manifest
        merged.files = files.sorted { $0.path < $1.path }
        merged.revision = revision
        return merged
    }
}
