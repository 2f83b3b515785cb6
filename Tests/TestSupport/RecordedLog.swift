package import Foundation

/// A log of a real vLLM 0.32 (CPU build), line by line, from `LifecycleTests/Logs`.
package struct RecordedLog: Sendable {
    package var name: String
    /// Seconds since the start; 0 where the recorder wrote no times.
    package var lines: [(time: Double, text: String)]

    package static let names = [
        "bad-model-path", "kill9-api", "kill9-enginecore", "kill9-worker", "maxlen-too-big", "not-enough-memory",
        "port-in-use", "sigterm-drain", "sigterm-during-start", "sigterm-inflight", "sigterm-mid", "startup",
    ]

    /// - Parameter tests: the folder `Tests`.
    package init(_ name: String, tests: URL) throws {
        self.name = name
        let file = tests.appending(path: "LifecycleTests/Logs/\(name).log")
        var time = 0.0
        lines = []
        for line in try String(contentsOf: file, encoding: .utf8).split(whereSeparator: \.isNewline) {
            // "seconds OUT line"; a line without is the second half of the one before, cut at a carriage return.
            let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
            guard words.count > 1, let seconds = Double(words[0]), ["OUT", "ERR"].contains(words[1]) else {
                lines.append((time, String(line)))
                continue
            }
            time = seconds
            let text = String(line[words[1].endIndex...].dropFirst())
            if !text.isEmpty { lines.append((time, text)) }
        }
    }
}
