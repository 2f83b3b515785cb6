import TOMLKit

/// A value of a settings file, whatever the file's format.
package enum SettingValue: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case number(Double)
    case flag(Bool)
    case list([SettingValue])
    case table([String: SettingValue])

    /// For messages: what the value is.
    var kind: String {
        switch self {
        case .text: "a string"
        case .integer: "an integer"
        case .number: "a number"
        case .flag: "true or false"
        case .list: "a list"
        case .table: "a table"
        }
    }
}

/// Reads TOML 1.0.
enum TOMLFile {
    /// - Throws: ``SettingsProblem`` with the line at which the text stops being TOML.
    static func parse(_ text: String, file: String) throws(SettingsProblem) -> [String: SettingValue] {
        do {
            return convert(try TOMLTable(string: text))
        } catch let error as TOMLParseError {
            throw SettingsProblem(file: file, line: error.source.begin.line, message: error.description)
        } catch {
            throw SettingsProblem(file: file, line: nil, message: "\(error)")
        }
    }

    private static func convert(_ table: TOMLTable) -> [String: SettingValue] {
        var result: [String: SettingValue] = [:]
        for key in table.keys { result[key] = table[key].flatMap(convert) }
        return result
    }

    private static func convert(_ value: any TOMLValueConvertible) -> SettingValue? {
        if let table = value.table { return .table(convert(table)) }
        if let array = value.array { return .list(array.compactMap(convert)) }
        if let text = value.string { return .text(text) }
        if let flag = value.bool { return .flag(flag) }
        if let integer = value.int { return .integer(integer) }
        if let number = value.double { return .number(number) }
        return .text(value.debugDescription)
    }
}
