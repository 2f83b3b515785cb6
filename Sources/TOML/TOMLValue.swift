/// A value of a TOML text.
package enum TOMLValue: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case number(Double)
    case flag(Bool)
    /// A date, a time, or both: no setting is one.
    case date(String)
    case list([TOMLValue])
    case table([String: TOMLValue])

    /// For messages: what the value is.
    package var kind: String {
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
