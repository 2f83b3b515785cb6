/// What stands in front of a line's text: who says it, how loud, and from where. Positions are offsets into the line.
struct LineHead {
    /// The process that vLLM names.
    var process: Range<Int>?
    var pid: Int32?
    /// PyTorch's number of the process among those that work together.
    var rank: Int?
    /// nil where the line tells none.
    var level: Record.Level?
    /// Where in the program: `core.py:1512`.
    var source: Range<Int>?
    var logger: Range<Int>?
    /// A C++ library writes it.
    var isNative = false
    var thread: Int?
    /// Where the text begins.
    var body = 0

    /// Understands the fronts that vLLM, uvicorn, Python's `logging` in its usual formats, glog, NCCL, loguru, tracing and
    /// swift-log write. A line with none of them is all text.
    init(_ line: Span<UInt8>) {
        // A worker's line may come with the front of the engine that passed it on.
        if line.byte(0) == UInt8(ascii: "(") {
            for _ in 0..<2 where !takeProcess(line) { break }
        }
        if line.byte(body) == UInt8(ascii: "[") { takeRank(line) }
        guard let first = line.byte(body) else { return }
        if first.isUpper {
            if !takeGlog(line, body) { takeLevelFirst(line) }
        } else if first.isDigit {
            takeTimeFirst(line)
        } else if first == UInt8(ascii: "[") {
            takeBracket(line)
        }
        if level == nil, line.byte(body)?.isAlphanumeric ?? false { takeNCCL(line) }
    }

    /// Of a JSON line: one of a log, whatever stands in front of it.
    init(json head: LineHead) {
        self = head
        level = level ?? .info
    }

    /// Whether the line is one of a log: it has a level in front.
    var isHeaded: Bool { level != nil }

    /// The fields for what was found, beside pid and level.
    func fields(_ line: Span<UInt8>) -> [Record.Field] {
        guard process != nil || source != nil || logger != nil || rank != nil || thread != nil else { return [] }
        var fields: [Record.Field] = []
        if let process { fields.append(Record.Field("process", .text(line.text(process)))) }
        if let rank { fields.append(Record.Field("rank", .integer(rank))) }
        if let logger { fields.append(Record.Field("logger", .text(line.text(logger)))) }
        if let source { fields.append(Record.Field("source", .text(line.text(source)))) }
        if let thread { fields.append(Record.Field("thread", .integer(thread))) }
        return fields
    }

    /// `[rank0]: `, which PyTorch puts in front of each line.
    private mutating func takeRank(_ line: Span<UInt8>) {
        guard line.has("[rank", at: body), let number = line.number(from: body + 5), line.has("]:", at: number.end)
        else {
            return
        }
        rank = number.value
        // One space: what follows may be indented.
        body = number.end + (line.byte(number.end + 2) == UInt8(ascii: " ") ? 3 : 2)
    }
}
