/// Prose on a terminal.
package enum Paragraph {
    /// Breaks between words; a word that is too long stands alone.
    package static func wrap(_ text: String, to columns: Int) -> String {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, Printable.width(line) + 1 + Printable.width(word) > columns {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        return (lines + [line]).joined(separator: "\n")
    }
}
