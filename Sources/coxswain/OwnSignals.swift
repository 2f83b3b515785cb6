import Glibc

/// This program starts with all signals blocked, for PID 1's sake.
enum OwnSignals {
    /// For every command but `run`: Ctrl-C must end it, and so must a pipe that nobody reads any more, both without a word.
    static func unblock() {
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)
    }
}
