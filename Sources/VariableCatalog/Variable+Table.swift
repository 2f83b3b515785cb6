extension Variable {
    /// The rows of a Markdown table, as docs/reference/settings.md shows them; a test holds them to it.
    package static func table(_ variables: [Variable]) -> String {
        let rows = variables.map { variable in
            "| `\(variable.name)` | \(variable.key.map { "`\($0)`" } ?? "") | \(variable.defaultText) | \(variable.meaning) |"
        }
        return (["| variable | in the file | default | meaning |", "| --- | --- | --- | --- |"] + rows)
            .joined(separator: "\n")
    }

    private var defaultText: String {
        if let standard { return "`\(standard)`" }
        return otherwise ?? ""
    }

    /// What it may be, in Markdown; for a table of its own.
    package var values: String {
        switch kind {
        case .choice(let choices): choices.map { "`\($0)`" }.joined(separator: ", ")
        case .text: "text"
        case .folder: "folder"
        case .file: "file"
        case .address: "ADDRESS:PORT"
        case .url: "URL"
        case .engine: "name or URL"
        case .duration: "duration"
        case .number, .seconds, .flag, .port, .errorRate, .languages: kind.expected ?? ""
        }
    }
}
