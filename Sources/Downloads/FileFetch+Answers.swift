import CCurl
import Readable

/// What is made of answers.
extension FileFetch {
    /// The header of the answer for a part is there.
    func accept(_ head: ResponseHead, part index: Int, of request: ExchangeRequest) -> Exchange.Taking {
        let verdict: Verdict?
        switch head.status {
        case 206: verdict = judgeRange(head, index, request)
        case 200: verdict = judgeWhole(head, request)
        default: return .nothing
        }
        guard let verdict else {
            // The other parts are asked for there at once.
            if let route = parts[index].route { self.route = route }
            return .body
        }
        verdicts[index] = verdict
        return .end
    }

    private func judgeRange(_ head: ResponseHead, _ index: Int, _ request: ExchangeRequest) -> Verdict? {
        guard let asked = request.range, let askedLast = asked.last else {
            return .failure(.badAnswer("it sent a part of the file where all of it was asked for"))
        }
        if head.isEncoded { return .failure(.encoded) }
        guard let content = head["content-range"].flatMap(ContentRange.init), let first = content.first,
            let last = content.last
        else { return .failure(.badAnswer("it sent a part of the file and did not say which")) }
        guard first == asked.first, last <= askedLast else {
            return .failure(
                .badAnswer("it sent bytes \(first) to \(last) where \(asked.first) to \(askedLast) were asked for"))
        }
        if let length = head.contentLength, length != last - first + 1 {
            return .failure(.badAnswer("its answer's length contradicts the range that it names"))
        }
        if let validator, head.differs(from: validator) { return .changed }
        if let total = content.total {
            if let size, size != total { return .changed }
        } else if size == nil {
            return .whole
        }
        validator = validator ?? head.validator
        isValidatorFromJournal = false
        etag = head.etag
        parts[index].answerEnd = last + 1
        if size == nil, let total = content.total {
            if !canContinue, total > parts[index].end { return .whole }
            return learn(size: total)
        }
        return nil
    }

    private func judgeWhole(_ head: ResponseHead, _ request: ExchangeRequest) -> Verdict? {
        if head.isEncoded { return .failure(.encoded) }
        if size != nil, !isWhole {
            // Asked before it came out that this host calls the file by another name.
            if request.validator != validator { return .askAgain }
            // To `If-Range` it means another file, unless another host is asked than the one that the journal is of: then
            // the hash of all bytes together will tell.
            guard isValidatorFromJournal, item.sha256 != nil, head.contentLength ?? size == size else {
                return .changed
            }
            validator = nil
            isValidatorFromJournal = false
            return .askAgain
        }
        guard head.contentLength != nil || head.isChunked || item.size != nil || item.sha256 != nil else {
            return .failure(.badAnswer("it does not say how long the file is, so its end could not be told from a cut"))
        }
        isWhole = true
        validator = nil
        etag = head.etag
        size = nil
        var part = Part(0..<(head.contentLength ?? .max))
        part.isUnderWay = true
        part.failures = parts[0].failures
        part.answerEnd = part.end
        part.route = parts[0].route
        parts = [part]
        return learn(size: head.contentLength)
    }

    /// - Parameter total: nil where the host does not say.
    private func learn(size total: Int64?) -> Verdict? {
        if let total {
            if let problem = wrongLength(total) { return .failure(problem) }
            // A file under its own name, without a size or hash to check it by: as good as its length says.
            if !isFinalUnreadable, item.sha256 == nil, place.finalSize == total { return .alreadyThere }
            size = total
            if !isWhole {
                parts[0].end = min(parts[0].end, total)
                parts += split(parts[0].end..<total)
            }
        }
        do {
            try openPartial(reserving: total)
        } catch {
            return .fatal(error.asError(file: item.path, needed: total, in: place.folder))
        }
        return nil
    }

    private func wrongLength(_ total: Int64) -> Failure? {
        if let expected = item.size, expected != total {
            return Failure(
                kind: .wrongLength, reason: "it has \(total) bytes there and should have \(expected)")
        }
        guard total <= options.maximumBytes else {
            return Failure(
                kind: .tooLarge,
                reason: "it has \(ByteCount.text(total)) and may have \(ByteCount.text(options.maximumBytes))")
        }
        return nil
    }

