/// The repetition with which a text ends, found in time and memory that grow with the text's length alone.
struct RepetitionPeriod: Sendable, Equatable {
    /// Scalars from the first that belongs to the repetition to the end of the text; the first unit may be a rotation of
    /// what a reader would call one, and the last may be cut.
    var length: Int
    /// Scalars of the shortest unit.
    var period: Int

    /// The longest ending that is a repetition and is accepted.
    ///
    /// - Parameter isAccepted: given every ending, from the longest to the shortest, with its shortest period.
    static func ofEnding(
        in scalars: ArraySlice<Unicode.Scalar>, where isAccepted: (RepetitionPeriod) -> Bool
    ) -> RepetitionPeriod? {
        let borders = borders(ofEndingsIn: scalars)
        for length in stride(from: borders.count, to: 0, by: -1) {
            let candidate = RepetitionPeriod(length: length, period: length - Int(borders[length - 1]))
            if isAccepted(candidate) { return candidate }
        }
        return nil
    }

    /// For each ending, by length from 1 on, the length of its longest proper border (a text that it both begins and ends
    /// with): what remains is its shortest period. The failure function of Knuth, Morris and Pratt, read from the end.
    private static func borders(ofEndingsIn scalars: ArraySlice<Unicode.Scalar>) -> [Int32] {
        var borders = [Int32](repeating: 0, count: scalars.count)
        scalars.withUnsafeBufferPointer { text in
            let last = text.count - 1
            var border = 0
            for index in text.indices.dropFirst() {
                while border > 0, text[last - index] != text[last - border] { border = Int(borders[border - 1]) }
                if text[last - index] == text[last - border] { border += 1 }
                borders[index] = Int32(border)
            }
        }
        return borders
    }
}

extension Sequence<Unicode.Scalar> {
    /// Nothing but punctuation, lines and space, of which honest pages have long rows: dotted leaders of tables of contents,
    /// rules, blanks to be filled in.
    var isOrnament: Bool {
        allSatisfy { !($0.properties.isAlphabetic || $0.properties.numericType != nil) }
    }
}
