import Glibc
import Logging
import Notify
import Preload
import Readable
import ServiceLog
import Synchronization

/// What this program says: JSON lines on standard error, or plain ones where a person watches.
final class Voice: Sendable {
    let isTerminal: Bool
    private let isPlain: Bool
    private let logger: Logger
    /// Something stands on the terminal's last line.
    private let hasBar = Mutex(false)

    init(environment: [String: String]) {
        isTerminal = isatty(STDERR_FILENO) == 1
        switch environment["COXSWAIN_LOG_FORMAT"]?.lowercased() {
        case "json": isPlain = false
        case "console": isPlain = true
        default: isPlain = isTerminal
        }
        let level = environment["COXSWAIN_LOG_LEVEL"].flatMap { Logger.Level(rawValue: $0.lowercased()) } ?? .info
        let handler = JSONLogHandler(level: level)
        logger = Logger(label: "coxswain-preload") { _ in handler }
    }

    func say(_ level: Logger.Level = .info, _ message: String, _ fields: Logger.Metadata = [:]) {
        guard isPlain else { return logger.log(level: level, "\(message)", metadata: fields) }
        guard level >= logger.logLevel else { return }
        let mark = level >= .error ? "error: " : level == .warning ? "warning: " : ""
        write("\(mark)\(message)\n")
    }

    /// The last word of a program that could not do its work; it is what PID 1 shows.
    func fail(_ message: String, _ status: PreloadExit) {
        say(.error, message, ["status": .stringConvertible(Int(status.rawValue))])
        Notify.send("STATUS=\(Self.status(message))")
    }

    /// Draws a line in place of the last one that was drawn.
    func draw(_ line: String) {
        hasBar.withLock { hasBar in
            hasBar = true
            Self.write("\r\u{1B}[K\(line)")
        }
    }

    private func write(_ text: String) {
        hasBar.withLock { hasBar in
            Self.write(hasBar ? "\r\u{1B}[K\(text)" : text)
            hasBar = false
        }
    }

    /// Takes away what was drawn.
    func clear() {
        hasBar.withLock { hasBar in
            if hasBar { Self.write("\r\u{1B}[K") }
            hasBar = false
        }
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }

    /// For sd_notify: one line of 200 characters at most.
    static func status(_ text: String) -> String {
        let line = String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
        return line.unicodeScalars.count > 200 ? String(line.unicodeScalars.prefix(199)) + "…" : line
    }

    /// Columns of the terminal.
    static func columns() -> Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }
}

/// Text on standard output, which is what was asked for.
enum Output {
    static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // Whoever read it has enough.
            guard count > 0 else { _exit(errno == EPIPE ? 141 : 1) }
            rest = rest.dropFirst(count)
        }
    }
}
