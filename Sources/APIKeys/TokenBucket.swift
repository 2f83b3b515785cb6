/// Lets through so many things a minute, and as many at once after a quiet minute. Times are seconds of any clock that does
/// not go back.
package struct TokenBucket: Sendable, Equatable {
    /// Things a minute.
    package let perMinute: Int
    private var tokens: Double
    private var time: Double

    /// A full one.
    package init(perMinute: Int, at now: Double) {
        self.perMinute = perMinute
        tokens = Double(perMinute)
        time = now
    }

    /// Takes one token.
    ///
    /// - Returns: nil, or the seconds until there is one, and then nothing was taken.
    package mutating func take(at now: Double) -> Double? {
        let rate = Double(perMinute) / 60
        tokens = min(Double(perMinute), tokens + max(0, now - time) * rate)
        time = max(time, now)
        // What is lost in sums of fractions must not make somebody wait who waited as long as was said.
        guard tokens >= 1 - 1e-9 else { return (1 - tokens) / rate }
        tokens = max(0, tokens - 1)
        return nil
    }
}
