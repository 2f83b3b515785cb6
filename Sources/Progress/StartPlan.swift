/// What a container's start goes through, one stage after the other, and how long each is expected to take.
///
/// What runs beside it, as the API does beside the engine, is no part of it.
package struct StartPlan: Sendable, Equatable {
    package private(set) var stages: [Stage] = []

    package struct Stage: Sendable, Equatable {
        /// The service's name, and the phase where its log tells of phases: `engine/loading weights`, `warmup`.
        package var key: String
        package var expected: Duration

        package init(key: String, expected: Duration) {
            self.key = key
            self.expected = expected
        }
    }

    /// A service or task that is waited for.
    package struct Part: Sendable, Equatable {
        package var service: String
        package var format: LogFormat?
        /// How long it takes where no earlier start tells; nil: by its log's format.
        package var usually: Duration?

        package init(service: String, format: LogFormat? = nil, usually: Duration? = nil) {
            self.service = service
            self.format = format
            self.usually = usually
        }
    }

    package init(stages: [Stage]) { self.stages = stages }

    /// - Parameter parts: in the order in which they are started.
    package init(_ parts: [Part], history: StartHistory) {
        for part in parts {
            let phases = part.format?.phases ?? [.starting]
            let usual = phases.map { Self.usual($0, part.format).inSeconds }
            // A time for the whole part is shared out.
            let scale = part.usually.map { $0.inSeconds / max(usual.reduce(0, +), 0.001) } ?? 1
            for (phase, seconds) in zip(phases, usual) {
                let key = Self.key(part.service, part.format, phase)
                let expected = history.expected(key) ?? Duration(inSeconds: seconds * scale)
                stages.append(Stage(key: key, expected: expected))
            }
        }
    }

    package static func key(_ service: String, _ format: LogFormat?, _ phase: StartPhase) -> String {
        (format?.phases.count ?? 1) > 1 ? "\(service)/\(phase.name)" : service
    }

    /// On one data-centre GPU with the weights in the page cache: vLLM takes 60–90 s in all. Unverified but for the
    /// embedded engine: no GPU was at hand.
    private static func usual(_ phase: StartPhase, _ format: LogFormat?) -> Duration {
        switch phase {
        case .starting:
            switch format {
            case .json: .seconds(1)
            case .plain: .seconds(30)
            // A task: a few pages are warmed up with, or the weights are there already.
            default: .seconds(5)
            }
        case .importing: .seconds(15)
        // Most of it is the next process, which imports as much.
        case .configuring: .seconds(12)
        case .startingEngine: .seconds(6)
        case .loadingWeights: .seconds(3)
        case .profiling: .seconds(8)
        case .compiling: .seconds(15)
        case .measuringMemory: .seconds(5)
        case .capturingGraphs: .seconds(8)
        case .startingServer: .seconds(3)
        }
    }
}
