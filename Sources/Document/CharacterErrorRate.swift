/// How far a recognised text is from the true one.
package enum CharacterErrorRate {
    /// The Levenshtein distance over Unicode scalars, divided by the reference's length.
    ///
    /// 0 is perfect; above 1 when more was made up than there is to read. An empty reference gives 0 for an empty
    /// text and 1 for any other. Time grows with the product of the lengths (a page is some ten milliseconds), memory
    /// with the shorter one.
    ///
    /// - Parameter foldingWhitespace: every run of white space counts as one space, at the ends as none: engines and
    ///   extractors break lines differently.
    package static func between(
        recognised: String, reference: String, foldingWhitespace: Bool = true
    ) -> Double {
        let recognised = scalars(of: recognised, foldingWhitespace)
        let reference = scalars(of: reference, foldingWhitespace)
        guard !reference.isEmpty else { return recognised.isEmpty ? 0 : 1 }
        return Double(distance(recognised, reference)) / Double(reference.count)
    }

    private static func scalars(of text: String, _ foldingWhitespace: Bool) -> [UInt32] {
        guard foldingWhitespace else { return text.unicodeScalars.map(\.value) }
        let words = text.unicodeScalars.split { $0.properties.isWhitespace }
        return Array(words.map { $0.map(\.value) }.joined(separator: [0x20]))
    }

    /// The fewest insertions, deletions and substitutions, by the usual table, of which one row is kept.
    private static func distance(_ one: [UInt32], _ other: [UInt32]) -> Int {
        let (short, long) = one.count <= other.count ? (one, other) : (other, one)
        guard !short.isEmpty else { return long.count }
        var row = Array(0...short.count)
        for (index, scalar) in long.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in 1...short.count {
                let substituted = diagonal + (short[column - 1] == scalar ? 0 : 1)
                diagonal = row[column]
                row[column] = min(substituted, min(row[column - 1], diagonal) + 1)
            }
        }
        return row[short.count]
    }
}
