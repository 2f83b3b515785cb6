import CCurl
import Glibc

/// One document or stream, its bytes handed on in order as they come.
final class SequentialRun {
    /// What is done about an answer that was cut.
    enum AfterCut {
        /// All of it is asked for again.
        case beginAgain
        /// The rest is asked for; that what was handed on is of another file than the rest is an error.
        case goOn
        /// The rest is asked for where that is sure to be of the same file, else all of it again.
        case goOnIfPossible
    }

    private typealias Instant = ContinuousClock.Instant

    private let options: DownloadOptions
    private let network: Network
    private let name: String
    private let maximumBytes: Int64
    private let afterCut: AfterCut
    private let deadline: Instant?
    private var route: Route
    private var pauses: Pauses
    /// Bytes that were handed on, of the answer that counts.
    private(set) var position: Int64 = 0
    private(set) var total: Int64?
    private(set) var fetched: Int64 = 0
    private(set) var head = ResponseHead()
    private var validator: String?
    private var failure: Failure?
    private(set) var isDone = false
    /// While it waits on purpose.
    private(set) var pause: Duration?

    init(
        _ route: Route, name: String, maximumBytes: Int64, afterCut: AfterCut, _ options: DownloadOptions,
        _ network: Network
    ) {
        self.route = route
        self.name = name
        self.maximumBytes = maximumBytes
        self.afterCut = afterCut
        deadline = options.totalSeconds.map { .now + .seconds($0) }
        self.options = options
        self.network = network
        pauses = Pauses(options)
    }

    /// - Parameters:
    ///   - begin: called before the first byte of each answer that begins at the first byte.
    ///   - take: called with the bytes; false ends it, as cancelled.
    ///   - turn: called twenty times a second at least; false cancels it.
    func run(
        begin: @escaping () -> Void, take: @escaping (UnsafeRawBufferPointer) -> Bool, turn: () -> Bool
    ) throws(DownloadError) {
        var failures = 0
        var wasReached = false
        var positionAtFailure: Int64 = 0
        while true {
            let asked = route
            let (exchange, code) = try answer(begin, take, turn)
            if exchange.head.status > 0 { wasReached = true }
            guard var failure = outcome(exchange, code) else {
                if isDone { return }
                continue
            }
            if failure.kind == .changed, afterCut == .goOnIfPossible {
                validator = nil
                failure.isRetried = true
            }
            let isStale = asked.isRedirected && [400, 401, 403, 404, 410].contains(exchange.head.status)
            if isStale { route.reset() }
            if position - positionAtFailure >= 256 << 10, afterCut == .goOn { failures = 0 }
            positionAtFailure = position
            failures += 1
            let limit = wasReached ? options.tries : min(options.tries, 3)
            guard failure.isRetried || isStale, failures < limit else {
                throw failure.error(host: asked.host, file: name, tries: failure.isRetried ? failures : 1)
            }
            guard position == 0 || afterCut != .goOn || validator != nil else {
                var cut = failure
                cut.reason += "; it cannot be gone on with, as the host does not tell one version of it from another"
                throw cut.error(host: asked.host, file: name)
            }
            guard !isStale else { continue }
            let pause = pauses.next(after: failures, asked: failure.retryAfter)
            if let deadline, .now + pause >= deadline {
                throw failure.error(host: asked.host, file: name, tries: failures)
            }
            try wait(pause, turn)
        }
    }

    /// Makes one request, to its end.
    private func answer(
        _ begin: @escaping () -> Void, _ take: @escaping (UnsafeRawBufferPointer) -> Bool, _ turn: () -> Bool
    ) throws(DownloadError) -> (Exchange, CURLcode) {
        failure = nil
        let goesOn =
            switch afterCut {
            case .beginAgain: false
            case .goOn: position > 0
            case .goOnIfPossible: position > 0 && validator != nil
            }
        let range: (Int64, Int64?)? = goesOn ? (position, nil) : nil
        let request = ExchangeRequest(route: route, range: range, validator: validator)
        let exchange = Exchange(
            request, options, onHead: { [unowned self] in accept($0, range?.0, begin) },
            onBytes: { [unowned self] in pass($0, take) })
        guard let exchange else {
            throw Failure.invalid("libcurl refuses the request; is its URL right, and the file of certificates there?")
                .error(host: route.host, file: name)
        }
        network.start(exchange)
        var end: CURLcode?
        while true {
            network.step(waitingAtMost: 50) { end = $1 }
            if let end { return (exchange, end) }
            guard turn() else {
                network.stop(exchange)
                throw Failure.cancelled.error(host: "", file: name)
            }
            if let deadline, Instant.now >= deadline {
                network.stop(exchange)
                throw Failure.outOfTime(options).error(host: route.host, file: name)
            }
        }
    }

