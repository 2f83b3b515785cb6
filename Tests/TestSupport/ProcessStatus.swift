import Foundation

/// `/proc/PID/status`, as it is at one moment (proc(5)).
package struct ProcessStatus: Sendable {
    private let fields: [String: String]

    /// - Returns: nil for a process that is gone.
    package init?(_ process: Int32) {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8) else { return nil }
        fields = Dictionary(
            text.split(separator: "\n").compactMap { line in
                line.firstIndex(of: ":").map { (String(line[..<$0]), String(line[line.index(after: $0)...])) }
            }, uniquingKeysWith: { first, _ in first })
    }

    /// The first number of a line: KiB for sizes.
    package func number(_ name: String) -> Int? {
        fields[name]?.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
    }

    /// The first word of a line.
    package func text(_ name: String) -> String? {
        fields[name]?.split(whereSeparator: \.isWhitespace).first.map(String.init)
    }
}
