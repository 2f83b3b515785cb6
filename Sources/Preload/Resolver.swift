package import Downloads
package import Models
import ObjectStore
import Readable
import StoreSettings

/// Asks one source what it has of a model. Small documents only: what it offers is fetched by others.
package struct Resolver: Sendable {
    package let settings: PreloadSettings
    private let downloader: Downloader
    private let isCancelled: @Sendable () -> Bool

    package init(
        settings: PreloadSettings, downloader: Downloader, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.settings = settings
        self.downloader = downloader
        self.isCancelled = isCancelled
    }

    /// Name of the lock in a plain directory.
    package static let lockName = "coxswain-model.toml"

    /// - Throws: ``SourceFailure`` or, when this process is being stopped, a `DownloadError` of the kind `cancelled`.
    package func offer(of manifest: ModelManifest, from source: ModelSource) throws -> Offer {
        let host = Self.host(of: source, manifest, settings)
        do {
            switch source {
            case .hub: return try hub(manifest, host)
            case .archive: return try archive(manifest, host)
            case .bucket(let name, let prefix): return try bucket(manifest, name, prefix, source, host)
            case .directory(let address): return try directory(manifest, address, source, host)
            case .folder(let path): return try folder(manifest, path, source)
            }
        } catch let error as DownloadError {
            if error.kind == .cancelled { throw error }
            throw failure(error, of: source, host)
        } catch {
            throw SourceFailure(source: source.description, host: host, message: "\(error)")
        }
    }

    /// Who would be asked; empty for a folder.
    package static func host(of source: ModelSource, _ manifest: ModelManifest, _ settings: PreloadSettings) -> String {
        switch source {
        case .hub: settings.hub.authority
        case .archive: manifest.archive.flatMap(WebAddress.init)?.authority ?? ""
        case .bucket(let name, _): settings.store.host(of: name)
        case .directory(let address): address.authority
        case .folder: ""
        }
    }

    /// What went wrong with one source, with what to do about it.
    func failure(_ error: DownloadError, of source: ModelSource, _ host: String) -> SourceFailure {
        SourceFailure(
            source: source.description, host: error.host.isEmpty ? host : error.host, message: explained(error, source),
            mayPass: error.mayPass, isUnreachable: error.kind == .unreachable)
    }

    private func explained(_ error: DownloadError, _ source: ModelSource) -> String {
        guard error.kind == .unauthorized else { return error.message }
        switch source {
        case .hub:
            return settings.hubToken == nil
                ? "\(error.message). Set HF_TOKEN, if it is a repository that asks for one"
                : "\(error.message). It does not take this HF_TOKEN"
        case .bucket:
            return settings.store.signing == nil
                ? "\(error.message). Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, if it asks for them"
                : error.message
        default: return error.message
        }
    }

    // MARK: The hub

    private var hubHeaders: [String] { settings.hubToken.map { ["Authorization: Bearer \($0)"] } ?? [] }

    private func hub(_ manifest: ModelManifest, _ host: String) throws -> Offer {
        guard let repository = manifest.repository else {
            throw Unavailable("the manifest of \(manifest.name) names no repository")
        }
        var merged = manifest
        var blobs: [String: String] = [:]
        if !manifest.isLocked {
            let commit = try commit(repository, manifest.revision)
            let entries = try tree(repository, commit)
            merged = try ManifestMerge.merge(manifest, listing: entries.map(\.file), revision: commit)
            for entry in entries { blobs[entry.file.path] = entry.gitBlob }
        }
        let base =
            "\(settings.hub)/\(PercentEncoding.path(repository))/resolve/\(PercentEncoding.path(merged.revision))/"
        let items = merged.files.map { file in
            DownloadItem(
                url: base + PercentEncoding.path(file.path), headers: hubHeaders, path: file.path, size: file.size,
                sha256: file.sha256)
        }
        return Offer(manifest: merged, gitBlobs: blobs, supply: .download(items), source: .hub, host: host)
    }

    private func api(_ repository: String, _ rest: String) -> String {
        "\(settings.hub)/api/models/\(PercentEncoding.path(repository))/\(rest)"
    }

    private func commit(_ repository: String, _ revision: String) throws -> String {
        let wanted = PercentEncoding.component(revision)
        let (body, _) = try downloader.text(
            api(repository, "revision/\(wanted)"), headers: hubHeaders, maximumBytes: 8 << 20, isCancelled: isCancelled)
        let commit = try HubDocuments.commit(body)
        if ModelManifest.isCommit(revision), commit != revision {
            throw Unavailable("it answers for another commit than the one that was asked for")
        }
        return commit
    }

    private func tree(_ repository: String, _ commit: String) throws -> [HubDocuments.Entry] {
        var entries: [HubDocuments.Entry] = []
        var next: String? = api(repository, "tree/\(commit)?recursive=true")
        // A list that never ends is as hostile as one that is too long.
        for _ in 0..<200 {
            guard let page = next else { return entries }
            let (body, headers) = try downloader.text(
                page, headers: hubHeaders, maximumBytes: 16 << 20, isCancelled: isCancelled)
            entries += try HubDocuments.entries(body)
            guard entries.count <= HubDocuments.maximumEntries else { break }
            next = try HubDocuments.nextPage(link: headers["link"]).map(atHub)
        }
        throw Unavailable("its list of files does not end")
    }

    /// The token goes along, so the next page is asked for at the hub that was named: a mirror may pass on links to the
    /// original.
    private func atHub(_ link: String) throws -> String {
        if link.hasPrefix("\(settings.hub)/") { return link }
        guard let path = link.firstRange(of: "/api/models/") else {
            throw Unavailable("its list of files goes on at a place that is none of the hub's")
        }
        return "\(settings.hub)\(link[path.lowerBound...])"
    }

    // MARK: The others

    private func archive(_ manifest: ModelManifest, _ host: String) throws -> Offer {
        guard let archive = manifest.archive else {
            throw Unavailable("the manifest of \(manifest.name) names no archive")
        }
        guard let address = WebAddress(archive), address.isEncrypted || address.isLoopback else {
            throw Unavailable("the manifest of \(manifest.name) names an archive that is no https URL")
        }
        return Offer(manifest: manifest, supply: .archive(archive), source: .archive, host: host)
    }

    private func bucket(
        _ manifest: ModelManifest, _ name: String, _ prefix: String, _ source: ModelSource, _ host: String
    ) throws -> Offer {
        let bucket = settings.store.bucket(name)
        let folder = Self.below(prefix, manifest.folder)
        let objects = try downloader.list(
            bucket, prefix: "\(folder)/", signing: settings.store.signing, isCancelled: isCancelled)
        // Consoles make empty objects to show folders.
        let listing = objects.filter { !$0.key.hasSuffix("/") }.map {
            ModelFile(path: String($0.key.dropFirst(folder.utf8.count + 1)), size: $0.size)
        }
        guard !listing.isEmpty else { throw Unavailable("nothing lies below s3://\(name)/\(PlainText.short(folder))/") }
        let lock =
            try listing.contains { $0.path == Self.lockName }
            ? lock(bucket.url(of: "\(folder)/\(Self.lockName)"), signing: settings.store.signing) : nil
        // Stamps, caches, and what a download left: never a model's.
        let files = listing.filter { file in
            file.path != Self.lockName && !file.path.split(separator: "/").contains { $0.hasPrefix(".") }
        }
        let merged = try ManifestMerge.merge(
            Self.laidOver(manifest, lock), listing: files, revision: lock?.revision ?? manifest.revision)
        let items = merged.files.map { file in
            DownloadItem(
                url: bucket.url(of: "\(folder)/\(file.path)"), path: file.path, size: file.size, sha256: file.sha256,
                signing: settings.store.signing)
        }
        return Offer(manifest: merged, supply: .download(items), source: source, host: host)
    }

    private func directory(
        _ manifest: ModelManifest, _ address: WebAddress, _ source: ModelSource, _ host: String
    ) throws -> Offer {
        var place = address
        place.path = Self.below(address.path, PercentEncoding.path(manifest.folder))
        if !place.path.hasPrefix("/") { place.path = "/\(place.path)" }
        let lock = try lock(place.appending(Self.lockName), signing: nil)
        let known = Self.laidOver(manifest, lock)
        guard !known.files.isEmpty else {
            throw Unavailable(
                "there is no \(Self.lockName) at \(place), and the manifest of \(manifest.name) has no list of files")
        }
        let merged = try ManifestMerge.merge(known, listing: known.files, revision: known.revision)
        let items = merged.files.map { file in
            DownloadItem(
                url: place.appending(file.path), path: file.path, size: file.size, sha256: file.sha256)
        }
        return Offer(manifest: merged, supply: .download(items), source: source, host: host)
    }

    private func folder(_ manifest: ModelManifest, _ path: String, _ source: ModelSource) throws -> Offer {
        let place = Self.below(path, manifest.folder)
        let names = try LocalFiles.list(place)
        guard !names.isEmpty else { throw Unavailable("\(PlainText.short(place)) has no files") }
        let lock =
            try names.contains { $0.path == Self.lockName }
            ? LocalFiles.manifest("\(place)/\(Self.lockName)") : nil
        let files = names.filter { $0.path != Self.lockName }
        let merged = try ManifestMerge.merge(
            Self.laidOver(manifest, lock), listing: files, revision: lock?.revision ?? manifest.revision)
        return Offer(manifest: merged, supply: .copy(place), source: source, host: "")
    }

    /// The lock in a directory; nil where there is none.
    private func lock(_ url: String, signing: S3Signing?) throws -> ModelManifest? {
        do {
            let (body, _) = try downloader.text(
                url, signing: signing, maximumBytes: 4 << 20, isCancelled: isCancelled)
            guard let text = String(validating: body, as: UTF8.self) else {
                throw Unavailable("its \(Self.lockName) is no UTF-8")
            }
            return try ModelManifest(toml: text, file: Self.lockName)
        } catch let error as DownloadError where error.kind == .notFound {
            return nil
        }
    }

    /// The model's place below a folder of models; the folder itself where it is called as the model's is.
    static func below(_ path: String, _ folder: String) -> String {
        if path == folder || path.hasSuffix("/\(folder)") { return path }
        if path.isEmpty { return folder }
        return path.hasSuffix("/") ? "\(path)\(folder)" : "\(path)/\(folder)"
    }

    /// What a manifest that is built in does not know, a lock may say; what it knows, stays.
    static func laidOver(_ manifest: ModelManifest, _ lock: ModelManifest?) -> ModelManifest {
        guard let lock, !manifest.isLocked else { return manifest }
        var result = manifest
        result.revision = lock.revision
        var own: [String: ModelFile] = [:]
        for file in manifest.files { own[file.path] = file }
        result.files =
            lock.files.map { file in
                let known = own.removeValue(forKey: file.path)
                return ModelFile(
                    path: file.path, size: known?.size ?? file.size, sha256: known?.sha256 ?? file.sha256)
            } + own.values
        return result
    }
}

/// What a source cannot do, in words.
struct Unavailable: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
