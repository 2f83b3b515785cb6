/// One thing that is wrong with the settings, and where.
package struct SettingsProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file, or the name of an environment variable.
    package var file: String
    package var isVariable = false
    package var line: Int?
    /// In characters, from 1.
    package var column: Int?
    package var message: String
    /// The line itself and how many of its characters are meant; nil where there is none, or it may hold a secret.
    package var excerpt: Excerpt?

    package struct Excerpt: Sendable, Equatable {
        package var text: String
        package var length: Int
    }

    package init(file: String, line: Int?, column: Int? = nil, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    package init(variable: String, message: String) {
        self.init(file: variable, line: nil, message: message)
        isVariable = true
    }

    package var description: String {
        let place = line.map { ":\($0)" + (column.map { ":\($0)" } ?? "") } ?? ""
        return "\(file)\(place): \(message)"
    }

    /// With the line that is meant and a caret below it, as compilers do.
    package var illustrated: String {
        guard let excerpt, let line, let column else { return description }
        // Long lines are shown around what is meant; tabs are one blank, so that the caret stands where it should.
        let line80 = Self.window(Array(excerpt.text.unicodeScalars), around: column - 1, excerpt.length)
        let number = String(line)
        let margin = String(repeating: " ", count: number.count)
        return """
            \(description)
              \(number) | \(line80.text)
              \(margin) | \(String(repeating: " ", count: line80.indent))\(String(repeating: "^", count: line80.length))
            """
    }

    private static func window(
        _ scalars: [Unicode.Scalar], around column: Int, _ length: Int
    ) -> (text: String, indent: Int, length: Int) {
        let width = 100
        let begin = column + min(length, 40) <= width ? 0 : column - 40
        var text = begin > 0 ? "…" : ""
        for scalar in scalars.dropFirst(begin).prefix(width) {
            text.unicodeScalars.append(
                scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
                    ? " " : scalar)
        }
        if scalars.count > begin + width { text += "…" }
        let indent = column - begin + (begin > 0 ? 1 : 0)
        return (text, indent, max(1, min(length, width - (column - begin))))
    }
}

/// All that is wrong with the settings: never one at a time.
package struct SettingsError: Error, Sendable, CustomStringConvertible {
    package var problems: [SettingsProblem]

    package init(problems: [SettingsProblem]) { self.problems = problems }

    /// Nobody reads more, and a log line has an end.
    private static let most = 50

    package var description: String { text(\.description) }

    package var illustrated: String { text(\.illustrated) }

    private func text(_ one: (SettingsProblem) -> String) -> String {
        let rest = problems.count - Self.most
        return (problems.prefix(Self.most).map(one) + (rest > 0 ? ["… and \(rest) more"] : [])).joined(separator: "\n")
    }
}

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
    static func hint(_ word: String, among candidates: [String], otherwise: String = "known are ") -> String {
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
