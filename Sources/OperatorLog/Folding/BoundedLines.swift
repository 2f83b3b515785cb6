/// Lines of something long: the first and the last of them, and how many are missing in between.
struct BoundedLines: Sendable {
    private var head: [String] = []
    private var tail: [String] = []
    private var headBytes = 0
    private var tailBytes = 0
    private var missing = 0

    /// In bytes. The end tells more than the beginning; both together stay below what container runtimes take as one line.
    private static let mostHead = 3072
    private static let mostTail = 6144
    private static let longestLine = 400

    var isEmpty: Bool { head.isEmpty }

    mutating func append(_ line: String) {
        let line = line.cut(to: Self.longestLine)
        let size = line.utf8.count + 1
        if tail.isEmpty, headBytes + size <= Self.mostHead {
            head.append(line)
            headBytes += size
            return
        }
        tail.append(line)
        tailBytes += size
        guard tailBytes > Self.mostTail else { return }
        // By a quarter, since removing the first of many moves all the others.
        let before = tail.count
        var drop = 0
        while tailBytes > Self.mostTail / 4 * 3, drop < before - 1 {
            tailBytes -= tail[drop].utf8.count + 1
            drop += 1
        }
        tail.removeFirst(drop)
        missing += drop
    }

    var last: String? { tail.last ?? head.last }

    var text: String {
        let mark = missing > 0 ? ["… \(missing) lines cut …"] : []
        return (head + mark + tail).joined(separator: "\n")
    }
}
