import Lifecycle
import Progress

/// Reads the log of one instance while it starts.
struct StartReader {
    private var log: StartLog
    private var shapes: Set<Int> = []

    /// Kinds of lines that are told apart; a start that says more than that is known by its known lines alone.
    private static let mostShapes = 512

    enum Reading: Equatable {
        /// How far it is, also where it moves and is no further, as in a long download. Nil for a line of a kind that this
        /// start has not had before: a version that speaks otherwise is still seen to move.
        case progress(Event.Progress?)
        /// It says that it can serve.
        case serving
    }

    init(_ format: LogFormat) { log = StartLog(format: format) }

    /// - Returns: nil for a line that says nothing new.
    mutating func read(_ line: String) -> Reading? {
        switch log.read(line) {
        case .serving: return .serving
        case .step(let step):
            return .progress(Event.Progress(phase: step.phase.name, fraction: step.fraction))
        case nil:
            guard shapes.count < Self.mostShapes, shapes.insert(Self.shape(line)).inserted else { return nil }
            return .progress(nil)
        }
    }

    /// The same for lines that differ in their numbers only: a complaint that comes again is no progress.
    private static func shape(_ line: String) -> Int {
        var hasher = Hasher()
        for byte in line.utf8 where !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { hasher.combine(byte) }
        return hasher.finalize()
    }
}
