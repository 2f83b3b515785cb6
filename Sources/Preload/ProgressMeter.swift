/// Bytes over time: how fast it goes now, and how long it still takes. Pure; its user has the clock.
package struct ProgressMeter: Sendable {
    /// Seconds after which an old rate counts for a third of what it did.
    private static let memory = 6.0

    private var lastTime: Double?
    private var lastBytes: Int64 = 0
    private var weighted: Double?

    package init() {}

    /// Bytes a second: an exponential mean; nil until there is something to say.
    package var rate: Double? { weighted }

    /// - Parameters:
    ///   - bytes: fetched so far. What lay there already has no speed and is not to be counted.
    ///   - time: seconds of a clock that never goes back.
    package mutating func note(bytes: Int64, at time: Double) {
        guard let before = lastTime else {
            lastTime = time
            lastBytes = bytes
            return
        }
        let passed = time - before
        // Shorter spans measure buffers rather than networks.
        guard passed >= 0.2 else { return }
        let current = Double(max(0, bytes - lastBytes)) / passed
        if let mean = weighted {
            let share = 1 - Self.decay(passed / Self.memory)
            weighted = mean + (current - mean) * share
        } else if bytes > lastBytes {
            weighted = current
        }
        lastTime = time
        lastBytes = bytes
    }

    /// Seconds until `left` more bytes are here; nil where that would be a guess.
    package func secondsLeft(_ left: Int64) -> Double? {
        guard let weighted, weighted >= 1, left >= 0 else { return nil }
        return Double(left) / weighted
    }

    /// e^-x by squaring (1 - x/1024)^1024: exact to a tenth of a percent for what occurs here, and without a library.
    private static func decay(_ x: Double) -> Double {
        var value = max(0, 1 - min(x, 30) / 1024)
        for _ in 0..<10 { value *= value }
        return value
    }
}
