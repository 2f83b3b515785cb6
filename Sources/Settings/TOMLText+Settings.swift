import Lifecycle
import TOML

extension TOMLText {
    static func limit(_ limit: ProcessOptions.Limit) -> String {
        let parts = [limit.soft, limit.hard].map { $0.map(String.init) ?? "\"unlimited\"" }
        return parts[0] == parts[1] ? parts[0] : "[\(parts[0]), \(parts[1])]"
    }

    /// `USR2` for 12.
    static func signal(_ number: Int32) -> String {
        let name = Signal.name(number)
        return name.hasPrefix("SIG") ? String(name.dropFirst(3)) : String(number)
    }
}
