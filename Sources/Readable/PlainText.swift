/// Texts of others in messages of ours.
package enum PlainText {
    /// On one line, without control characters, and not long.
    package static func short(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(81) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result.unicodeScalars.count > 80 ? String(result.unicodeScalars.prefix(80)) + "…" : result
    }
}
