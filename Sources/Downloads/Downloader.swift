/// Fetches files, documents and streams over HTTP, on the thread that calls.
package final class Downloader: Sendable {
    package let options: DownloadOptions

    package init(_ options: DownloadOptions = DownloadOptions()) {
        self.options = options
    }

    /// Fetches files, several and in several ranges at once. Each appears under its own name when it is whole, right and
    /// synced; until then it is `PATH.partial`, with `PATH.partial.json` beside it that says what of it is there, and
    /// another call goes on from that. A file that is there already, of the right size and hash, is not asked for.
    ///
    /// Returns, or throws, when all that was begun has ended. One call at a time may work in a folder.
    ///
    /// - Parameters:
    ///   - folder: one that exists, for this alone.
    ///   - progress: called on this thread, ten times a second at most.
    ///   - isCancelled: asked on this thread, twenty times a second; true ends it with ``DownloadError/Kind/cancelled``.
    package func fetch(
        _ items: [DownloadItem], into folder: String,
        progress: @escaping @Sendable (DownloadProgress) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(DownloadError) -> [Downloaded] {
        try check(items)
        let run = FetchRun(
            items, into: folder, options, try network(), report: progress, isCancelled: isCancelled)
        return try run.run()
    }

    private func check(_ items: [DownloadItem]) throws(DownloadError) {
        var paths: Set<String> = []
        for item in items {
            if let problem = FilePlace.problem(item.path) {
                throw Failure.invalid("its path may not be used: \(problem)").error(host: "", file: item.path)
            }
            guard paths.insert(item.path).inserted else {
                throw Failure.invalid("it is to be fetched twice").error(host: "", file: item.path)
            }
            try checkHeaders(item.headers, file: item.path)
        }
    }

    /// A line break in a token would begin a header of its own.
    func checkHeaders(_ headers: [String], file: String) throws(DownloadError) {
        let isRight = headers.allSatisfy { line in
            line.contains(":") && !line.unicodeScalars.contains { $0.value < 32 || $0.value == 127 }
        }
        guard isRight else {
            throw Failure.invalid("a header or token that was given has a control character, or no colon")
                .error(host: "", file: file)
        }
    }

    func network() throws(DownloadError) -> Network {
        guard let network = Network(maximumConnections: max(options.connections, 1)) else {
            throw Failure(kind: .file, reason: "the system refuses memory or descriptors").error(host: "", file: "")
        }
        return network
    }

    /// Fetches a small document: a listing, JSON.
    ///
    /// - Returns: its bytes, and the answer's header by lower-case names.
    package func text(
        _ url: String, headers: [String] = [], signing: S3Signing? = nil, maximumBytes: Int = 16 << 20,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(DownloadError) -> (body: [UInt8], headers: [String: String]) {
        let run = try sequentialRun(url, headers, signing, maximumBytes: Int64(maximumBytes), afterCut: .beginAgain)
        var body: [UInt8] = []
        try run.run(
            begin: { body = [] },
            take: {
                body += $0
                return true
            }, turn: { !isCancelled() })
        return (body, run.head.fields)
    }

    /// Fetches what is read from its first byte to its last, such as an archive. Where the connection breaks it goes on by
    /// a range, with what the host says to be the same file.
    ///
    /// - Parameters:
    ///   - progress: called on this thread, ten times a second at most.
    ///   - consume: takes the bytes, on this thread; what it throws ends the stream and is thrown on.
    /// - Throws: ``DownloadError``; with ``DownloadError/Kind/changed`` the bytes that were handed over are of no use.
    @discardableResult
    package func stream(
        _ url: String, headers: [String] = [], signing: S3Signing? = nil,
        progress: @escaping @Sendable (DownloadProgress) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false },
        into consume: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Streamed {
        try hand(
            over: try sequentialRun(
                url, headers, signing, maximumBytes: options.maximumBytes, afterCut: .goOn),
            begin: {}, progress: progress, isCancelled: isCancelled, to: consume)
    }

    /// Fetches what is read from its first byte to its last by somebody who can begin again: where the rest cannot be had
    /// after a cut, all of it is fetched anew. A host need not say how long it is. Errors name no path.
    ///
    /// - Parameters:
    ///   - begin: called before the first byte, each time.
    ///   - consume: as ``stream(_:headers:signing:progress:isCancelled:into:)`` takes it.
    @discardableResult
    package func document(
        _ url: String, signing: S3Signing? = nil, isCancelled: @escaping @Sendable () -> Bool = { false },
        begin: () -> Void, into consume: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Streamed {
        try hand(
            over: try sequentialRun(
                url, [], signing, maximumBytes: options.maximumBytes, afterCut: .goOnIfPossible, name: "the document"),
            begin: begin, progress: { _ in }, isCancelled: isCancelled, to: consume)
    }

    private func hand(
        over run: SequentialRun, begin: () -> Void, progress: (DownloadProgress) -> Void, isCancelled: () -> Bool,
        to consume: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Streamed {
        var refusal: (any Error)?
        var lastReport: ContinuousClock.Instant?
        func reportProgress() {
            guard lastReport.map({ .now - $0 >= .milliseconds(100) }) ?? true else { return }
            lastReport = .now
            progress(run.progress)
        }
        do {
            try withoutActuallyEscaping(consume) { consume in
                try withoutActuallyEscaping(begin) { begin in
                    try run.run(
                        begin: begin,
                        take: { bytes in
                            do {
                                try consume(bytes)
                                return true
                            } catch {
                                refusal = error
                                return false
                            }
                        },
                        turn: {
                            reportProgress()
                            return !isCancelled()
                        })
                }
            }
        } catch {
            throw refusal ?? error
        }
        progress(run.progress)
        return Streamed(bytes: run.position, etag: run.head.etag)
    }

    private func sequentialRun(
        _ url: String, _ headers: [String], _ signing: S3Signing?, maximumBytes: Int64,
        afterCut: SequentialRun.AfterCut, name: String? = nil
    ) throws(DownloadError) -> SequentialRun {
        let name = name ?? Origin.path(url)
        try checkHeaders(headers, file: name)
        let route: Route
        do {
            route = try Route(url, headers: headers, signing: signing, options)
        } catch {
            throw error.error(host: "", file: name)
        }
        return SequentialRun(
            route, name: name, maximumBytes: maximumBytes, afterCut: afterCut, options, try network())
    }
}

extension SequentialRun {
    /// As of one file.
    var progress: DownloadProgress {
        var progress = DownloadProgress()
        progress.bytesDone = position
        progress.bytesFetched = fetched
        progress.bytesTotal = total
        progress.filesTotal = 1
        progress.filesDone = isDone ? 1 : 0
        progress.pause = pause
        return progress
    }
}
