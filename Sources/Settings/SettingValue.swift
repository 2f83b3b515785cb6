/// A value of a settings file, whatever the file's format.
package enum SettingValue: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case number(Double)
    case flag(Bool)
    /// A date, a time, or both: no setting is one.
    case date(String)
    case list([SettingValue])
    case table([String: SettingValue])

    /// For messages: what the value is.
    var kind: String {
        switch self {
        case .text: "a string"
        case .integer: "an integer"
        case .number: "a number"
        case .flag: "true or false"
        case .date: "a date"
        case .list: "a list"
        case .table: "a table"
        }
    }
}

/// Texts of others in messages of ours.
enum PlainText {
    /// On one line, without control characters, and not long.
    static func short(_ text: String) -> String {
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
