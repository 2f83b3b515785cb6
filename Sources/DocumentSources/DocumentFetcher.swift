import Downloads
package import Egress
package import Intake
package import ObjectStore
import StoreSettings
import Threads

/// Fetches documents that clients name, while they wait: onto our disk, judged by their content as uploads are.
package final class DocumentFetcher: Sendable {
    private let policy: EgressPolicy?
    private let store: ObjectStoreSettings
    private let spool: Spool
    private let maximumBytes: Int
    private let timeout: Duration
    private let turns: HostTurns

    /// - Parameters:
    ///   - policy: whom http and https URLs may lead to; nil: they are off.
    ///   - store: where `s3://` leads, and under which prefixes callers may name objects.
    ///   - maximumBytes: bytes that a document may have.
    ///   - timeout: from the call to the whole document, the wait for a turn included.
    ///   - concurrency: documents at once, half of them of one host; others wait.
    package init(
        policy: EgressPolicy?, store: ObjectStoreSettings, spool: Spool, maximumBytes: Int, timeout: Duration,
        concurrency: Int = 8
    ) {
        self.policy = policy
        self.store = store
        self.spool = spool
        self.maximumBytes = maximumBytes
        self.timeout = timeout
        turns = HostTurns(most: concurrency)
    }

    /// Returns when the document is on the disk. Cancelling the task ends the transfer.
    ///
    /// - Throws: ``DocumentSourceError``, or ``UploadError`` for what came and is no document.
    package func fetch(_ source: DocumentSource) async throws -> Upload {
        let request = try request(source)
        let deadline = ContinuousClock.now + timeout
        do {
            return try await turns.run(host: source.host) {
                let noThread = DocumentSourceError(
                    .failed, "this server has no means to fetch the document at the moment", host: source.host,
                    detail: "the system refuses a thread")
                return try await BlockingThread.run(refused: noThread as any Error) { [self] isCancelled in
                    try transfer(request, source, deadline, isCancelled)
                }
            }
        } catch is CancellationError {
            throw DocumentSourceError(.cancelled, "the request was cancelled", host: source.host)
        }
    }

    private struct Request: Sendable {
        var url: String
        var signing: S3Signing?
        var egress: EgressPolicy?
        /// Whom it is asked of, in a sentence.
        var what: String
    }

    private func request(_ source: DocumentSource) throws(DocumentSourceError) -> Request {
        switch source {
        case .web(let url):
            guard let policy else {
                throw DocumentSourceError(
                    .off, "documents are not fetched from URLs here: COXSWAIN_URL_SOURCES switches it on")
            }
            do throws(EgressRefusal) {
                return Request(url: try policy.checked(url), egress: policy, what: "the URL's host")
            } catch {
                throw DocumentSourceError(error, host: error.kind == .form ? "" : source.host)
            }
        case .object(let place):
            guard store.allows(place) else {
                throw DocumentSourceError(
                    .notAllowed, "the object is under none of the places that COXSWAIN_S3_ALLOW names",
                    host: place.bucket)
            }
            return Request(
                url: store.bucket(place.bucket).url(of: place.key), signing: store.signing, what: "the bucket")
        }
    }

    /// On a thread that may wait.
    private func transfer(
        _ request: Request, _ source: DocumentSource, _ deadline: ContinuousClock.Instant,
        _ isCancelled: @escaping @Sendable () -> Bool
    ) throws -> Upload {
        let options = options(request, deadline)
        var receiver = DocumentReceiver(spool: spool, maximumBytes: maximumBytes)
        do {
            try Downloader(options).document(
                request.url, signing: request.signing, isCancelled: isCancelled,
                begin: { receiver = DocumentReceiver(spool: spool, maximumBytes: maximumBytes) },
                into: { try receiver.take($0) })
        } catch let error as DownloadError {
            throw DocumentSourceError(
                error, what: request.what, host: source.host, maximumBytes: maximumBytes,
                seconds: Int(timeout.components.seconds))
        }
        return try receiver.finish(fileName: source.fileName)
    }

    private func options(_ request: Request, _ deadline: ContinuousClock.Instant) -> DownloadOptions {
        let (seconds, rest) = (deadline - ContinuousClock.now).components
        let left = max(0, Int(seconds) + (rest > 0 ? 1 : 0))
        var options = DownloadOptions()
        options.egress = request.egress
        // A store's answer that sends elsewhere would go without the signature, and to whom nobody has checked.
        options.redirects = request.egress == nil ? 0 : 5
        options.connections = 1
        options.maximumBytes = Int64(maximumBytes)
        // It is a client that waits: what does not work soon, the client may try again.
        options.tries = 3
        options.firstPause = .milliseconds(300)
        options.longestPause = .seconds(2)
        options.longestRetryAfter = .seconds(5)
        options.totalSeconds = left
        options.connectTimeoutSeconds = min(10, max(left, 1))
        options.stallSeconds = min(20, max(left, 1))
        options.userAgent = "coxswain"
        options.certificateFile = store.certificateFile
        options.seed = UInt64.random(in: 0 ... .max)
        return options
    }
}
