/// Why a command did not do what it was asked for: one line for people, and the exit status.
package struct ConsoleFailure: Error, Equatable {
    package var code: Code
    /// What, where, and what to do next; without a prefix.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Exit statuses; `docs/reference/commands.md` promises them.
    package enum Code: Int32, Sendable {
        /// The answer is no, or it did not come to it.
        case no = 1
        /// Nobody answers at the control socket.
        case nobody = 2
        /// EX_USAGE of sysexits.h: an option, or a service, that there is not.
        case usage = 64
        /// EX_NOPERM of sysexits.h.
        case notPermitted = 77
    }
}
