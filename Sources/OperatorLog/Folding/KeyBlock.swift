/// A private key in PEM form (RFC 7468), one line of it after another: nothing of it is kept.
struct KeyBlock: LineFold {
    let message: String
    let level: Record.Level
    var fields: [Record.Field] { [] }

    /// - Returns: nil when the line begins none, or holds all of it (``Redaction`` masks that).
    init?(_ line: Span<UInt8>, _ head: LineHead) {
        guard let begin = line.first("-----BEGIN ", from: head.body),
            let name = line.first("PRIVATE KEY", from: begin), name < begin + 40,
            line.first("-----END ", from: name) == nil
        else { return nil }
        message = Privacy.apply(line.text(head.body..<begin)) + "-----BEGIN PRIVATE KEY-----***"
        level = head.level ?? .info
    }

    mutating func offer(_ line: Span<UInt8>, _ text: Int, _ relation: FoldRelation) -> FoldVerdict {
        guard relation != .other else { return .passed }
        if line.first("-----END ", from: text) != nil { return .takenLast }
        let range = line.trimmed(text..<line.count)
        let end = line.skip(from: range.lowerBound) {
            $0.isAlphanumeric
                || [UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "-")].contains($0)
        }
        let isHeader = line.has("Proc-Type: ", at: text) || line.has("DEK-Info: ", at: text)
        return end >= range.upperBound || isHeader ? .taken : .ended
    }
}
