/// A Python traceback, with those of the exceptions that led to it, or an exception group.
///
/// The message is the last exception; the frames and all that came before stand in the field `traceback`. Lines that only
/// underline (`^^^^`) are left out.
struct Traceback: LineFold {
    private var lines = BoundedLines()
    private var exception: String?
    /// The rest of an exception's text that has several lines.
    private var rest: [String] = []
    private var phase = Phase.frames
    private let isGroup: Bool

    private enum Phase { case frames, text, chained }

    private static let mostRest = 12
    private static let longestRest = 1500
    private static let longestMessage = 2048

    /// - Returns: nil when the line begins none.
    init?(_ line: Span<UInt8>, _ start: Int) {
        guard Self.begins(line, start) else { return nil }
        isGroup = line[start] == UInt8(ascii: "E")
    }

    /// From the middle of one, whose beginning is lost or was told before.
    init(orphan line: Span<UInt8>, _ start: Int) {
        isGroup = false
        appendFrame(line, start)
    }

    private static func begins(_ line: Span<UInt8>, _ start: Int) -> Bool {
        line.has(Exceptions.header, at: start)
            || line.has("Exception Group Traceback (most recent call last):", at: start)
    }

    // MARK: Lines

    mutating func offer(_ line: Span<UInt8>, _ text: Int, _ relation: FoldRelation) -> FoldVerdict {
        guard relation != .other else { return phase == .text ? .ended : .passed }
        guard let first = line.byte(text) else { return .taken }
        return phase == .text
            ? offerText(line, text, first, relation) : offerFrame(line, text, first, relation)
    }

    private mutating func offerFrame(
        _ line: Span<UInt8>, _ text: Int, _ first: UInt8, _ relation: FoldRelation
    ) -> FoldVerdict {
        if first.isBlank {
            phase = .frames
            if isGroup, exception == nil, line.has("  | ", at: text), Exceptions.endsTraceback(line, text + 4),
                !Self.begins(line, text + 4)
            {
                exception = Privacy.apply(line.text((text + 4)..<line.count))
            } else {
                appendFrame(line, text)
            }
            return .taken
        }
        if Self.begins(line, text) {
            guard phase == .chained else { return .ended }
            phase = .frames
            append(line, text)
            return .taken
        }
        if Exceptions.chains(line, text) { return chain(line, text) }
        if isGroup, exception != nil { return .ended }
        guard relation == .same || Exceptions.endsTraceback(line, text) else {
            guard NativeStack.continues(line, text) else { return .passed }
            append(line, text)
            return .taken
        }
        exception = Privacy.apply(line.text(text..<line.trimmed(text..<line.count).upperBound))
        phase = .text
        return .taken
    }

    private mutating func offerText(
        _ line: Span<UInt8>, _ text: Int, _ first: UInt8, _ relation: FoldRelation
    ) -> FoldVerdict {
        if Exceptions.chains(line, text) { return chain(line, text) }
        if Self.begins(line, text) { return .ended }
        if NativeStack.continues(line, text), !first.isBlank {
            append(line, text)
            return .taken
        }
        guard first.isBlank || relation == .same || namesField(line, text) else { return .ended }
        let trimmed = line.trimmed(text..<line.count)
        if !trimmed.isEmpty, rest.count < Self.mostRest,
            !line.has("For further information visit", at: trimmed.lowerBound)
        {
            rest.append(Privacy.apply(line.text(trimmed)).cut(to: Self.longestRest))
        }
        return .taken
    }

    /// What led to the exception that follows goes into the frames.
    private mutating func chain(_ line: Span<UInt8>, _ text: Int) -> FoldVerdict {
        if let exception { lines.append(exception) }
        for line in rest { lines.append("  " + line) }
        exception = nil
        rest = []
        append(line, text)
        phase = .chained
        return .taken
    }

    /// pydantic names the field of each error on a line of its own, without a space in front.
    private func namesField(_ line: Span<UInt8>, _ text: Int) -> Bool {
        guard let exception, exception.utf8.span.first(" validation error") != nil else { return false }
        return line.skip(from: text) { $0 > UInt8(ascii: " ") && $0 < 0x7F } == line.count
    }

    private mutating func appendFrame(_ line: Span<UInt8>, _ text: Int) {
        let underlined = line.skip(from: text) {
            [UInt8(ascii: " "), UInt8(ascii: "^"), UInt8(ascii: "~"), UInt8(ascii: "|")].contains($0)
        }
        guard underlined < line.count else { return }
        append(line, line.has("  ", at: text) ? text + 2 : text)
    }

    private mutating func append(_ line: Span<UInt8>, _ text: Int) {
        lines.append(Privacy.apply(line.text(text..<line.count)))
    }

    // MARK: Record

    var level: Record.Level { .error }
    var isComplete: Bool { phase == .text }

    var message: String {
        guard let exception else {
            // The end is missing: the last that was said.
            return lines.last.map { String($0.drop { $0 == " " }) } ?? "\(Exceptions.header)"
        }
        guard !rest.isEmpty else { return exception.cut(to: Self.longestMessage) }
        return (exception + (exception.hasSuffix(":") ? " " : ": ") + rest.joined(separator: " "))
            .cut(to: Self.longestMessage)
    }

    var fields: [Record.Field] { lines.isEmpty ? [] : [Record.Field("traceback", .text(lines.text))] }
}
