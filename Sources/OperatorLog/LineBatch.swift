/// Records as they are written, one behind the other in one piece of memory.
package struct LineBatch: Sendable {
    package private(set) var bytes: [UInt8] = []
    /// Where each line ends, its line end included.
    package private(set) var ends: [Int] = []

    package init() {}

    package var isEmpty: Bool { ends.isEmpty }

    package mutating func append(_ record: Record, as format: RecordFormat, color: Bool = false) {
        format.append(record, to: &bytes, color: color)
        ends.append(bytes.count)
    }

    /// - Parameter line: with its line end.
    package mutating func append(_ line: String) {
        bytes.append(contentsOf: line.utf8)
        ends.append(bytes.count)
    }

    /// One line, as positions in ``bytes``.
    subscript(index: Int) -> Range<Int> { (index > 0 ? ends[index - 1] : 0)..<ends[index] }

    /// The same without its line end, as text.
    func text(_ index: Int) -> String {
        let line = self[index]
        let end = bytes[line].last == 0x0A ? line.upperBound - 1 : line.upperBound
        return String(decoding: bytes[line.lowerBound..<end], as: UTF8.self)
    }
}
