/// Where all threads of a Python process are, as `faulthandler` writes it when a fatal signal comes, or when it is asked.
struct ThreadStacks: LineFold {
    let message: String
    private var lines = BoundedLines()

    /// - Returns: nil when the line begins none.
    init?(_ line: Span<UInt8>, _ start: Int) {
        let isFatal = line.has("Fatal Python error: ", at: start)
        guard
            isFatal || (line.has("Timeout (", at: start) && line.has(")!", at: line.count - 2))
                || Self.isThread(line, start)
        else { return nil }
        message = Privacy.apply(line.text(start..<line.count))
    }

    mutating func offer(_ line: Span<UInt8>, _ text: Int, _ relation: FoldRelation) -> FoldVerdict {
        guard relation != .other else { return .passed }
        guard let first = line.byte(text) else { return .taken }
        guard
            first.isBlank || Self.isThread(line, text) || line.has("Python runtime state: ", at: text)
                || line.has("Extension modules: ", at: text) || line.has("Garbage-collecting", at: text)
                || line.has("Current thread's C stack trace", at: text)
                || line.has("Stack (most recent call first):", at: text) || line.has("<", at: text)
        else { return .ended }
        // Names of a hundred modules tell nothing.
        if !line.has("Extension modules: ", at: text) { lines.append(line.text(text..<line.count)) }
        return .taken
    }

    private static func isThread(_ line: Span<UInt8>, _ start: Int) -> Bool {
        (line.has("Thread 0x", at: start) || line.has("Current thread 0x", at: start))
            && line.last("(most recent call first):", from: start) != nil
    }

    var level: Record.Level { .error }
    var fields: [Record.Field] { lines.isEmpty ? [] : [Record.Field("traceback", .text(lines.text))] }
}
