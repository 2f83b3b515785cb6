import Foundation

/// What `docs/reference/metrics.md` says there is at `/metrics`.
package struct DocumentedMetrics: Sendable {
    /// Types by names.
    package let types: [String: String]
    /// Label names by names.
    package let labels: [String: Set<String>]

    package enum Section: String, Sendable, CaseIterable {
        case container = "## The container"
        case api = "## The API"
    }

    package init(_ sections: [Section] = Section.allCases) throws {
        var types: [String: String] = [:]
        var labels: [String: Set<String>] = [:]
        var isWanted = false
        for line in try RepositoryFile.text("docs/reference/metrics.md").split(separator: "\n") {
            if line.hasPrefix("## ") { isWanted = sections.contains { $0.rawValue == line } }
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            guard isWanted, cells.count >= 5, cells[1].hasPrefix("`") else { continue }
            let name = cells[1].filter { $0 != "`" }
            types[name] = cells[2]
            labels[name] = Set(
                cells[3].filter { $0 != "`" && $0 != " " }.split(separator: ",").map(String.init))
        }
        self.types = types
        self.labels = labels
    }
}

/// What of a text in Prometheus' format its describing lines say.
package struct ExposedMetrics: Sendable {
    /// Types by names.
    package private(set) var types: [String: String] = [:]
    /// Names with a help text.
    package private(set) var helped: Set<String> = []
    /// Label names that samples have, by the name of the family; `le` is left out.
    package private(set) var labels: [String: Set<String>] = [:]

    package init(_ text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3)
            if line.hasPrefix("# TYPE "), words.count == 4 {
                types[String(words[2])] = String(words[3])
            } else if line.hasPrefix("# HELP "), words.count == 4 {
                helped.insert(String(words[2]))
            } else if !line.hasPrefix("#") {
                read(sample: line)
            }
        }
    }

    private mutating func read(sample line: Substring) {
        let name = String(line.prefix { $0 != "{" && $0 != " " })
        let family =
            types[name] != nil
            ? name : ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) }.map { String(name.dropLast($0.count)) }
        guard let family, let open = line.firstIndex(of: "{"), let close = line.lastIndex(of: "}") else { return }
        // Good enough for our own labels, whose values hold no quotation marks.
        for label in line[line.index(after: open)..<close].split(separator: "\"").enumerated()
        where label.offset % 2 == 0 {
            let word = label.element.filter { $0 != "," && $0 != "=" }
            if !word.isEmpty, word != "le" { labels[family, default: []].insert(String(word)) }
        }
    }
}
