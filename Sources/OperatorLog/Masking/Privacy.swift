/// Takes out of a text what somebody's document may be in: prompts, answers, the bodies of requests, pictures, names of
/// files. What is left tells that something stood there, and how long it was: `[… 1234 bytes]`.
package enum Privacy {
    package static func apply(_ text: String) -> String {
        let bytes = text.utf8.span
        if let masked = RequestLine.masked(bytes) { return masked }
        var edits = Edits()
        var long = EncodedData.next(bytes, 0)
        var longStart = long?.lowerBound ?? Int.max
        var position = 0
        while position < bytes.count {
            if position >= longStart, let run = long {
                edits.replace(run, with: mark(run.count))
                position = run.upperBound
                long = EncodedData.next(bytes, position)
                longStart = long?.lowerBound ?? Int.max
                continue
            }
            if let found = find(bytes, position, from: edits.end) {
                edits.replace(found.range, with: found.text)
                position = max(found.range.upperBound, position + 1)
                guard longStart < position else { continue }
                long = EncodedData.next(bytes, position)
                longStart = long?.lowerBound ?? Int.max
            } else {
                position += 1
            }
        }
        return edits.isEmpty ? text : edits.applied(to: bytes)
    }

    /// What stands for so many bytes.
    static func mark(_ count: Int) -> String { "[… \(count) bytes]" }

    /// What is to be replaced around the byte there.
    private static func find(_ text: Span<UInt8>, _ position: Int, from: Int) -> (range: Range<Int>, text: String)? {
        switch text[position] {
        case UInt8(ascii: "."): DocumentName.find(text, position, from: from)
        case UInt8(ascii: ":"): EncodedData.dataURL(text, position) ?? Content.key(text, position)
        case UInt8(ascii: "="): Content.argument(text, position)
        default: nil
        }
    }

    // MARK: Fields of JSON lines

    /// Whether a field of this name holds content.
    static func isContent(_ name: String) -> Bool { Content.isKey(name.utf8.span, 0..<name.utf8.count) }

    static func hidden(_ value: JSONObject.Value) -> Record.Value {
        switch value {
        case .text(let text), .structure(let text): .text(mark(text.utf8.count))
        case .integer(let integer): .integer(integer)
        case .number(let number): .number(number)
        case .flag(let flag): .flag(flag)
        case .null: .text("")
        }
    }
}

/// Lines in which an engine tells a whole request or answer: the id stays, and nothing else.
enum RequestLine {
    static func masked(_ text: Span<UInt8>) -> String? {
        guard let first = text.byte(0) else { return nil }
        let start: Int
        switch first {
        case UInt8(ascii: "R"):
            if text.has("Received request ", at: 0) {
                start = 17
            } else if text.has("Request ", at: 0), text.first(" details: ") != nil {
                start = 8
            } else if text.has("Receive: ", at: 0) {
                // SGLang
                return text.text(0..<9) + Privacy.mark(text.count - 9)
            } else {
                return nil
            }
        case UInt8(ascii: "G"):
            guard text.has("Generated response ", at: 0) else { return nil }
            start = 19
        case UInt8(ascii: "F"):
            guard text.has("Finish: ", at: 0) else { return nil }
            return text.text(0..<8) + Privacy.mark(text.count - 8)
        default: return nil
        }
        // The id, and what stands behind it: ` (streaming delta)`, ` details`.
        let end = text.skip(from: start) {
            $0.isIdentifier
                || [UInt8(ascii: "-"), UInt8(ascii: " "), UInt8(ascii: "("), UInt8(ascii: ")")].contains($0)
        }
        guard end > start, end - start <= 160, text.has(": ", at: end) else {
            return text.text(0..<start) + Privacy.mark(text.count - start)
        }
        return text.text(0..<(end + 2)) + Privacy.mark(text.count - end - 2)
    }
}
