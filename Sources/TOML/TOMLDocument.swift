/// A TOML text that was read: its values, and where each stands.
package struct TOMLDocument {
    package var root: [String: TOMLValue] = [:]
    /// By the path of keys, joined by dots; `path[2]` is the third item of a list.
    package var places: [String: Place] = [:]
    /// What is no TOML; the rest was read in spite of it.
    package var mistakes: [Mistake] = []
    package private(set) var lines = TextLines([])

    /// Offsets in bytes.
    package struct Place: Sendable, Equatable {
        package var key: Range<Int>
        package var value: Range<Int>
    }

    package struct Mistake: Sendable, Equatable {
        package var place: Range<Int>
        package var message: String
    }

    /// Reads TOML 1.0. Never fails as a whole: after a mistake it goes on at the next line that begins something.
    package init(_ text: String) {
        let bytes = Array(text.utf8)
        lines = TextLines(bytes)
        var parser = TOMLParser(bytes)
        parser.parse()
        root = parser.root.values
        places = parser.places
        mistakes = parser.mistakes
    }
}

/// Turns offsets into lines and columns.
package struct TextLines: Sendable {
    private let bytes: [UInt8]
    /// Offset at which each line begins.
    private let starts: [Int]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var starts = [0]
        for (offset, byte) in bytes.enumerated() where byte == 0x0A { starts.append(offset + 1) }
        self.starts = starts
    }

    /// Both from 1; columns in characters as Unicode counts them (scalars).
    package func position(of offset: Int) -> (line: Int, column: Int) {
        let line = line(of: offset)
        return (line, scalars(starts[line - 1]..<min(offset, bytes.count)) + 1)
    }

    package func line(of offset: Int) -> Int {
        var (low, high) = (0, starts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        return low + 1
    }

    /// A line's text without its end; nil for one that nobody would read.
    package func text(ofLine line: Int) -> String? {
        guard starts.indices.contains(line - 1) else { return nil }
        var end = line < starts.count ? starts[line] - 1 : bytes.count
        if end > starts[line - 1], bytes[end - 1] == 0x0D { end -= 1 }
        guard end - starts[line - 1] <= 4096 else { return nil }
        return String(decoding: bytes[starts[line - 1]..<end], as: UTF8.self)
    }

    /// Length of a place in characters, as far as it lies on its first line.
    package func length(of place: Range<Int>) -> Int {
        let place = place.clamped(to: 0..<bytes.count)
        return max(1, scalars(place.lowerBound..<(bytes[place].firstIndex(of: 0x0A) ?? place.upperBound)))
    }

    private func scalars(_ range: Range<Int>) -> Int {
        range.isEmpty ? 0 : bytes[range].count { $0 & 0xC0 != 0x80 }
    }
}
