import Glibc

/// Whether whoever started us wants to hear at times that we still work, per sd_watchdog_enabled(3).
package enum WatchdogInterval {
    /// The longest time between two `WATCHDOG=1`, after which we are taken for hung; nil when nobody watches, or the
    /// variables are meant for another process.
    package static func current() -> Duration? {
        declared(
            processIdentifier: getpid(), watchdogPID: variable("WATCHDOG_PID"),
            watchdogMicroseconds: variable("WATCHDOG_USEC"))
    }

    /// What the two variables declare for a process: the pure half of `current()`.
    package static func declared(
        processIdentifier: Int32, watchdogPID: String?, watchdogMicroseconds: String?
    ) -> Duration? {
        // Without it everybody who has the other is meant.
        if let watchdogPID, Int32(watchdogPID) != processIdentifier { return nil }
        guard let watchdogMicroseconds, let count = Int64(watchdogMicroseconds), count > 0 else { return nil }
        return .microseconds(count)
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
