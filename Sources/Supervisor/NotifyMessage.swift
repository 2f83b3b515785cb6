import Lifecycle

/// The datagrams of sd_notify(3), as events of the core.
enum NotifyMessage {
    /// - Parameter isAskedForReady: whether `READY=1` is what this service's readiness is told by.
    static func events(
        of id: InstanceID, _ fields: [(key: String, value: String)], isAskedForReady: Bool
    ) -> [Event] {
        let said = fields.compactMap { field -> Event? in
            switch (field.key, field.value) {
            case ("READY", "1"): isAskedForReady ? .ready(id) : nil
            case ("STATUS", let text): .notified(id, .status(printable(text)))
            case ("WATCHDOG", "1"): .notified(id, .alive)
            case ("WATCHDOG", "trigger"): .notified(id, .trouble)
            case ("STOPPING", "1"): .notified(id, .stopping)
            case ("EXTEND_TIMEOUT_USEC", let text): extended(of: id, text)
            default: nil
            }
        }
        return said + [requests(of: id, fields), progress(of: id, fields)].compactMap { $0 }
    }

    /// How far a task is that says so itself, as the preload does: the share that is done, and how long it still takes.
    private static func progress(of id: InstanceID, _ fields: [(key: String, value: String)]) -> Event? {
        func value(_ key: String) -> String? { fields.first { $0.key == key }?.value }
        guard let share = value("X_PROGRESS").flatMap(Double.init), (0...1).contains(share) else { return nil }
        let left = value("X_PROGRESS_LEFT_USEC").flatMap(Int64.init).flatMap { $0 >= 0 ? min($0, longest) : nil }
        let phase = value("X_PROGRESS_PHASE").map { String(printable($0).prefix(40)) } ?? ""
        return .progressed(
            id,
            Event.Progress(
                phase: phase.isEmpty ? "downloading" : phase, fraction: share, remaining: left.map { .microseconds($0) }
            ))
    }

    /// What the API says of its requests at the engine, in fields of our own (sd_notify(3) leaves `X_…` to programs).
    private static func requests(of id: InstanceID, _ fields: [(key: String, value: String)]) -> Event? {
        func number(_ key: String) -> Int64? {
            fields.first { $0.key == key }.flatMap { Int64($0.value) }.flatMap { $0 >= 0 ? $0 : nil }
        }
        guard let count = number("X_ENGINE_REQUESTS") else { return nil }
        let silent = min(number("X_ENGINE_SILENT_USEC") ?? 0, longest)
        return .requests(by: id, inFlight: Int(min(count, 1_000_000)), silentFor: .microseconds(silent))
    }

    /// A year in microseconds: as good as any longer time, and does not overflow.
    private static let longest: Int64 = 31_536_000_000_000

    private static func extended(of id: InstanceID, _ text: String) -> Event? {
        Int64(text).flatMap { $0 > 0 ? .notified(id, .extend(.microseconds(min($0, longest)))) : nil }
    }

    /// A service's own words go into logs and status pages.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(200).map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }
}
