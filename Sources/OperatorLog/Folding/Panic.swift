/// A Rust panic: `thread 'main' panicked at src/main.rs:2:5:`, its text on the next line, and perhaps a backtrace.
struct Panic: LineFold {
    private var text: String
    private var lines = BoundedLines()
    private var saysMore: Bool

    /// - Returns: nil when the line begins none.
    init?(_ line: Span<UInt8>, _ start: Int) {
        guard line.has("thread '", at: start), let word = line.first("panicked at ", from: start + 8),
            word < start + 200
        else { return nil }
        let trimmed = line.trimmed(start..<line.count)
        saysMore = line[trimmed.upperBound - 1] == UInt8(ascii: ":")
        text = Privacy.apply(line.text(trimmed))
    }

    mutating func offer(_ line: Span<UInt8>, _ text: Int, _ relation: FoldRelation) -> FoldVerdict {
        guard relation == .bare else { return .passed }
        guard let first = line.byte(text) else { return .taken }
        if saysMore {
            saysMore = false
            self.text += " " + Privacy.apply(line.text(line.trimmed(text..<line.count)))
            return .taken
        }
        // How to see more is no news.
        if line.has("note: ", at: text) { return .taken }
        guard first.isBlank || line.has("stack backtrace:", at: text) else { return .ended }
        lines.append(Privacy.apply(line.text(text..<line.count)))
        return .taken
    }

    var level: Record.Level { .error }
    var message: String { text.cut(to: 2048) }
    var fields: [Record.Field] { lines.isEmpty ? [] : [Record.Field("traceback", .text(lines.text))] }
}
