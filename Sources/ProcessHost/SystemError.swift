import Glibc

/// A system call that failed: which, on what, and why.
package struct SystemError: Error, Sendable, CustomStringConvertible {
    /// What was tried, for example `bind to 0.0.0.0:8081`.
    package let action: String
    /// errno(3).
    package let code: CInt

    package init(_ action: String, code: CInt = errno) {
        self.action = action
        self.code = code
    }

    package var description: String { "\(action): \(String(cString: strerror(code)))" }
}
