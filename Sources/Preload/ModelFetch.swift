import Downloads
import Glibc
import ModelHashing
import Models
import Readable
import Storage
import Synchronization

/// One model from one source: into the staging folder, checked, and then, in one step, under its name.
struct ModelFetch {
    let preloader: Preloader
    /// As the user has it: by it the folder is recognised later.
    let manifest: ModelManifest
    let folder: ModelFolder
    let lease: ModelLease
    let offer: Offer

    /// File in the staging folder that says whose offer its files are of.
    private static let offerName = ".coxswain-offer"
    /// Left free for others on the same disk.
    private static let spareBytes: Int64 = 16 << 20

    func run() throws -> Preloader.Fetched {
        let begin = MonotonicClock.now()
        try folder.prepareStaging()
        try forgetOtherOffers()
        let taken = try Takeover.run(
            from: folder, of: offer, hash: { path in try FileHash.sha256(path) }, isCancelled: preloader.isCancelled)
        let takenBytes = taken.reduce(0) { $0 + ($1.size ?? 0) }
        if takenBytes > 0 {
            preloader.report(
                .news("\(manifest.name): \(taken.count) files, \(ByteCount.text(takenBytes)), were right and are kept"))
        }
        try checkSpace(offer.bytes)
        let tally = FetchTally(fetch: self, base: takenBytes, total: offer.bytes)
        let files: [ModelFile]
        do {
            files = try supply(taken, tally)
        } catch var error as DownloadError where error.kind == .unreachable && tally.fetched > 0 {
            // It was there a moment ago.
            error.kind = .tooManyTries
            throw error
        }
        let merged = try proved(files)
        // Parts of downloads, which would count as a download that did not end.
        try LocalFiles.sweep(folder.staging, keeping: Set(merged.files.map(\.path)))
        preloader.report(.progress(tally.progress(.checking)))
        try checkStructure(merged)
        if preloader.isCancelled() { throw Stopped() }
        preloader.report(.progress(tally.progress(.publishing)))
        try folder.writeStamp(for: merged.files, revision: merged.revision, source: offer.source.description)
        // Somebody who took this process for dead may be writing there.
        guard lease.isHeld else { throw LeaseLost() }
        try folder.publish()
        return Preloader.Fetched(
            source: offer.source.description, bytes: merged.files.reduce(0) { $0 + ($1.size ?? 0) },
            bytesFetched: tally.fetched, bytesTakenOver: takenBytes, seconds: MonotonicClock.now() - begin,
            unproven: isLocal ? [] : offer.unproven)
    }

    private var isLocal: Bool { offer.source.isLocal }

    /// Without hashes nothing tells one revision's files from another's: they are fetched again.
    private func forgetOtherOffers() throws {
        let note = "\(folder.staging)/\(Self.offerName)"
        let own = "\(offer.source) \(offer.manifest.revision)\n"
        if let old = try? LocalFiles.text(note), old == own { return }
        for path in offer.unproven { unlink("\(folder.staging)/\(path)") }
        for path in offer.gitBlobs.keys where ModelPath.problem(path) == nil { unlink("\(folder.staging)/\(path)") }
        try LocalFiles.write(own, to: note)
    }

    private func checkSpace(_ bytes: Int64?) throws {
        guard let bytes else { return }
        let needed = bytes - min(bytes, LocalFiles.bytes(below: folder.staging))
        guard needed > 0, let free = DiskRoom(folder: folder.root).freeBytes() else { return }
        guard needed + Self.spareBytes > Int64(free) else { return }
        // What an earlier run brought waits there for the room; nothing but our own note need not.
        if LocalFiles.bytes(below: folder.staging) <= 1 << 16 { try? folder.discardStaging() }
        throw PreloadFailure(
            .hopeless,
            "\(manifest.name) needs \(ByteCount.text(needed)) more in \(folder.root), where \(ByteCount.text(free)) are free. "
                + "Make room, mount a larger volume there, or `coxswain-preload prune`")
    }

    // MARK: Bytes

