import Foundation

/// A PDF of any number of text pages, each with a text of its own that is known beforehand, so that a page that is missing,
/// doubled or out of place is seen. Made without any program; large letters, so that Tesseract reads them without a mistake.
package struct NumberedDocument: Sendable, Hashable {
    /// Told apart from other documents by this number, which stands on every page.
    package var number: Int
    package var pages: Int
    /// Lines of words on each page, beside the one that says which page it is.
    package var lines: Int

    /// - Parameter lines: at most ``mostLines``.
    package init(_ number: Int, pages: Int, lines: Int = 3) {
        self.number = number
        self.pages = max(1, pages)
        self.lines = min(max(0, lines), Self.mostLines)
    }

    package static let mostLines = 20

    /// The lines of a page (from 1), as they stand on it.
    package func text(of page: Int) -> [String] {
        var random = Words(seed: UInt64(bitPattern: Int64(number)) &* 1_000_003 &+ UInt64(bitPattern: Int64(page)))
        let title = "Document \(number), page \(page) of \(pages)"
        return [title] + (0..<lines).map { _ in (0..<5).map { _ in random.next() }.joined(separator: " ") }
    }

    /// The whole file.
    package var bytes: [UInt8] {
        let height = 40 + 30 * (lines + 1)
        var file = PDFFile()
        file.add("<</Type/Catalog/Pages 2 0 R>>")
        let kids = (0..<pages).map { "\(4 + 2 * $0) 0 R" }.joined(separator: " ")
        file.add("<</Type/Pages/Count \(pages)/MediaBox[0 0 460 \(height)]/Kids[\(kids)]>>")
        file.add("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
        for page in 1...pages {
            let shown = text(of: page).map { "(\($0)) '" }.joined(separator: " ")
            let content = "BT /F 18 Tf 30 TL 20 \(height - 10) Td \(shown) ET"
            file.add(
                "<</Type/Page/Parent 2 0 R/Resources<</Font<</F 3 0 R>>>>/Contents \(5 + 2 * (page - 1)) 0 R>>")
            file.add("<</Length \(content.utf8.count)>>stream\n\(content)\nendstream")
        }
        return file.bytes
    }

    /// Writes the file into a folder and returns its path.
    package func write(in folder: TestFolder) throws -> String {
        let path = "\(folder.path)/\(number).pdf"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// Page numbers in the order in which their titles stand in a result's text.
    package func order(in text: String) -> [Int] {
        text.components(separatedBy: "Document \(number), page ").dropFirst().compactMap { rest in
            Int(rest.prefix { $0.isASCII && $0.isNumber })
        }
    }
}

/// The same words for the same seed, on every machine.
private struct Words {
    private static let words = [
        "river", "stroke", "harbour", "window", "garden", "letter", "summer", "bridge", "paper", "candle", "winter",
        "market", "village", "mountain", "kitchen", "morning", "orange", "pencil", "silver", "thunder", "valley",
        "weather", "yellow", "anchor", "basket", "copper", "dragon", "engine", "feather", "hammer", "island", "jacket",
    ]
    private var random: TestRandom

    init(seed: UInt64) { random = TestRandom(seed: seed) }

    mutating func next() -> String { Self.words[Int(random.next() % UInt64(Self.words.count))] }
}

/// A PDF put together object by object; the first is the catalogue.
private struct PDFFile {
    private var body = Array("%PDF-1.4\n".utf8)
    private var offsets: [Int] = []

    mutating func add(_ object: String) {
        offsets.append(body.count)
        body += "\(offsets.count) 0 obj\n\(object)\nendobj\n".utf8
    }

    var bytes: [UInt8] {
        var table = "xref\n0 \(offsets.count + 1)\n0000000000 65535 f \n"
        for offset in offsets {
            let digits = String(offset)
            table += String(repeating: "0", count: 10 - digits.count) + digits + " 00000 n \n"
        }
        table += "trailer\n<</Size \(offsets.count + 1)/Root 1 0 R>>\nstartxref\n\(body.count)\n%%EOF\n"
        return body + table.utf8
    }
}