    /// - Returns: false to end the answer.
    func take(_ buffer: UnsafeRawBufferPointer, part index: Int) -> Bool {
        let position = parts[index].position
        let end = position + Int64(buffer.count)
        guard end <= parts[index].answerEnd else {
            verdicts[index] = .failure(.badAnswer("it sent more bytes than it said"))
            return false
        }
        if size == nil, let problem = end > item.size ?? options.maximumBytes ? wrongLength(end) : nil {
            verdicts[index] = .failure(problem)
            return false
        }
        do {
            try bytes?.write(buffer, at: position)
        } catch {
            verdicts[index] = .fatal(
                error.asError(file: item.path, needed: size.map { $0 - bytesDone }, in: place.folder))
            return false
        }
        parts[index].position = end
        fetched += Int64(buffer.count)
        return true
    }

    // MARK: - The end of an answer

    enum Step {
        case goOn
        /// Begin the file again; its other answers are to be broken off first.
        case startAgain
        case failed(Failure)
        case fatal(DownloadError)
    }

    func ended(part index: Int, _ exchange: Exchange, _ code: CURLcode, now: Int64) -> Step {
        guard parts.indices.contains(index) else { return .goOn }
        parts[index].isUnderWay = false
        switch verdicts.removeValue(forKey: index) {
        case .failure(let failure): return .failed(failure)
        case .fatal(let error): return .fatal(error)
        case .changed: return .startAgain
        case .whole:
            isWhole = true
            forgetBytes()
            return .goOn
        case .askAgain: return .goOn
        case .alreadyThere:
            isFinalUnreadable = !checkFinal()
            return .goOn
        case nil: break
        }
        let head = exchange.head
        switch head.status {
        case 200, 206:
            if parts[index].isComplete {
                arrived(index)
                return .goOn
            }
            guard code == CURLE_OK else { return .failed(exchange.failure(code, options)) }
            if isWhole, size == nil { return endOfUnknownLength() }
            // A host may send less of a range than was asked for.
            if parts[index].position > parts[index].positionAtFailure, head.status == 206 {
                parts[index].positionAtFailure = parts[index].position
                return .goOn
            }
            return .failed(Failure(kind: .tooManyTries, reason: "its answer ended too early", isRetried: true))
        case 301, 302, 303, 307, 308:
            guard let location = exchange.redirect else { break }
            var route = exchange.request.route
            if let failure = route.follow(location) { return .failed(failure) }
            parts[index].route = route
            return .goOn
        case 416: return rangeRefused(head)
        case ..<200: return .failed(exchange.failure(code, options))
        default: break
        }
        return .failed(
            Failure(
                head, isSigned: exchange.request.route.signingToUse != nil,
                hasHeaders: !exchange.request.route.headersToSend.isEmpty, now: now))
    }

    private func endOfUnknownLength() -> Step {
        let length = parts[0].position
        if let problem = wrongLength(length) { return .failed(problem) }
        size = length
        parts[0].end = length
        arrived(0)
        return .goOn
    }

    /// No byte of the file is in the range: an empty file, a shorter one than before, or a host that cannot do ranges.
    private func rangeRefused(_ head: ResponseHead) -> Step {
        if size != nil { return .startAgain }
        guard !isWhole else { return .failed(.badAnswer("it refuses a range that was not asked for (HTTP 416)")) }
        isWhole = true
        forgetBytes()
        return .goOn
    }

    private func arrived(_ index: Int) {
        parts[index].route = nil
        parts[index].failures = 0
    }

    /// - Parameters:
    ///   - wasReached: the host has answered before in this run.
    /// - Returns: how long to wait before the part is asked for again; nil when it is given up.
    func pause(
        after failure: Failure, part index: Int, route asked: Route, wasReached: Bool, _ pauses: inout Pauses
    ) -> Duration? {
        var part = parts[index]
        defer { if parts.indices.contains(index) { parts[index] = part } }
        // What a redirect led to may hold for a while only: the first host knows where the file is now.
        let isStale = asked.isRedirected && part.route == nil && Self.mayBeStale(failure.kind)
        if isStale { route.reset() }
        part.route = nil
        guard failure.isRetried || isStale else { return nil }
        // So much at each connection is getting ahead, if slowly.
        if part.position - part.positionAtFailure >= 256 << 10, !isWhole { part.failures = 0 }
        part.failures += 1
        if isWhole || !canContinue {
            part.position = part.start
            forgetHash()
        }
        part.positionAtFailure = part.position
        guard part.failures < (wasReached ? options.tries : min(options.tries, 3)) else { return nil }
        return isStale ? .zero : pauses.next(after: part.failures, asked: failure.retryAfter)
    }

    private static func mayBeStale(_ kind: DownloadError.Kind) -> Bool {
        switch kind {
        case .unauthorized, .notFound, .refused(status: 400): true
        default: false
        }
    }
}

extension Failure {
    static let encoded = Failure.badAnswer("it sent the file compressed, which was not asked for")
}
