import Glibc

/// Cuts a stream of bytes into lines that are safe to show, in bounded memory.
///
/// A carriage return ends a line too, as progress bars use it; empty lines are left out. Of a line longer than the limit the
/// beginning is kept, with a mark that counts the bytes that were thrown away: `… (9000 bytes cut)`. Such a line comes when
/// it ends, as any other. One that goes on beyond a MiB more is told twice: once then, so that one sees it while it lasts,
/// and once when it ends, with its count. Where chunks of the stream end changes nothing.
package struct LineSplitter: Sendable {
    /// The beginning of the line that has not ended yet.
    private var line: [UInt8] = []
    /// Bytes of it beyond the limit.
    private var cut = 0
    private let limit: Int

    private static let endless = 1 << 20

    /// - Parameter limit: longest line that is kept, in bytes. What is made visible takes up to four times as many.
    package init(limit: Int = 8192) { self.limit = limit }

    package mutating func feed(_ bytes: some Sequence<UInt8>) -> [String] {
        if let lines = bytes.withContiguousStorageIfAvailable({ feed($0) }) { return lines }
        return Array(bytes).withUnsafeBufferPointer { feed($0) }
    }

    package mutating func feed(_ chunk: UnsafeBufferPointer<UInt8>) -> [String] {
        var lines: [String] = []
        guard let base = chunk.baseAddress else { return lines }
        var start = 0
        // Each is looked for once, however many of the other stand in front of it.
        var lineFeed = Self.find(0x0A, base, 0, chunk.count)
        var carriageReturn = Self.find(0x0D, base, 0, chunk.count)
        while start < chunk.count {
            let end = min(lineFeed, carriageReturn)
            let piece = UnsafeBufferPointer(start: base + start, count: end - start)
            if end == chunk.count {
                keep(piece, &lines)
                break
            }
            if line.isEmpty, piece.count <= limit {
                if !piece.isEmpty { lines.append(VisibleText.make(piece.span)) }
            } else {
                keep(piece, &lines)
                if let text = take() { lines.append(text) }
            }
            start = end + 1
            if lineFeed < start { lineFeed = Self.find(0x0A, base, start, chunk.count) }
            if carriageReturn < start { carriageReturn = Self.find(0x0D, base, start, chunk.count) }
        }
        return lines
    }

    /// What has come since the last line end. A progress bar that begins each drawing with a carriage return stands here
    /// until the next one.
    package var pending: String? { line.isEmpty ? nil : VisibleText.make(line.span) }

    /// What came after the last line end; for the end of the stream.
    package mutating func finish() -> String? { take() }

    private static func find(_ byte: Int32, _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
        guard start < end, let hit = memchr(base + start, byte, end - start) else { return end }
        return UnsafeRawPointer(hit) - UnsafeRawPointer(base)
    }

    private mutating func keep(_ piece: UnsafeBufferPointer<UInt8>, _ lines: inout [String]) {
        let room = min(limit - line.count, piece.count)
        line.append(contentsOf: UnsafeBufferPointer(rebasing: piece.prefix(room)))
        guard piece.count > room else { return }
        let before = cut
        cut += piece.count - room
        guard before <= Self.endless, cut > Self.endless else { return }
        lines.append(head().text + "… (a line that goes on: more than \(Self.endless) bytes cut so far)")
    }

    /// What is kept of the line, and how many of its bytes that leaves out.
    private func head() -> (text: String, cut: Int) {
        guard cut > 0 else { return (VisibleText.make(line.span), 0) }
        // Back to where a character begins; one that is whole, or no UTF-8 at all, stays.
        var end = line.count
        while end > max(0, line.count - 3), line[end - 1] & 0xC0 == 0x80 { end -= 1 }
        if end > 0, line[end - 1] >= 0xC0, line.count - end + 1 < Self.length(line[end - 1]) {
            end -= 1
        } else {
            end = line.count
        }
        return (VisibleText.make(line.span.extracting(first: end)), cut + line.count - end)
    }

    /// Bytes of a character that begins so (RFC 3629 §3).
    private static func length(_ first: UInt8) -> Int { first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4 }

    private mutating func take() -> String? {
        guard !line.isEmpty else { return nil }
        let (text, cut) = head()
        line.removeAll(keepingCapacity: true)
        self.cut = 0
        return cut > 0 ? text + "… (\(cut) bytes cut)" : text
    }
}
