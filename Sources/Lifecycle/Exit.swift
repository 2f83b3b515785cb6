/// How the main process of a service ended.
package enum Exit: Sendable, Equatable {
    case code(Int32)
    case signal(Int32)
    /// It never ran: why, in words.
    case notStarted(String)
    /// The shim between us and the service was killed, so nobody saw how the service ended.
    case unseen

    /// Of waitpid(2)'s raw status.
    package init(waitStatus status: Int32) {
        let signal = status & 0x7f
        self = signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
    }

    package var isSuccess: Bool { self == .code(0) }
}

extension Exit: CustomStringConvertible {
    package var description: String {
        switch self {
        case .code(let code): "exited with status \(code)"
        case .signal(let number): "killed by \(Signal.name(number))"
        case .notStarted(let why): "could not be started: \(why)"
        case .unseen: "its shim was killed"
        }
    }
}

/// Signal names (Linux numbers, signal(7)), so that the core needs no C library.
package enum Signal {
    package static func name(_ number: Int32) -> String {
        names[number] ?? "signal \(number)"
    }

    /// `TERM`, `SIGTERM` or `15`; nil for anything else.
    package static func number(_ text: String) -> Int32? {
        if let number = Int32(text), (1...64).contains(number) { return number }
        let name = text.uppercased()
        return names.first { $0.value == name || $0.value == "SIG\(name)" }?.key
    }

    /// Those that a service may ask to be passed on: none that stops, reloads or reports, and none of the kernel's own.
    package static let forwardable: [Int32] = [12, 14, 28]

    private static let names: [Int32: String] = [
        1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
        9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
        18: "SIGCONT", 19: "SIGSTOP", 20: "SIGTSTP", 24: "SIGXCPU", 25: "SIGXFSZ", 28: "SIGWINCH", 31: "SIGSYS",
    ]
}

/// The exit codes of PID 1: documented, and never changed.
package enum ExitCode: Int32, Sendable {
    /// It was asked to stop and stopped.
    case stopped = 0
    /// A cause that no retry can help.
    case hopeless = 69
    /// Our own fault.
    case internalFault = 70
    /// The restart budget of a service is spent.
    case budgetSpent = 75
    /// The settings are wrong.
    case settings = 78
}
