/// What is wrong with a manifest, and where: `models/own.toml:3:1: unknown key …`.
package struct ManifestProblem: Error, Sendable, Equatable, CustomStringConvertible {
    package var file: String
    /// From 1; nil where the file as a whole is meant.
    package var line: Int?
    /// In characters, from 1.
    package var column: Int?
    package var message: String

    package init(file: String, line: Int? = nil, column: Int? = nil, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    package var description: String {
        let place = [line, column].compactMap { $0.map { ":\($0)" } }.joined()
        return "\(file)\(place): \(message)"
    }
}
