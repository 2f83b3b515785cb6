/// Several lines that are one record: a traceback, a stack, a warning with its line of code.
protocol LineFold: Sendable {
    /// - Parameters:
    ///   - line: a line of the same process.
    ///   - text: where its text begins.
    mutating func offer(_ line: Span<UInt8>, _ text: Int, _ relation: FoldRelation) -> FoldVerdict

    var level: Record.Level { get }
    /// For people, one line.
    var message: String { get }
    var fields: [Record.Field] { get }
    /// Nothing more is expected, though it may come.
    var isComplete: Bool { get }
}

extension LineFold {
    var isComplete: Bool { false }
}

/// How a line stands to the first line of a fold.
enum FoldRelation: Sendable {
    /// Nothing in front of it but perhaps its process.
    case bare
    /// The same level and the same place in the program: the same message, most likely.
    case same
    /// Another line of a log.
    case other
}

enum FoldVerdict: Sendable {
    case taken
    /// Taken, and the record is complete.
    case takenLast
    /// Not its own; more may come, as where several threads write.
    case passed
    /// Not its own, and nothing more will come.
    case ended
}

/// A fold that is open: whose it is and since when.
struct OpenFold: Sendable {
    var key: Key
    var fold: any LineFold
    /// Of the first line.
    var pid: Int32?
    var fields: [Record.Field]
    var headLevel: Record.Level?
    /// Times of the first and the last line.
    var began: Double
    var last: Double

    /// Who writes, as far as the line tells.
    struct Key: Sendable, Equatable {
        var pid: Int32?
        var rank: Int?

        init(_ head: LineHead) {
            pid = head.pid
            // PyTorch's C++ names its rank in its first line alone.
            rank = head.isNative ? nil : head.rank
        }
    }

    /// How long its next line may take, in seconds; less where none is expected.
    static let longestPause = 0.2
    private static let shortestPause = 0.05
    /// How long it may go on altogether.
    static let longest = 1.0

    var due: Double { min(last + (fold.isComplete ? Self.shortestPause : Self.longestPause), began + Self.longest) }

    /// A clock that was set back makes it due too.
    func isDue(at now: Double) -> Bool { now >= due || now < began }

    func relation(_ line: Span<UInt8>, _ head: LineHead) -> FoldRelation {
        guard head.isHeaded else { return .bare }
        return head.level == headLevel && head.fields(line) == fields ? .same : .other
    }

    func record(service: String) -> Record {
        Record(
            time: last, level: fold.level, service: service, pid: pid, message: fold.message,
            fields: fields + fold.fields)
    }
}

/// Which lines begin a fold.
enum FoldStart {
    static func make(_ line: Span<UInt8>, _ head: LineHead) -> (any LineFold)? {
        var start = head.body
        guard var first = line.byte(start) else { return nil }
        if first == UInt8(ascii: " ") {
            if line.has("  File \"", at: start), !head.isHeaded { return Traceback(orphan: line, start) }
            start = line.skip(from: start) {
                $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "|")
            }
            guard line.has("Exception Group Traceback", at: start) else { return nil }
            first = UInt8(ascii: "E")
        }
        switch first {
        case UInt8(ascii: "T"), UInt8(ascii: "E"):
            if let traceback = Traceback(line, start) { return traceback }
            if !head.isHeaded, let stacks = ThreadStacks(line, start) { return stacks }
        case UInt8(ascii: "F"), UInt8(ascii: "C"):
            if !head.isHeaded, let stacks = ThreadStacks(line, start) { return stacks }
        case UInt8(ascii: "t"):
            if let panic = Panic(line, start) { return panic }
        default: break
        }
        if !head.isHeaded, let warning = PythonWarning(line, start) { return warning }
        if let key = KeyBlock(line, head) { return key }
        return NativeStack(line, head, start)
    }
}
