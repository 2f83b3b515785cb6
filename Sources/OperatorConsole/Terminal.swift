import Glibc

/// What standard output is.
package struct Terminal: Sendable, Equatable {
    package var isTerminal: Bool
    package var color: Bool
    /// Columns and rows; nil where it is no terminal: nothing is cut there.
    package var size: Size?

    package struct Size: Sendable, Equatable {
        package var columns: Int
        package var rows: Int

        package init(columns: Int, rows: Int) {
            self.columns = columns
            self.rows = rows
        }
    }

    package init(isTerminal: Bool = false, color: Bool = false, size: Size? = nil) {
        self.isTerminal = isTerminal
        self.color = color
        self.size = size
    }

    /// - Parameter noColor: the operator wants none; the same is said by NO_COLOR in the environment.
    package static func standardOutput(noColor: Bool = false) -> Terminal {
        guard isatty(STDOUT_FILENO) == 1 else { return Terminal() }
        func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        }
        return Terminal(
            isTerminal: true, color: !noColor && variable("NO_COLOR") == nil && variable("TERM") != "dumb",
            size: currentSize())
    }

    /// A window may change its size at any time.
    package static func currentSize() -> Size {
        var size = winsize()
        let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return isKnown
            ? Size(columns: Int(size.ws_col), rows: size.ws_row > 0 ? Int(size.ws_row) : 24)
            : Size(columns: 80, rows: 24)
    }

    /// - Parameter code: of SGR (ECMA-48 §8.3.117), for example `31;1`.
    package func paint(_ text: String, _ code: String) -> String {
        color && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

/// Writes to standard output and standard error, without a buffer of its own.
package enum Output {
    /// Ends the process quietly when nobody reads any more, as `| head` does.
    package static func write(_ text: String) { write(Array(text.utf8)) }

    package static func write(_ bytes: [UInt8]) {
        guard let code = write(bytes, to: STDOUT_FILENO) else { return }
        if code != EPIPE { complain("standard output: \(String(cString: strerror(code)))") }
        _exit(code == EPIPE ? 141 : 1)
    }

    package static func complain(_ message: String) {
        _ = write(Array("coxswain: \(message)\n".utf8), to: STDERR_FILENO)
    }

    /// - Returns: errno, or nil when everything is written.
    private static func write(_ bytes: [UInt8], to descriptor: CInt) -> CInt? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                // An inherited descriptor that others made non-blocking.
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&entry, 1, -1)
            } else if count < 0, errno == EINTR {
                continue
            } else {
                return count < 0 ? errno : EIO
            }
        }
        return nil
    }
}
