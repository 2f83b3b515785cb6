import Lifecycle

/// How long a start took, in all and part by part: the last line of its story.
package struct StartSummary: Sendable, Equatable {
    /// In the order of the start; a key is a service, or a service and one of its phases: `engine/loading weights`.
    private let stages: [(key: String, took: Duration)]
    private let total: Duration

    /// - Parameters:
    ///   - total: from the first service on.
    ///   - stages: what others wait for, one after the other; what took no time is left out.
    package init(total: Duration, stages: [(key: String, took: Duration)]) {
        self.total = total
        self.stages = stages.filter { $0.took >= .milliseconds(50) }
    }

    package static func == (left: StartSummary, right: StartSummary) -> Bool {
        left.message == right.message && left.phases == right.phases
    }

    /// ` after 93 s: engine 81 s, warmup 12 s`, to be put behind what was started.
    package var message: String {
        var services: [(name: Substring, took: Duration)] = []
        for stage in stages {
            let name = Self.parts(stage.key).service
            if services.last?.name == name {
                services[services.count - 1].took += stage.took
            } else {
                services.append((name, stage.took))
            }
        }
        let parts = services.map { "\($0.name) \($0.took.readable)" }.joined(separator: ", ")
        return " after \(total.readable)" + (parts.isEmpty ? "" : ": \(parts)")
    }

    /// `loading weights 31 s, compiling 22 s, …`; nil where no service tells of phases.
    package var phases: String? {
        let phases = stages.compactMap { stage in
            Self.parts(stage.key).phase.map { "\($0) \(stage.took.readable)" }
        }
        return phases.isEmpty ? nil : phases.joined(separator: ", ")
    }

    private static func parts(_ key: String) -> (service: Substring, phase: Substring?) {
        guard let slash = key.firstIndex(of: "/") else { return (key[...], nil) }
        return (key[..<slash], key[key.index(after: slash)...])
    }
}
