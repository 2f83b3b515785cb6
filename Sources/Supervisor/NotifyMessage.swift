import Lifecycle

/// The datagrams of sd_notify(3), as events of the core.
enum NotifyMessage {
    /// - Parameter isAskedForReady: whether `READY=1` is what this service's readiness is told by.
    static func events(
        of id: InstanceID, _ fields: [(key: String, value: String)], isAskedForReady: Bool
    ) -> [Event] {
        fields.compactMap { field in
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
    }

    private static func extended(of id: InstanceID, _ text: String) -> Event? {
        // A year is as good as any longer time, and does not overflow.
        Int64(text).flatMap { $0 > 0 ? .notified(id, .extend(.microseconds(min($0, 31_536_000_000_000)))) : nil }
    }

    /// A service's own words go into logs and status pages.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(200).map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }
}
