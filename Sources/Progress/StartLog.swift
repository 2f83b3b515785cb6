import FoundationEssentials

/// Reads from an engine's log how far its start is, line by line.
///
/// One value for one start: a new process begins with a new one. Lines of several processes may come mixed; the phase
/// never goes back, and within a phase the fraction does not either.
package struct StartLog: Sendable {
    package let format: LogFormat
    /// Where the start is; also before the first line.
    package private(set) var step: StartStep
    /// The engine has said that it can serve. Nothing is read from then on.
    package private(set) var isServing = false
    private var bars = ProgressBars()

    /// What a line says of the start.
    package enum Reading: Sendable, Equatable {
        /// The start goes on. Not always a new step: a phase may say several things on its way, each a sign of life.
        case step(StartStep)
        /// The engine can serve. A port that cannot be bound may still follow, so try it.
        case serving
    }

    package init(format: LogFormat) {
        self.format = format
        step = StartStep(phase: format.phases.first ?? .starting)
    }

    /// - Parameter line: without its end and without terminal colours.
    /// - Returns: nil for a line that says nothing of the start, or nothing new.
    package mutating func read(_ line: String) -> Reading? {
        guard !isServing else { return nil }
        if let bar = ProgressBar(line) { return read(bar) }
        switch format {
        case .vllm: return read(line, StartMarkers.vllm)
        case .sglang: return read(line, StartMarkers.sglang)
        case .plain: return read(line, StartMarkers.plain)
        case .json: return Self.message(of: line) == "listening" ? serve() : nil
        }
    }

    private mutating func serve() -> Reading {
        isServing = true
        return .serving
    }

    private mutating func read(_ line: String, _ markers: StartMarkers) -> Reading? {
        switch markers.find(in: line) {
        case .serving: return serve()
        case .phase(let phase, let isComplete): return move(to: phase, isComplete ? 1 : nil)
        // The process that speaks is told by every line of it: news only where it is the first.
        case .process(let phase): return phase > step.phase ? move(to: phase, nil) : nil
        case nil: return nil
        }
    }

    private mutating func read(_ bar: ProgressBar) -> Reading? {
        let isNews = bars[bar.label].map { bar.fraction > $0 } ?? true
        guard isNews || bars.isAnother(bar) else { return nil }
        bars[bar.label] = bar.fraction
        if let known = StartMarkers.bar(bar, format) { return move(to: known.phase, known.fraction) }
        // A download, say: it tells nothing of the phase but that it lives.
        return .step(step)
    }

    private mutating func move(to phase: StartPhase, _ fraction: Double?) -> Reading? {
        guard phase >= step.phase else { return nil }
        if phase > step.phase { step = StartStep(phase: phase) }
        if let fraction { step.fraction = max(step.fraction ?? 0, fraction) }
        return .step(step)
    }

    /// The message of a line of our own programs.
    private static func message(of line: String) -> String? {
        struct Line: Decodable { var message: String }
        guard line.utf8.first == UInt8(ascii: "{") else { return nil }
        return (try? JSONDecoder().decode(Line.self, from: Data(line.utf8)))?.message
    }
}
