/// The endless repetition into which a model that writes text may fall, cut. Pure; time and memory grow with the length of
/// the text.
package enum Repetition {
    package enum Rule: String, Codable, Sendable, CaseIterable {
        /// The text was cut off while something repeated itself. The first to be applied: the others would leave of it what
        /// was cut in its middle.
        case tail
        /// A long line ends with a phrase over and over.
        case phrase
        /// The text is nothing but one unit over and over.
        case whole
        /// Most lines are the same.
        case lines
    }

    package struct Finding: Sendable, Equatable {
        /// The text without the repetition, of which the first time is kept.
        package var kept: String
        /// The first that applied.
        package var rule: Rule
    }

    /// Applies the rules for PaddleOCR-VL's answers, each to what the one before has left.
    ///
    /// Rows of dots, rules and blanks are no repetition below 1,000 characters.
    ///
    /// - Parameters:
    ///   - isTable: a table repeats itself by nature; only above 5,000 characters is it looked at, instead of 50.
    ///   - isCutOff: the text ended because of its length, or because a ``RepetitionWatch`` ended it.
    /// - Returns: nil for a text in which nothing is wrong.
    package static func find(in text: String, isTable: Bool = false, isCutOff: Bool = false) -> Finding? {
        // Every scalar is a byte at least.
        let limit = isTable ? 5000 : 50
        guard text.utf8.count > limit else { return nil }
        var kept = Array(text.unicodeScalars)
        guard kept.count > limit else { return nil }
        var rule: Rule?
        for next in Rule.allCases {
            let cut: [Unicode.Scalar]? =
                switch next {
                case .phrase: RepetitionRules.phrase(kept)
                case .whole: RepetitionRules.whole(kept)
                case .lines: RepetitionRules.lines(kept)
                case .tail: isCutOff ? RepetitionRules.tail(kept, isTable: isTable) : nil
                }
            guard let cut else { continue }
            kept = cut
            rule = rule ?? next
        }
        return rule.map { Finding(kept: String(String.UnicodeScalarView(kept)), rule: $0) }
    }
}
