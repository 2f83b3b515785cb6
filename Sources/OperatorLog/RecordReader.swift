import Progress

/// Turns the lines of one stream of a process into records.
///
/// Understands what vLLM, uvicorn, Python, C++ libraries, Rust and our own programs write; anything else is text at level
/// info. Tracebacks and stacks become one record each, of a progress bar each tenth is told, lines that our own probes
/// cause are counted and left out, and so is what somebody's document may be in (``Privacy``).
///
/// Times are seconds since 1970, given by the caller; a clock that is set back delays nothing.
package struct RecordReader: Sendable {
    private let service: String
    private let drawsBanner: Bool
    /// In the order in which they began.
    private var folds: [OpenFold] = []
    private var bars = ProgressBarFilter(step: 0.1)

    /// Lines of access logs that were left out, since probes come every few seconds and tell nothing.
    package private(set) var droppedProbeLines = 0

    /// Tracebacks of so many processes at once are kept apart.
    private static let mostFolds = 8

    /// - Parameter format: the service's `log` setting; nil for none. All formats are understood always; this one says which
    ///   decorations to take off.
    package init(service: String, format: String?) {
        self.service = service
        drawsBanner = format == "vllm"
    }

    /// - Parameter line: as ``LineSplitter`` gives it.
    package mutating func read(_ line: String, at now: Double) -> [Record] {
        var records = folds.isEmpty ? [] : tick(at: now)
        let bytes = line.utf8.span
        let head = LineHead(bytes)
        if bytes.byte(head.body) == UInt8(ascii: "{"), let record = json(bytes, head, now) {
            pass(bytes, LineHead(json: head), &records, now)
            if let record = clean(record) { records.append(record) }
            return records
        }
        if pass(bytes, head, &records, now) { return records }
        if let fold = FoldStart.make(bytes, head) {
            if folds.count >= Self.mostFolds { records.append(folds.removeFirst().record(service: service)) }
            folds.append(
                OpenFold(
                    key: OpenFold.Key(head), fold: fold, pid: head.pid, fields: head.fields(bytes),
                    headLevel: head.level,
                    began: now, last: now))
            return records
        }
        if let record = record(bytes, head, line, now) { records.append(record) }
        return records
    }

    /// Gives out what has waited for its next line long enough.
    package mutating func tick(at now: Double) -> [Record] {
        guard !folds.isEmpty else { return [] }
        var records: [Record] = []
        folds.removeAll { fold in
            guard fold.isDue(at: now) else { return false }
            records.append(fold.record(service: service))
            return true
        }
        return records
    }

    /// When ``tick(at:)`` has something; nil while nothing waits.
    package var waitsUntil: Double? { folds.lazy.map(\.due).min() }

    /// Gives out all that waits: the stream is over.
    package mutating func finish(at now: Double) -> [Record] {
        defer { folds = [] }
        return folds.map { $0.record(service: service) }
    }

    // MARK: Folds

    /// Offers a line to the fold of its process.
    ///
    /// - Returns: whether it was taken.
    @discardableResult
    private mutating func pass(
        _ line: Span<UInt8>, _ head: LineHead, _ records: inout [Record], _ now: Double
    ) -> Bool {
        guard !folds.isEmpty, let index = folds.firstIndex(where: { $0.key == OpenFold.Key(head) }) else {
            return false
        }
        switch folds[index].fold.offer(line, head.body, folds[index].relation(line, head)) {
        case .taken:
            folds[index].last = now
            return true
        case .takenLast:
            folds[index].last = now
            records.append(folds.remove(at: index).record(service: service))
            return true
        case .passed: return false
        case .ended:
            records.append(folds.remove(at: index).record(service: service))
            return false
        }
    }

    // MARK: Single lines

    /// A line of JSON, as it is or behind the front of a logger.
    private func json(_ line: Span<UInt8>, _ head: LineHead, _ now: Double) -> Record? {
        guard head.body > 0 else { return JSONLine.record(line, service: service, at: now) }
        guard var record = JSONLine.record(line.extracting(head.body..<line.count), service: service, at: now) else {
            return nil
        }
        record.level = max(record.level, head.level ?? .debug)
        record.pid = record.pid ?? head.pid
        record.fields = head.fields(line) + record.fields
        return record
    }

    private mutating func record(_ line: Span<UInt8>, _ head: LineHead, _ whole: String, _ now: Double) -> Record? {
        if let access = AccessLine(line, head.body) {
            guard !access.isProbe else {
                droppedProbeLines += 1
                return nil
            }
            let level = max(head.level ?? .info, (access.status ?? 0) >= 500 ? .warning : .debug)
            return Record(
                time: now, level: level, service: service, pid: head.pid, message: "request",
                fields: head.fields(line) + access.fields)
        }
        if line.first(UInt8(ascii: "%"), from: head.body) != nil, line.first(UInt8(ascii: "|"), from: head.body) != nil,
            let bar = ProgressBar(whole)
        {
            return bars.writes(bar) ? record(bar, head.pid, head.fields(line), now) : nil
        }
        let start = drawsBanner ? LineHead.afterBanner(line, head.body) : head.body
        let range = line.trimmed(start..<line.count)
        // Nothing but a front, or a stroke of a banner.
        guard !range.isEmpty else { return nil }
        // The indentation of plain text is its own.
        let message = line.text((head.isHeaded || start > head.body ? range.lowerBound : start)..<range.upperBound)
        var level = head.level ?? LevelWord.level(ofText: line, from: range.lowerBound)
        if level == .info, Noise.contains(line, range.lowerBound) { level = .debug }
        return Record(
            time: now, level: level, service: service, pid: head.pid, message: Privacy.apply(message),
            fields: head.fields(line))
    }

    private func record(_ bar: ProgressBar, _ pid: Int32?, _ fields: [Record.Field], _ now: Double) -> Record {
        let percent = Int(bar.fraction * 100)
        let label = bar.label.isEmpty ? "progress" : Privacy.apply(bar.label)
        return Record(
            time: now, level: .info, service: service, pid: pid, message: "\(label): \(percent) %",
            fields: fields + [Record.Field("percent", .integer(percent))])
    }

    /// A JSON line may be one of an access log.
    private mutating func clean(_ record: Record) -> Record? {
        guard record.fields.count > 1, let access = AccessLine(record.fields) else { return record }
        guard !access.isProbe else {
            droppedProbeLines += 1
            return nil
        }
        var record = record
        record.fields = AccessLine.clean(record.fields)
        return record
    }
}