    /// - Returns: all files of the model with sizes and hashes, as they are in the staging folder.
    private func supply(_ taken: [ModelFile], _ tally: FetchTally) throws -> [ModelFile] {
        switch offer.supply {
        case .download(let items):
            let kept = Set(taken.map(\.path))
            let wanted = items.filter { !kept.contains($0.path) }
            let got = try download(wanted, tally)
            // Git's names are all that is known of small files: one that has another is fetched once more.
            let wrong = Set(try misnamed(got))
            guard !wrong.isEmpty else { return taken + got }
            for path in wrong { unlink("\(folder.staging)/\(path)") }
            let again = try download(wanted.filter { wrong.contains($0.path) }, tally)
            if let path = try misnamed(again).first {
                throw DownloadError(
                    kind: .wrongHash, host: offer.host, file: path,
                    message: "\(PlainText.short(path)) is not what the list of files says", mayPass: false)
            }
            return taken + got.filter { !wrong.contains($0.path) } + again
        case .archive(let url): return try unpack(url, tally)
        case .copy(let source):
            let kept = Set(taken.map(\.path))
            let copied = try FolderCopy.run(
                offer.manifest.files.filter { !kept.contains($0.path) }, from: source, to: folder.staging,
                progress: { tally.note(.copying, done: $0) }, isCancelled: preloader.isCancelled)
            return taken + copied
        }
    }

    private func download(_ items: [DownloadItem], _ tally: FetchTally) throws -> [ModelFile] {
        guard !items.isEmpty else { return [] }
        let lease = lease
        let stops = preloader.isCancelled
        let files = try preloader.downloader.fetch(
            items, into: folder.staging, progress: { tally.note($0, .downloading) },
            isCancelled: { stops() || !lease.isHeld })
        return files.map { ModelFile(path: $0.path, size: $0.size, sha256: $0.sha256) }
    }

    private func misnamed(_ files: [ModelFile]) throws -> [String] {
        var wrong: [String] = []
        for file in files {
            guard let expected = offer.gitBlobs[file.path],
                let name = try GitBlob.name(of: "\(folder.staging)/\(file.path)"), name != expected
            else { continue }
            wrong.append(file.path)
        }
        return wrong
    }

    private func unpack(_ url: String, _ tally: FetchTally) throws -> [ModelFile] {
        var reader = TarReader(problem: { ModelPath.problem($0) })
        var unpacking = Unpacking(manifest: offer.manifest, staging: folder.staging)
        let lease = lease
        let stops = preloader.isCancelled
        let room = Mutex<Int64?>(nil)
        let free = DiskRoom(folder: folder.root).freeBytes().map(Int64.init)
        do {
            try preloader.downloader.stream(
                url,
                progress: { progress in
                    tally.note(progress, .unpacking)
                    // Its length is known only now, and is about that of what it holds.
                    if let free, let total = progress.bytesTotal, total > free { room.withLock { $0 = total } }
                },
                isCancelled: { stops() || !lease.isHeld || room.withLock { $0 != nil } },
                into: { bytes in
                    try reader.read(bytes) { event in try unpacking.take(event) }
                })
        } catch let error as DownloadError where error.kind == .cancelled {
            if let total = room.withLock({ $0 }) { try checkSpace(total) }
            throw error
        } catch let error as TarReader.Malformed {
            throw Unavailable(error.description)
        }
        do throws(TarReader.Malformed) {
            try reader.finish()
        } catch {
            throw SourceFailure(
                source: offer.source.description, host: offer.host, message: error.description, mayPass: true)
        }
        return unpacking.files
    }

    // MARK: Checks

    /// The files that came, as a manifest, after everything that is known was compared.
    private func proved(_ files: [ModelFile]) throws -> ModelManifest {
        do throws(ManifestMerge.Conflict) {
            return try ManifestMerge.merge(
                offer.manifest, listing: files, revision: offer.manifest.revision)
        } catch {
            throw Unavailable(error.description)
        }
    }

    /// As whoever comes later will look at it: sizes, and what the files say of themselves.
    private func checkStructure(_ merged: ModelManifest) throws {
        var staged = merged
        staged.folder = ".\(manifest.folder).partial"
        switch ModelFolder(root: folder.root, manifest: staged).check(hash: nil) {
        case .complete: return
        case .absent: throw Unavailable("what was fetched is gone again")
        case .incomplete(let problems):
            for problem in problems where ModelPath.problem(problem.path) == nil {
                unlink("\(folder.staging)/\(problem.path)")
            }
            throw Unavailable(
                "what it has is not whole: \(problems.prefix(5).map(\.description).joined(separator: ", "))")
        }
    }
}
