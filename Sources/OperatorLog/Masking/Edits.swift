/// Pieces of a text that are to be replaced, in order.
struct Edits {
    private var pieces: [(range: Range<Int>, text: String)] = []
    /// Where the last piece ends: the next one begins there or later.
    private(set) var end = 0

    var isEmpty: Bool { pieces.isEmpty }

    /// - Parameter range: what of it is replaced already is left out.
    mutating func replace(_ range: Range<Int>, with text: String) {
        let start = max(range.lowerBound, end)
        guard range.upperBound > start else { return }
        pieces.append((start..<range.upperBound, text))
        end = range.upperBound
    }

    func applied(to text: Span<UInt8>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var position = 0
        for (range, replacement) in pieces {
            text.append(position..<range.lowerBound, to: &bytes)
            bytes.append(contentsOf: replacement.utf8)
            position = range.upperBound
        }
        text.append(position..<text.count, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
