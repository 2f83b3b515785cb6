import Readable

/// One file on its way: what of it is there, what is to be asked for next.
///
/// Used on the run's thread alone; what takes long is posted to others.
final class FileFetch {
    typealias Instant = ContinuousClock.Instant

    enum Stage: Equatable {
        /// The file has its own name from before; what it is, is being looked at.
        case checkingFinal
        case fetching
        /// All bytes are there.
        case hashing
        case placing
        case done
    }

    /// A range of the file. Together they are all of it, in order, once its size is known.
    struct Part {
        let start: Int64
        /// Of an answer without a length, `.max`.
        var end: Int64
        /// The next byte to come.
        var position: Int64
        var isUnderWay = false
        /// In a row, without getting ahead in between.
        var failures = 0
        var positionAtFailure: Int64
        var notBefore: Instant?
        /// Where the last answer sent on to, which is to be asked next.
        var route: Route?
        /// The byte after the last that the answer under way has.
        var answerEnd: Int64 = .max

        init(_ range: Range<Int64>, isDone: Bool = false) {
            start = range.lowerBound
            end = range.upperBound
            position = isDone ? range.upperBound : range.lowerBound
            positionAtFailure = position
        }

        var isComplete: Bool { position == end }
    }

    /// What to do about an answer, found while it came.
    enum Verdict {
        case failure(Failure)
        case fatal(DownloadError)
        /// It is not the file that the bytes at hand are of.
        case changed
        /// Ranges do not serve here: all of it is asked for, in one answer.
        case whole
        /// As what is known by now.
        case askAgain
        case alreadyThere
    }

    let index: Int
    let item: DownloadItem
    let options: DownloadOptions
    let place: FilePlace
    let bench: Bench
    var stage = Stage.fetching
    var parts: [Part] = []
    var route: Route
    var size: Int64?
    var validator: String?
    /// The validator is what a journal says, and this run's host has not used it yet.
    var isValidatorFromJournal = false
    var etag: String?
    var isWhole = false
    /// Some bytes are from an earlier run.
    var isResumed = false
    var isFinalUnreadable = false
    var restarts = 0
    /// Bytes that came over the network.
    var fetched: Int64 = 0
    /// Verdicts on the answers under way, by part.
    var verdicts: [Int: Verdict] = [:]
    var result: Downloaded?

    // What `FileFetch+Disk` keeps.
    var bytes: FileBytes?
    var follower: HashFollower?
    /// Counts beginnings: what was posted before the last of them is not about these bytes.
    var generation = 0
    var followed: Int64 = 0
    var firstOpenPart = 0
    var lastCheckpoint = Instant.now
    var checkpointed: Int64 = 0
    var isCheckpointing = false
    var hash: String?

    init(_ index: Int, _ item: DownloadItem, into folder: String, _ options: DownloadOptions, _ bench: Bench)
        throws(DownloadError)
    {
        self.index = index
        self.item = item
        self.options = options
        self.bench = bench
        do {
            route = try Route(item.url, headers: item.headers, signing: item.signing, options)
        } catch {
            throw error.error(host: "", file: item.path)
        }
        do {
            place = try FilePlace(folder, item.path)
        } catch {
            throw error.asError(file: item.path)
        }
        try begin()
    }

    /// Whether the same file can be told from another one: what ranges of more than one answer need.
    var canContinue: Bool { validator != nil || item.sha256 != nil }

    var bytesDone: Int64 {
        stage == .checkingFinal ? size ?? 0 : parts.reduce(0) { $0 + $1.position - $1.start }
    }

    var bytesTotal: Int64? { size ?? item.size }

    /// The first range that may be asked for now.
    func nextPart(_ now: Instant) -> Int? {
        guard stage == .fetching else { return nil }
        return parts.indices.dropFirst(firstOpenPart).first { index in
            let part = parts[index]
            return !part.isUnderWay && !part.isComplete && part.notBefore ?? now <= now
        }
    }

    /// When one that waits may be asked for.
    var earliestRetry: Instant? {
        guard stage == .fetching else { return nil }
        return parts.lazy.filter { !$0.isUnderWay && !$0.isComplete }.compactMap(\.notBefore).min()
    }

    func request(_ index: Int) -> ExchangeRequest {
        parts[index].isUnderWay = true
        parts[index].answerEnd = parts[index].end
        let part = parts[index]
        let route = part.route ?? route
        guard !isWhole else { return ExchangeRequest(route: route) }
        return ExchangeRequest(route: route, range: (part.position, part.end - 1), validator: validator)
    }

    /// The first part of a file of which nothing is known; its end becomes the file's where that is nearer.
    func beginParts() {
        parts = [Part(0..<(isWhole ? .max : options.partBytes))]
        firstOpenPart = 0
    }

    /// Ranges of at most `options.partBytes`.
    func split(_ range: Range<Int64>) -> [Part] {
        stride(from: range.lowerBound, to: range.upperBound, by: Int(options.partBytes)).map {
            Part($0..<min($0 + options.partBytes, range.upperBound))
        }
    }

    /// The bytes that are there, journalled or not.
    var rangesDone: [Range<Int64>] { parts.map { $0.start..<$0.position }.inOrder }

    func error(_ failure: Failure, host: String? = nil, tries: Int = 1) -> DownloadError {
        failure.error(host: host ?? route.host, file: item.path, tries: tries)
    }
}
