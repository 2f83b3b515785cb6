/// Finds the word somebody meant.
package enum NearestWord {
    /// - Returns: the candidate with the fewest edits, if it takes no more than a third of its length (and one at least).
    package static func find(_ word: String, among candidates: some Sequence<String>) -> String? {
        // The effort is the product of the lengths.
        guard word.utf8.count <= 64 else { return nil }
        let lower = word.lowercased()
        // Another case, or a word cut short, is nearer than any edit.
        func effort(_ candidate: String) -> Int {
            if candidate.lowercased() == lower || lower.count > 2 && candidate.hasPrefix(lower) { return 0 }
            return distance(word, candidate)
        }
        return candidates.map { ($0, effort($0)) }
            .filter { $0.1 <= max(1, $0.0.count / 3) }
            .min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
    }

    /// The end of a sentence: which one it probably was, or which there are.
    package static func hint(_ word: String, among candidates: [String], otherwise: String = "known are ") -> String {
        find(word, among: candidates).map { "did you mean `\($0)`?" }
            ?? "\(otherwise)\(candidates.sorted().joined(separator: ", "))"
    }

    /// Levenshtein's distance, with a swap of neighbours as one edit.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left), right = Array(right)
        var before: [Int] = []
        var row = Array(0...right.count)
        for i in left.indices {
            var next = [i + 1]
            for j in right.indices {
                var best = min(row[j + 1], next[j]) + 1
                best = min(best, row[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    best = min(best, before[j - 1] + 1)
                }
                next.append(best)
            }
            (before, row) = (row, next)
        }
        return row[right.count]
    }
}
