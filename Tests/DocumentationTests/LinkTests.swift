import Foundation
import TestSupport
import Testing

/// Links of README.md and docs/ lead somewhere.
@Suite struct LinkTests {
    private struct Link {
        var page: String
        var target: String
    }

    private static func links() throws -> [Link] {
        try DocumentedCommands.pages().flatMap { page in
            try prose(of: page).flatMap { line in
                line.matches(of: /\]\(([^)\s]+)\)/).map { Link(page: page, target: String($0.1)) }
            }
        }
    }

    /// Its lines without blocks of code.
    private static func prose(of page: String) throws -> [Substring] {
        var isCode = false
        return try RepositoryFile.text(page).split(separator: "\n", omittingEmptySubsequences: false).filter { line in
            if line.hasPrefix("```") { isCode.toggle() }
            return !isCode && !line.hasPrefix("    ")
        }
    }

    /// What headings are called in links: lower case, without punctuation, spaces as dashes.
    private static func anchors(of page: String) throws -> Set<String> {
        var seen: [String: Int] = [:]
        let anchors = try prose(of: page).filter { $0.hasPrefix("#") && $0.drop { $0 == "#" }.hasPrefix(" ") }.map {
            line in
            let heading = line.drop { $0 == "#" }.dropFirst()
            let name = String(
                heading.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }.map {
                    $0 == " " ? "-" : $0
                })
            seen[name, default: 0] += 1
            return seen[name] == 1 ? name : "\(name)-\((seen[name] ?? 1) - 1)"
        }
        return Set(anchors)
    }

    @Test func linksLeadSomewhere() throws {
        let links = try Self.links()
        #expect(links.count > 50)
        for link in links where !link.target.hasPrefix("https://") && !link.target.hasPrefix("http://") {
            let parts = link.target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let folder = URL(fileURLWithPath: "/" + link.page).deletingLastPathComponent()
            let file =
                parts[0].isEmpty
                ? link.page : String(folder.appendingPathComponent(String(parts[0])).standardized.path.dropFirst())
            let isThere = FileManager.default.fileExists(atPath: RepositoryFile.path(file))
            #expect(isThere, "\(link.page): \(link.target)")
            if isThere, parts.count == 2, file.hasSuffix(".md") {
                #expect(try Self.anchors(of: file).contains(String(parts[1])), "\(link.page): \(link.target)")
            }
        }
    }

    /// Nobody has to know where a page lies.
    @Test func theIndexNamesEveryPage() throws {
        let named = Set(try Self.links().filter { $0.page == "docs/README.md" }.map(\.target))
        for page in try DocumentedCommands.pages() where !["README.md", "docs/README.md"].contains(page) {
            #expect(named.contains(String(page.dropFirst("docs/".count))), "docs/README.md does not name \(page)")
        }
    }

    @Test func theREADMEIsReadInFiveMinutes() throws {
        #expect(
            try RepositoryFile.text("README.md").split(separator: "\n", omittingEmptySubsequences: false).count < 200)
    }
}
