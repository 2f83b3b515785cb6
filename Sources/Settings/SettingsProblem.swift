/// One thing that is wrong with the settings, and where.
package struct SettingsProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file, or the name of an environment variable.
    package var file: String
    package var line: Int?
    package var message: String

    package init(file: String, line: Int?, message: String) {
        self.file = file
        self.line = line
        self.message = message
    }

    package var description: String { "\(file)\(line.map { ":\($0)" } ?? ""): \(message)" }
}

/// All that is wrong with the settings: never one at a time.
package struct SettingsError: Error, Sendable, CustomStringConvertible {
    package var problems: [SettingsProblem]

    package init(problems: [SettingsProblem]) { self.problems = problems }

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Finds the word somebody meant.
enum NearestWord {
    /// - Returns: the candidate with the fewest edits, if it takes no more than a third of its length (and one at least).
    static func find(_ word: String, among candidates: some Sequence<String>) -> String? {
        candidates.map { ($0, distance(word, $0)) }
            .filter { $0.1 <= max(1, $0.0.count / 3) }
            .min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
    }

    /// Levenshtein's distance.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left), right = Array(right)
        var row = Array(0...right.count)
        for i in left.indices {
            var diagonal = row[0]
            row[0] = i + 1
            for j in right.indices {
                let substitution = diagonal + (left[i] == right[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}

/// Where in a TOML text each key stands; the parser tells it only of errors.
struct KeyLines {
    private var lines: [String: Int] = [:]

    /// Reads table headers and `key =` at the beginning of lines. A key inside an inline table has its table's line.
    init(_ text: String) {
        var table = ""
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let trimmed = line.drop { $0 == " " || $0 == "\t" }
            if trimmed.first == "[" {
                let name = trimmed.drop { $0 == "[" }.prefix { $0 != "]" }
                table = Self.plain(name)
                lines[table] = lines[table] ?? index + 1
            } else if let equals = trimmed.firstIndex(of: "="), trimmed.first != "#" {
                let key = Self.plain(trimmed[..<equals])
                let path = table.isEmpty ? key : "\(table).\(key)"
                lines[path] = lines[path] ?? index + 1
            }
        }
    }

    /// The line of the key, or of the nearest table around it.
    func line(of path: String) -> Int? {
        var parts = path.split(separator: ".")
        while !parts.isEmpty {
            if let line = lines[parts.joined(separator: ".")] { return line }
            parts.removeLast()
        }
        return nil
    }

    private static func plain(_ key: some StringProtocol) -> String {
        key.split(separator: ".").map { part in
            String(part.filter { $0 != "\"" && $0 != "'" && $0 != " " && $0 != "\t" })
        }.joined(separator: ".")
    }
}
