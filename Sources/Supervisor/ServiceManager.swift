import Glibc
import Lifecycle
import Notify
import ProcessHost

/// The service manager above us, where there is one (systemd, podman): told by sd_notify(3) how the container is.
final class ServiceManager {
    private let socket: String
    private let loop: ProcessHost.EventLoop
    private var wasReady = false
    private var wasStopping = false

    /// - Returns: nil when nobody asked to be told.
    init?(loop: ProcessHost.EventLoop) {
        guard let socket = Self.variable("NOTIFY_SOCKET"), !socket.isEmpty else { return nil }
        self.socket = socket
        self.loop = loop
        // Half of the time it allows, as sd_watchdog_enabled(3) says. PID 1's loop turns, or it does not.
        let isForUs = Self.variable("WATCHDOG_PID").flatMap { ProcessID($0) }.map { $0 == getpid() } ?? true
        if isForUs, let limit = Self.variable("WATCHDOG_USEC").flatMap({ Int64($0) }), limit > 0 {
            keepAlive(every: .microseconds(limit) / 2)
        }
    }

    func changed(_ phase: Phase, reason: String, isReady: Bool) {
        var fields = ["STATUS=\(phase.rawValue)\(reason.isEmpty ? "" : ": \(reason)")"]
        if isReady, !wasReady {
            wasReady = true
            fields.insert("READY=1", at: 0)
        }
        if [.draining, .stopped].contains(phase), !wasStopping {
            wasStopping = true
            fields.insert("STOPPING=1", at: 0)
        }
        send(fields)
    }

    /// One line for people.
    func status(_ text: String) { send(["STATUS=\(text)"]) }

    /// The start, or the stop, may take this long.
    func needsTime(_ time: Duration) {
        send(["EXTEND_TIMEOUT_USEC=\(Int64((time.inSeconds * 1e6).rounded(.up)))"])
    }

    /// - Parameter body: reads the settings again.
    func whileReloading(_ body: () -> Void) {
        send(["RELOADING=1", "MONOTONIC_USEC=\(Self.monotonicMicroseconds())"])
        body()
        if wasReady { send(["READY=1"]) }
    }

    private func keepAlive(every time: Duration) {
        send(["WATCHDOG=1"])
        loop.after(time) { [weak self] in self?.keepAlive(every: time) }
    }

    private func send(_ fields: [String]) {
        // A reason may quote what others said: one line is one field.
        let lines = fields.map { field in String(field.map { $0.isNewline ? " " : $0 }) }
        _ = Notify.send(lines.joined(separator: "\n"), to: socket)
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static func monotonicMicroseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    }
}
