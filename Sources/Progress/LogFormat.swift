/// How a service's log tells how far its start is.
package enum LogFormat: String, Sendable, CaseIterable {
    /// vLLM, also where another program runs it in its own process, as PaddleX's launcher does.
    case vllm
    /// SGLang. Unverified: no log of a real one was at hand.
    case sglang
    /// Our own programs: one JSON object a line.
    case json
    /// Anything else.
    case plain

    /// What a start goes through, in order; the first of them begins with the process, before any line.
    package var phases: [StartPhase] {
        switch self {
        case .vllm:
            [
                .importing, .configuring, .startingEngine, .loadingWeights, .profiling, .compiling, .measuringMemory,
                .capturingGraphs, .startingServer,
            ]
        case .sglang:
            [.importing, .startingEngine, .loadingWeights, .measuringMemory, .capturingGraphs, .startingServer]
        case .json, .plain: [.starting]
        }
    }
}

/// A part of an engine's start, in the order in which they follow each other.
package enum StartPhase: Int, Sendable, CaseIterable, Comparable {
    /// The whole start of a program that does not tell more.
    case starting
    /// Python loads its libraries, silently.
    case importing
    /// Arguments and the model's configuration are read.
    case configuring
    /// The processes that do the work are started, and import their libraries.
    case startingEngine
    case loadingWeights
    /// The first pass through the model, which finds out what memory it takes; compiles on its way.
    case profiling
    case compiling
    /// What is left of the memory becomes the KV cache.
    case measuringMemory
    case capturingGraphs
    /// The engine is complete, and its HTTP server is coming up.
    case startingServer

    /// For people, and the phase's key in the history of starts.
    package var name: String {
        switch self {
        case .starting: "starting"
        case .importing: "importing libraries"
        case .configuring: "reading the configuration"
        case .startingEngine: "starting the engine"
        case .loadingWeights: "loading weights"
        case .profiling: "profiling"
        case .compiling: "compiling"
        case .measuringMemory: "measuring memory"
        case .capturingGraphs: "capturing graphs"
        case .startingServer: "starting the server"
        }
    }

    package static func < (left: StartPhase, right: StartPhase) -> Bool { left.rawValue < right.rawValue }
}

/// How far a start is.
package struct StartStep: Sendable, Equatable {
    package var phase: StartPhase
    /// Share of the phase that is done, 0…1; nil where the log does not tell.
    package var fraction: Double?

    package init(phase: StartPhase, fraction: Double? = nil) {
        self.phase = phase
        self.fraction = fraction
    }

    /// For people: `loading weights, 40 %`.
    package var text: String {
        // Rounded down: all of a phase is done only when it is.
        fraction.map { "\(phase.name), \(Int(min(max($0, 0), 1) * 100)) %" } ?? phase.name
    }
}
