import Foundation

/// A real book that we did not write, in several languages: Debian's package debmake-doc.
package enum Book {
    package static func path(_ language: String) -> String { "/usr/share/doc/debmake-doc/debmake-doc.\(language).pdf" }

    package struct Missing: Error, CustomStringConvertible {
        package var description: String
    }

    /// Pages (from 1) as a document of their own.
    package static func pages(_ language: String, _ numbers: some Sequence<Int>, in folder: TestFolder) throws -> String
    {
        let name = "\(folder.path)/\(language)-\(numbers.map(String.init).joined(separator: "-"))"
        let parts = numbers.map { "\(name)-page-\($0).pdf" }
        for (number, part) in zip(numbers, parts) {
            let separate = try Shell.run(
                "pdfseparate", ["-f", String(number), "-l", String(number), path(language), part])
            guard separate.status == 0 else { throw Missing(description: "pdfseparate: \(separate.errors)") }
        }
        let unite = try Shell.run("pdfunite", parts + ["\(name).pdf"])
        guard unite.status == 0 else { throw Missing(description: "pdfunite: \(unite.errors)") }
        return "\(name).pdf"
    }

    /// The text of one page (from 1) of a document.
    package static func text(of document: String, page: Int) throws -> String {
        try Shell.run("pdftotext", ["-f", String(page), "-l", String(page), document, "-"]).output
    }
}
