import Foundation

/// Prometheus' own checks (Debian package `prometheus`).
package enum Promtool {
    package static let path = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    package static var isThere: Bool { path != nil }

    package static let absence = "promtool is not installed: apt-get install --no-install-recommends prometheus"

    /// `promtool check metrics`.
    ///
    /// - Returns: status 0; 1 for a text that cannot be read, 3 for names that break Prometheus' rules.
    package static func check(metrics: String) throws -> (status: Int32, text: String) {
        let folder = try TestFolder()
        let file = try folder.write("metrics", metrics)
        let result = try Shell.run("/bin/sh", ["-c", "exec \"$0\" check metrics < \"$1\"", path ?? "promtool", file])
        return (result.status, result.output + result.errors)
    }

    package static func run(_ arguments: [String]) throws -> (status: Int32, text: String) {
        let result = try Shell.run(path ?? "promtool", arguments)
        return (result.status, result.output + result.errors)
    }
}

/// Files of this repository that tests hold against the code.
package enum RepositoryFile {
    /// - Parameter path: below the repository's folder.
    package static func path(_ path: String) -> String {
        var folder = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { folder.deleteLastPathComponent() }
        return folder.appendingPathComponent(path).path
    }

    package static func text(_ path: String) throws -> String {
        try String(contentsOfFile: Self.path(path), encoding: .utf8)
    }
}
