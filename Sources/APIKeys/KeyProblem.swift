/// Why keys cannot be used. Says where, and never what stands there: it may be a key.
package struct KeyProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file, or the name of an environment variable.
    package var place: String
    /// In a file, from 1.
    package var line: Int?
    /// In a variable, from 1.
    package var entry: Int?
    package var reason: String

    init(_ place: String, line: Int? = nil, entry: Int? = nil, _ reason: String) {
        self.place = place
        self.line = line
        self.entry = entry
        self.reason = reason
    }

    package var description: String {
        place + (line.map { ":\($0)" } ?? "") + (entry.map { ", entry \($0)" } ?? "") + ": \(reason)"
    }
}
