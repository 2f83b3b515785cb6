package import Downloads
import Glibc
import ModelHashing
package import Models
import Readable

/// Makes models be there, whole and right, whatever lies there and whoever else tries the same.
package struct Preloader: Sendable {
    package enum Event: Sendable {
        case progress(FetchProgress)
        /// Worth knowing; a sentence.
        case news(String)
        /// Odd, and no reason to stop.
        case warning(String)
    }

    package enum Outcome: Sendable, Equatable {
        /// Nothing had to be done.
        case present(ModelEvidence)
        case fetched(Fetched)
        /// Another container fetched it meanwhile.
        case fetchedByAnother(ModelEvidence)
    }

    package struct Fetched: Sendable, Equatable {
        package var source: String
        /// Of all files.
        package var bytes: Int64
        /// Over the network, or copied.
        package var bytesFetched: Int64
        /// Of what lay in a folder that was wrong as a whole.
        package var bytesTakenOver: Int64
        package var seconds: Double
        /// Paths of which nobody knows a hash.
        package var unproven: [String]
    }

    let settings: PreloadSettings
    let downloader: Downloader
    let isCancelled: @Sendable () -> Bool
    let report: @Sendable (Event) -> Void

    /// - Parameters:
    ///   - options: of the downloads; the file of certificates is taken from the settings.
    ///   - report: called from several threads.
    package init(
        settings: PreloadSettings, options: DownloadOptions = DownloadOptions(),
        isCancelled: @escaping @Sendable () -> Bool = { false },
        report: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        var options = options
        options.certificateFile = settings.certificateFile
        self.settings = settings
        downloader = Downloader(options)
        self.isCancelled = isCancelled
        self.report = report
    }

    package func folder(of manifest: ModelManifest) -> ModelFolder {
        ModelFolder(root: settings.root, manifest: manifest)
    }

    /// Returns once the model is complete.
    ///
    /// - Throws: ``PreloadFailure``, or ``Stopped``.
    package func fetch(_ manifest: ModelManifest) throws -> Outcome {
        let folder = folder(of: manifest)
        let found = folder.check(deep: false)
        if case .complete(let evidence) = found {
            // Weights in an image, or mounted read-only: that no stamp can be left there is no error.
            if !evidence.isStamped { folder.adopt(evidence) }
            return .present(evidence)
        }
        let problems = found.problems
        if settings.isOffline, !settings.sources.contains(where: \.isLocal) {
            throw offline(manifest, folder, problems)
        }
        do throws(FileFailure) {
            try LocalFiles.makeFolder(settings.root)
        } catch {
            throw PreloadFailure.file(error, manifest.name)
        }
        while true {
            do {
                return try fetchUnderLease(manifest, folder, problems)
            } catch is LeaseLost {
                report(.warning("another container took over the download of \(manifest.name)"))
            }
        }
    }

    private func fetchUnderLease(
        _ manifest: ModelManifest, _ folder: ModelFolder, _ problems: [FileProblem]
    ) throws -> Outcome {
        let (lease, waited) = try lease(folder)
        defer { lease.release() }
        do throws(FileFailure) {
            try folder.recover()
        } catch {
            throw PreloadFailure.file(error, manifest.name)
        }
        // Somebody was faster, or had done all but the last step when he was ended.
        if case .complete(let evidence) = folder.check(deep: false) {
            return waited ? .fetchedByAnother(evidence) : .present(evidence)
        }
        if !problems.isEmpty { report(.warning(Self.repairText(manifest, problems, folder))) }
        return .fetched(try fetch(manifest, folder, lease, problems))
    }

    private func offline(
        _ manifest: ModelManifest, _ folder: ModelFolder, _ problems: [FileProblem]
    ) -> PreloadFailure {
        let hosts = settings.sources.map { Resolver.host(of: $0, manifest, settings) }.filter { !$0.isEmpty }
        return .offline(
            manifest.name, reason: settings.offlineReason ?? "COXSWAIN_OFFLINE", problems: problems, hosts: hosts,
            folder: folder.path)
    }

    private static func repairText(_ manifest: ModelManifest, _ problems: [FileProblem], _ folder: ModelFolder)
        -> String
    {
        "\(manifest.name) was left incomplete, and is repaired: \(PreloadFailure.list(problems, in: folder.path))"
    }

    // MARK: The lease

    private func lease(_ folder: ModelFolder) throws -> (ModelLease, waited: Bool) {
        let candidate = LeaseCandidate(for: folder)
        let name = folder.manifest.name
        var meter = ProgressMeter()
        var waited = false
        while true {
            if isCancelled() { throw Stopped() }
            do throws(FileFailure) {
                switch try candidate.attempt() {
                case .mine(let lease): return (lease, waited)
                case .theirs(let note):
                    if !waited {
                        report(.news("another container downloads \(name) into \(folder.root): waiting for it"))
                    }
                    waited = true
                    meter.note(bytes: note?.bytesDone ?? 0, at: MonotonicClock.now())
                    var progress = FetchProgress(
                        model: name, phase: .waiting, bytesDone: note?.bytesDone ?? 0, bytesTotal: note?.bytesTotal)
                    progress.rate = meter.rate
                    progress.secondsLeft = progress.bytesTotal.flatMap { meter.secondsLeft($0 - progress.bytesDone) }
                    report(.progress(progress))
                }
            } catch {
                throw PreloadFailure.file(error, name)
            }
            // A stop is to be heard soon; a lease changes every two seconds.
            for _ in 0..<5 where !isCancelled() { usleep(100_000) }
        }
    }

    // MARK: Sources in turn

    private func fetch(
        _ manifest: ModelManifest, _ folder: ModelFolder, _ lease: ModelLease, _ problems: [FileProblem]
    ) throws -> Fetched {
        let resolver = Resolver(settings: settings, downloader: downloader, isCancelled: isCancelled)
        var tried: [SourceFailure] = []
        let sources = settings.sources.filter { !settings.isOffline || $0.isLocal }
        for source in sources {
            report(.progress(FetchProgress(model: manifest.name, phase: .asking)))
            do {
                let offer = try resolver.offer(of: manifest, from: source)
                return try ModelFetch(
                    preloader: self, manifest: manifest, folder: folder, lease: lease, offer: offer
                ).run()
            } catch let error as DownloadError where error.kind == .cancelled {
                if isCancelled() { throw Stopped() }
                throw LeaseLost()
            } catch let error as DownloadError {
                if error.kind == .diskFull || error.kind == .file { throw local(error, manifest, folder) }
                let host = Resolver.host(of: source, manifest, settings)
                tried.append(resolver.failure(error, of: source, host))
            } catch let failure as SourceFailure {
                tried.append(failure)
            } catch let failure as FileFailure {
                if failure.isDiskFull { try? folder.discardStaging() }
                throw PreloadFailure.file(failure, manifest.name)
            } catch let error as Unavailable {
                let host = Resolver.host(of: source, manifest, settings)
                tried.append(SourceFailure(source: source.description, host: host, message: error.description))
            }
            if isCancelled() { throw Stopped() }
            // The story of the last one is told with all others.
            if let last = tried.last, source != sources.last {
                report(.warning("\(manifest.name) could not be fetched from \(last.source): \(last.message)"))
            }
        }
        if settings.isOffline {
            var failure = offline(manifest, folder, problems)
            failure.tried = tried
            failure.message += ". " + tried.map { "\($0.source): \($0.message)" }.joined(separator: "; ")
            throw failure
        }
        throw PreloadFailure.noSource(manifest.name, tried, problems: problems, folder: folder.path)
    }

    /// What a download said of our own disk. A full one harms others: nothing of ours stays there.
    private func local(_ error: DownloadError, _ manifest: ModelManifest, _ folder: ModelFolder) -> PreloadFailure {
        guard error.kind == .diskFull else {
            return PreloadFailure(error.mayPass ? .later : .hopeless, "\(manifest.name): \(error.message)")
        }
        try? folder.discardStaging()
        return PreloadFailure(
            .hopeless,
            "\(manifest.name): \(error.message). What had come was removed again; make room in \(folder.root), "
                + "or `coxswain-preload prune`"
        )
    }
}

extension ModelFolder.Check {
    /// Empty where it is complete, and where there is nothing at all.
    package var problems: [FileProblem] {
        if case .incomplete(let problems) = self { return problems }
        return []
    }
}

/// A clock that never goes back.
package enum MonotonicClock {
    /// Seconds.
    package static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
