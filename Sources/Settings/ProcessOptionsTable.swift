import Lifecycle
import Readable
import TOML

/// Reads what a process is given by the kernel: `user`, `directory`, `limits`, `oom-score-adjust`, `nice`.
enum ProcessOptionsTable {
    static func apply(
        _ table: [String: TOMLValue], _ path: String, to options: inout ProcessOptions, reader: inout TableReader
    ) {
        if let user = reader.text(table, "user", at: path) {
            let parts = user.split(separator: ":", omittingEmptySubsequences: false)
            if (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) {
                options.user = user
            } else {
                reader.complain(
                    "\(path).user", "`\(path).user` must be USER or USER:GROUP, not \"\(PlainText.short(user))\"")
            }
        }
        if let folder = reader.text(table, "directory", at: path) {
            if folder.hasPrefix("/") {
                options.directory = folder
            } else {
                reader.complain(
                    "\(path).directory",
                    "`\(path).directory` must be an absolute path, not \"\(PlainText.short(folder))\"")
            }
        }
        options.outOfMemoryScore =
            reader.integer(table, "oom-score-adjust", at: path, in: -1000...1000) ?? options.outOfMemoryScore
        options.nice = reader.integer(table, "nice", at: path, in: -20...19) ?? options.nice
        guard let own = reader.table(table, "limits", at: path) else { return }
        reader.checkKeys(own, at: "\(path).limits", as: "service.*.limits")
        for name in SettingKey.names(below: "service.*.limits") where own[name] != nil {
            if let limit = reader.value(own, name, at: "\(path).limits").flatMap(limit) {
                options.limits[name] = limit
                if let hard = limit.hard, limit.soft ?? .max > hard {
                    reader.complain(
                        "\(path).limits.\(name)", "`\(path).limits.\(name)`: the soft limit is above the hard one")
                }
            } else {
                reader.complain(
                    "\(path).limits.\(name)",
                    "`\(path).limits.\(name)` must be a number, \"unlimited\", or a pair of these: [SOFT, HARD]")
            }
        }
    }

    private static func limit(_ value: TOMLValue) -> ProcessOptions.Limit? {
        switch value {
        case .list(let pair):
            let numbers = pair.compactMap(number)
            return pair.count == 2 && numbers.count == 2 ? .init(soft: numbers[0], hard: numbers[1]) : nil
        default:
            return number(value).map { .init(soft: $0, hard: $0) }
        }
    }

    /// - Returns: nil for what is no limit; the inner nil is unlimited.
    private static func number(_ value: TOMLValue) -> UInt64?? {
        switch value {
        case .integer(let value) where value >= 0: .some(UInt64(value))
        case .text("unlimited"): .some(nil)
        default: nil
        }
    }
}
