import Digests
package import Downloads
import ModelHashing
package import Models
import Readable

/// Makes of a manifest one that says exactly what the folder holds: every file with its size and its SHA-256, of one commit.
package struct LockWriter {
    private let settings: PreloadSettings
    private let downloader: Downloader
    private let isCancelled: @Sendable () -> Bool
    private let report: (String) -> Void

    package init(
        settings: PreloadSettings, options: DownloadOptions = DownloadOptions(),
        isCancelled: @escaping @Sendable () -> Bool = { false }, report: @escaping (String) -> Void = { _ in }
    ) {
        var options = options
        options.certificateFile = settings.certificateFile
        self.settings = settings
        downloader = Downloader(options)
        self.isCancelled = isCancelled
        self.report = report
    }

    /// - Throws: ``PreloadFailure`` where no source answers, or ``Stopped``.
    package func lock(_ manifest: ModelManifest) throws -> ModelManifest {
        let resolver = Resolver(settings: settings, downloader: downloader, isCancelled: isCancelled)
        var tried: [SourceFailure] = []
        for source in settings.sources {
            guard !settings.isOffline || source.isLocal else {
                tried.append(
                    SourceFailure(
                        source: source.description,
                        message: "\(settings.offlineReason ?? "COXSWAIN_OFFLINE") forbids the network"))
                continue
            }
            do {
                return try completed(try resolver.offer(of: manifest, from: source))
            } catch let error as DownloadError {
                if error.kind == .cancelled { throw Stopped() }
                tried.append(resolver.failure(error, of: source, Resolver.host(of: source, manifest, settings)))
            } catch let failure as SourceFailure {
                tried.append(failure)
            } catch let error as Stopped {
                throw error
            } catch {
                tried.append(SourceFailure(source: source.description, message: "\(error)"))
            }
        }
        throw PreloadFailure.noSource(
            manifest.name, tried, problems: nil,
            folder: ModelFolder(root: settings.root, manifest: manifest).path)
    }

    /// Reads and hashes what the source gives no hash of.
    private func completed(_ offer: Offer) throws -> ModelManifest {
        var locked = offer.manifest
        switch offer.supply {
        case .download(let items):
            for (index, file) in locked.files.enumerated() where file.sha256 == nil || file.size == nil {
                guard let item = items.first(where: { $0.path == file.path }) else { continue }
                report("\(PlainText.short(file.path)) is read for its hash")
                let digest = Digest()
                var size: Int64 = 0
                try downloader.stream(
                    item.url, headers: item.headers, signing: item.signing, isCancelled: isCancelled,
                    into: { bytes in
                        digest.update(bytes)
                        size += Int64(bytes.count)
                    })
                if let known = file.size, known != size {
                    throw Unavailable("its \(PlainText.short(file.path)) has \(size) bytes instead of \(known)")
                }
                locked.files[index].size = size
                locked.files[index].sha256 = digest.finish()
            }
        case .archive(let url): locked.files = try hashes(ofArchive: url, offer.manifest)
        case .copy(let folder):
            for (index, file) in locked.files.enumerated() {
                if isCancelled() { throw Stopped() }
                locked.files[index].sha256 = try FileHash.sha256("\(folder)/\(file.path)")
            }
        }
        locked = try ManifestMerge.merge(offer.manifest, listing: locked.files, revision: locked.revision)
        // Every file is named now: no pattern is needed any more.
        locked.required = []
        return locked
    }

    private func hashes(ofArchive url: String, _ manifest: ModelManifest) throws -> [ModelFile] {
        report("the whole archive is read for its hashes")
        var reader = TarReader(problem: { ModelPath.problem($0) })
        var files: [ModelFile] = []
        var digest = Digest()
        try downloader.stream(
            url, isCancelled: isCancelled,
            into: { bytes in
                try reader.read(bytes) { event in
                    switch event {
                    case .file(let path, let size):
                        files.append(ModelFile(path: path, size: size))
                        digest = Digest()
                    case .bytes(let bytes): digest.update(bytes)
                    case .end: files[files.count - 1].sha256 = digest.finish()
                    }
                }
            })
        try reader.finish()
        return files
    }
}
