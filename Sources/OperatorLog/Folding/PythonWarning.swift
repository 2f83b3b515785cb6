/// A warning as Python's `warnings` writes it, `/path/file.py:138: FutureWarning: text`, with the line of code below.
struct PythonWarning: LineFold {
    let message: String
    private let place: String
    private var code: String?

    /// - Returns: nil when the line is none.
    init?(_ line: Span<UInt8>, _ start: Int) {
        guard let mark = line.first("Warning: ", from: start) else { return nil }
        let name = line.skipBack(from: mark, notBefore: start) { $0.isIdentifier || $0 == UInt8(ascii: ".") }
        // `:138: ` in front of it.
        guard line.has(": ", at: name - 2) else { return nil }
        let digits = line.skipBack(from: name - 2, notBefore: start) { $0.isDigit }
        guard digits < name - 2, digits > start, line.byte(digits - 1) == UInt8(ascii: ":") else { return nil }
        // What stood on the line before, without an end, belongs to the place: nothing says where it ends.
        message = Privacy.apply(line.text(name..<line.count))
        place = Self.short(line, start..<(name - 2))
    }

    mutating func offer(_ line: Span<UInt8>, _ text: Int, _ relation: FoldRelation) -> FoldVerdict {
        guard relation == .bare, line.has("  ", at: text), line.byte(text + 2).map({ !$0.isBlank }) ?? false else {
            return .ended
        }
        code = Privacy.apply(line.text(line.trimmed(text..<line.count))).cut(to: 400)
        return .takenLast
    }

    /// Without the folder that Python's packages are installed in.
    private static func short(_ line: Span<UInt8>, _ range: Range<Int>) -> String {
        for folder in ["/site-packages/", "/dist-packages/"] as [StaticString] {
            if let position = line.last(folder, from: range.lowerBound), position < range.upperBound {
                return line.text((position + folder.utf8CodeUnitCount)..<range.upperBound)
            }
        }
        return line.text(range)
    }

    var level: Record.Level { .warning }

    var fields: [Record.Field] {
        [Record.Field("source", .text(place))] + (code.map { [Record.Field("code", .text($0))] } ?? [])
    }
}
