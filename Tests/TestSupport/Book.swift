import Foundation

/// A real book that we did not write, in several languages: Debian's package debmake-doc.
package enum Book {
    package static func path(_ language: String) -> String { "/usr/share/doc/debmake-doc/debmake-doc.\(language).pdf" }

    package struct Missing: Error, CustomStringConvertible {
        package var description: String
    }

    /// Pages `first`…`last` (from 1) as a document of their own.
    package static func pages(_ language: String, _ first: Int, _ last: Int, in folder: TestFolder) throws -> String {
        let name = "\(folder.path)/\(language)-\(first)-\(last)"
        let separate = try Shell.run(
            "pdfseparate", ["-f", String(first), "-l", String(last), path(language), "\(name)-%d.pdf"])
        guard separate.status == 0 else { throw Missing(description: "pdfseparate: \(separate.errors)") }
        let parts = (first...last).map { "\(name)-\($0).pdf" }
        let unite = try Shell.run("pdfunite", parts + ["\(name).pdf"])
        guard unite.status == 0 else { throw Missing(description: "pdfunite: \(unite.errors)") }
        return "\(name).pdf"
    }

    /// The text of one page (from 1) of a document.
    package static func text(of document: String, page: Int) throws -> String {
        try Shell.run("pdftotext", ["-f", String(page), "-l", String(page), document, "-"]).output
    }
}
