/// The last lines of something, in bounded memory.
package struct LogTail: Sendable {
    private var kept: [String] = []
    private var bytes = 0
    private let mostLines: Int
    private let mostBytes: Int

    /// - Parameters:
    ///   - lines: most lines that are kept.
    ///   - bytes: most bytes that are kept; the last line is, however long it is.
    package init(lines: Int = 400, bytes: Int = 128 * 1024) {
        mostLines = lines
        mostBytes = bytes
    }

    /// Oldest first.
    package var lines: [String] { kept.suffix(mostLines) }

    package mutating func append(_ line: String) {
        kept.append(line)
        bytes += line.utf8.count
        // Cut rarely and by half, since removing the first of many moves all the others.
        guard kept.count >= mostLines * 2 || bytes > mostBytes else { return }
        var rest = kept.suffix(mostLines)
        bytes = rest.reduce(0) { $0 + $1.utf8.count }
        while bytes > mostBytes / 2, rest.count > 1 { bytes -= rest.removeFirst().utf8.count }
        kept = Array(rest)
    }
}
