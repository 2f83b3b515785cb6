import Foundation
import Progress

/// A start of a real vLLM 0.32 (CPU build, eager), recorded line by line.
struct RecordedStart {
    var name: String
    var lines: [(time: Duration, text: String)]

    /// Starts whose recorder wrote the time of each line, and that came to serve.
    static let timed = [
        "startup", "kill9-api", "kill9-enginecore", "kill9-worker", "sigterm-drain", "sigterm-during-start",
        "sigterm-inflight",
    ]
    /// Starts that failed or were ended, as they were printed.
    static let failed = ["bad-model-path", "maxlen-too-big", "not-enough-memory", "port-in-use", "sigterm-mid"]

    init(_ name: String) throws {
        self.name = name
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = tests.appending(path: "LifecycleTests/Logs/\(name).log")
        var time = Duration.zero
        lines = []
        for line in try String(contentsOf: file, encoding: .utf8).split(whereSeparator: \.isNewline) {
            // "seconds OUT line"; a line without is the second half of the one before, cut at a carriage return.
            let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
            if words.count > 1, let seconds = Double(words[0]), ["OUT", "ERR"].contains(words[1]) {
                time = .milliseconds(Int((seconds * 1000).rounded()))
                let text = String(line[words[1].endIndex...].dropFirst())
                if !text.isEmpty { lines.append((time, text)) }
            } else {
                lines.append((time, String(line)))
            }
        }
    }

    /// Each new step, at the time of its line.
    func steps() -> [(time: Duration, step: StartStep)] {
        var log = StartLog(format: .vllm)
        var steps = [(time: Duration.zero, step: log.step)]
        for line in lines {
            if case .step(let step) = log.read(line.text), step != steps.last?.step { steps.append((line.time, step)) }
        }
        return steps
    }

    /// When the engine said that it can serve.
    func serving() -> Duration? {
        var log = StartLog(format: .vllm)
        return lines.first { log.read($0.text) == .serving }?.time
    }
}
