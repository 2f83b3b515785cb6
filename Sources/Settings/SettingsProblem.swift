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
