/// Sees, while a text grows, that it repeats itself without end, so that nobody need wait for its limit. Pure.
///
/// More is asked for than ``Repetition`` asks of a text that has ended: the text might still come to its senses. It must end
/// with one unit at least 8 times, over at least 2,000 Unicode scalars, or 8,000 of a table. Each scalar is looked at some
/// twenty times, however long the text becomes.
package struct RepetitionWatch: Sendable, Equatable {
    /// Scalars that the repetition must cover.
    private let threshold: Int
    /// The end of the text.
    private var end: [Unicode.Scalar] = []
    private var untilNextLook: Int
    private var hasSeen = false

    private static let times = 8

    /// - Parameter isTable: whose empty cells and equal rows are many.
    package init(isTable: Bool = false) {
        threshold = isTable ? 8000 : 2000
        untilNextLook = threshold
    }

    /// How much of the end is looked at: room for a unit of half the threshold.
    private var window: Int { Self.times / 2 * threshold }

    /// Takes the next piece of the text.
    ///
    /// - Returns: whether the text repeats itself; it stays so.
    package mutating func take(_ piece: String) -> Bool {
        for scalar in piece.unicodeScalars {
            end.append(scalar)
            untilNextLook -= 1
            if untilNextLook == 0, !hasSeen { look() }
        }
        return hasSeen
    }

    private mutating func look() {
        if end.count > window { end.removeFirst(end.count - window) }
        untilNextLook = threshold / 4
        hasSeen =
            RepetitionPeriod.ofEnding(in: end[...]) {
                $0.length >= threshold && $0.length >= Self.times * $0.period
            } != nil
    }
}
