/// Pages put together to one Markdown document.
package enum Markdown {
    /// The pages in the given order, each a block of its own.
    ///
    /// - Before each page but the first stands `<!-- page N -->`: invisible when rendered, and a reader can still find
    ///   the page. A thematic break would be taken for one that the document has.
    /// - A failed page leaves a visible note in its place, so that a gap is never mistaken for the document's end:
    ///   `> Page 7 could not be read: reason`.
    /// - A degraded page has its text, after `> Page 7 may be incomplete: reason`.
    /// - Blocks are separated by exactly one blank line; a document that is not empty ends with one line feed.
    package static func assemble(_ pages: [Page]) -> String {
        var assembly = Assembly()
        return pages.reduce(into: "") { $0 += assembly.append($1) } + assembly.end
    }

    /// Puts a document together page by page, so that a long one is never in memory as a whole.
    package struct Assembly: Sendable {
        private var hasPage = false
        private var hasText = false

        package init() {}

        /// What the next page adds to the text.
        package mutating func append(_ page: Page) -> String {
            var blocks: [String] = []
            if hasPage { blocks.append("<!-- page \(page.number) -->") }
            hasPage = true
            if let note = Markdown.note(on: page) { blocks.append(note) }
            let text = page.outcome == .failed ? "" : Markdown.normalise(page.text)
            if !text.isEmpty { blocks.append(text) }
            guard !blocks.isEmpty else { return "" }
            defer { hasText = true }
            return (hasText ? "\n\n" : "") + blocks.joined(separator: "\n\n")
        }

        /// What follows the last page.
        package var end: String { hasText ? "\n" : "" }
    }

    /// What an engine wrote, as clean text:
    /// - CRLF, CR and form feeds become line feeds (a form feed ends a page in Tesseract's output);
    /// - other control characters (C0 but tab, DEL, C1) and byte order marks go;
    /// - spaces and tabs at the ends of lines go, which costs Markdown's two-space line break: recognised text never
    ///   means one;
    /// - at most one blank line stands between blocks, none at either end.
    package static func normalise(_ text: String) -> String {
        isNormal(text) ? text : rewrite(text)
    }

    /// Nothing is to be done, as for most pages: one look at the bytes tells. False where a longer look is needed.
    private static func isNormal(_ text: String) -> Bool {
        var last = UInt8(ascii: "\n")
        var beforeLast = UInt8(ascii: "\n")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\n"):
                // At the beginning, after white space, or a second blank line.
                if last == UInt8(ascii: " ") || (last == byte && beforeLast == byte) { return false }
            // Other control characters, those of C1 behind a C2; and EF BB BF, the byte order mark.
            case ..<0x20, 0x7F: return false
            case 0x80...0x9F where last == 0xC2: return false
            case 0xBF where last == 0xBB && beforeLast == 0xEF: return false
            default: break
            }
            (beforeLast, last) = (last, byte)
        }
        return text.isEmpty || (last != UInt8(ascii: "\n") && last != UInt8(ascii: " "))
    }

    /// Byte by byte: scalar by scalar takes ten times as long, and a long document has megabytes.
    private static func rewrite(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var line: [UInt8] = []
        var hasBlank = false
        func end() {
            while let last = line.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") { line.removeLast() }
            if line.isEmpty {
                hasBlank = true
                return
            }
            if !result.isEmpty { result += hasBlank ? [0x0A, 0x0A] : [0x0A] }
            result += line
            line.removeAll(keepingCapacity: true)
            hasBlank = false
        }
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case 0x0D:
                end()
                if index < bytes.count, bytes[index] == 0x0A { index += 1 }
            case 0x0A, 0x0C: end()
            case UInt8(ascii: "\t"): line.append(byte)
            case ..<0x20, 0x7F: break
            // C1 is C2 80 to C2 9F, and a byte order mark EF BB BF.
            case 0xC2 where (0x80...0x9F).contains(bytes[index]): index += 1
            case 0xEF where bytes[index] == 0xBB && bytes[index + 1] == 0xBF: index += 2
            default: line.append(byte)
            }
        }
        end()
        return String(decoding: result, as: UTF8.self)
    }

    private static func note(on page: Page) -> String? {
        let said: String
        switch page.outcome {
        case .ok: return nil
        case .degraded: said = "may be incomplete"
        case .failed: said = "could not be read"
        }
        // On one line, or the rest of it would leave the quotation.
        let reason = normalise(page.reason ?? "").split(separator: "\n").joined(separator: " ")
        return "> Page \(page.number) \(said): \(reason.isEmpty ? "no reason was given" : reason)"
    }
}
