import Glibc

/// A file operation that the system refused.
package struct FileFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was being done, for example `make the folder`.
    package var action: String
    package var path: String
    /// `errno` of the call.
    package var code: Int32

    package init(_ action: String, _ path: String, code: Int32) {
        self.action = action
        self.path = path
        self.code = code
    }

    package var isDiskFull: Bool { code == ENOSPC || code == EDQUOT }
    package var isReadOnly: Bool { code == EROFS || code == EACCES || code == EPERM }

    package var description: String { "cannot \(action) \(path): \(Self.text(of: code))" }

    static func text(of code: Int32) -> String { String(cString: strerror(code)) }
}