    private func wait(_ duration: Duration, _ turn: () -> Bool) throws(DownloadError) {
        let end = Instant.now + duration
        defer { pause = nil }
        while case let left = end - Instant.now, left > .zero {
            pause = left
            guard turn() else { throw Failure.cancelled.error(host: "", file: name) }
            let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
            network.step(waitingAtMost: Int(min(50, milliseconds + 1))) { _, _ in }
        }
    }

    // MARK: - The answer

    private func accept(_ head: ResponseHead, _ first: Int64?, _ begin: () -> Void) -> Exchange.Taking {
        guard head.status == 200 || head.status == 206 else { return .nothing }
        self.head = head
        // A host that sends all of it, for its file is another one by now, or since it cannot do otherwise.
        let isWhole = first == nil || (afterCut == .goOnIfPossible && head.status == 200)
        let first = isWhole ? nil : first
        failure = head.isEncoded ? .encoded : first.map { judgeRest(head, $0) } ?? judgeWhole(head)
        if failure != nil { return .end }
        if first == nil {
            position = 0
            begin()
        }
        return .body
    }

    private func judgeWhole(_ head: ResponseHead) -> Failure? {
        guard head.status == 200 else { return .badAnswer("it sent a part where all of it was asked for") }
        total = head.contentLength
        validator = head.validator
        if let total, total > maximumBytes { return tooLarge }
        guard total != nil || head.isChunked || afterCut != .goOn else {
            return .badAnswer("it does not say how long the stream is, so its end could not be told from a cut")
        }
        return nil
    }

    private func judgeRest(_ head: ResponseHead, _ first: Int64) -> Failure? {
        let hasChanged = Failure(
            kind: .changed, reason: "it became another file while it came; begin again", isRetried: false)
        guard head.status == 206, validator.map(head.differs) != true else { return hasChanged }
        guard let range = head["content-range"].flatMap(ContentRange.init), range.first == first else {
            return .badAnswer("it sent another part than the one asked for")
        }
        if let total, let said = range.total, said != total { return hasChanged }
        total = total ?? range.total
        return nil
    }

    private var tooLarge: Failure {
        Failure(kind: .tooLarge, reason: "it has more than the \(maximumBytes) bytes that it may have")
    }

    private func pass(_ bytes: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        guard position + Int64(bytes.count) <= maximumBytes else {
            failure = tooLarge
            return false
        }
        guard take(bytes) else {
            failure = .cancelled
            return false
        }
        position += Int64(bytes.count)
        fetched += Int64(bytes.count)
        return true
    }

    /// - Returns: nil when it is done, or to be asked for at once where the route leads now.
    private func outcome(_ exchange: Exchange, _ code: CURLcode) -> Failure? {
        if let failure { return failure }
        let head = exchange.head
        switch head.status {
        case 200, 206:
            guard code == CURLE_OK else { return exchange.failure(code, options) }
            guard total ?? position == position else {
                return Failure(kind: .tooManyTries, reason: "its answer ended too early", isRetried: true)
            }
            isDone = true
            return nil
        case 301, 302, 303, 307, 308:
            guard let location = exchange.redirect else {
                guard options.egress != nil, head["location"] != nil else { break }
                return Failure(kind: .denied, reason: "it sends on to what is no URL")
            }
            return route.follow(location)
        case ..<200: return exchange.failure(code, options)
        default: break
        }
        return Failure(
            head, isSigned: exchange.request.route.signingToUse != nil,
            hasHeaders: !exchange.request.route.headersToSend.isEmpty, now: Int64(time(nil)))
    }
}
