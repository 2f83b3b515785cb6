/// A pattern for files of a model, as in a `.gitignore`: `*` is any text within a component, `?` one character of it; a
/// pattern without `/` means the file's own name, in whatever folder it lies; one with a `/` means the whole path.
package struct FilePattern: Sendable, Equatable {
    package var text: String

    package init(_ text: String) { self.text = text }

    package func matches(_ path: String) -> Bool {
        let pattern = Array(text.utf8)
        let subject =
            pattern.contains(UInt8(ascii: "/"))
            ? Array(path.utf8) : Array(path.utf8.suffix(while: { $0 != UInt8(ascii: "/") }))
        return Self.matches(pattern, subject)
    }

    /// In the product of both lengths at most: only the last `*` is ever gone back to.
    private static func matches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
        var (at, read) = (0, 0)
        var star: (at: Int, read: Int)?
        while read < text.count {
            if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                star = (at, read)
                at += 1
            } else if at < pattern.count,
                pattern[at] == text[read] || pattern[at] == UInt8(ascii: "?") && text[read] != UInt8(ascii: "/")
            {
                at += 1
                read += 1
            } else if let last = star, text[last.read] != UInt8(ascii: "/") {
                star = (last.at, last.read + 1)
                at = last.at + 1
                read = last.read + 1
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

extension Collection where Element == UInt8, Self: BidirectionalCollection {
    /// The longest end of which every byte fits.
    fileprivate func suffix(while fits: (UInt8) -> Bool) -> SubSequence {
        var start = endIndex
        while start > startIndex, fits(self[index(before: start)]) { start = index(before: start) }
        return self[start...]
    }
}
