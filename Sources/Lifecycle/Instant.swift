/// A moment on the supervisor's clock, which never goes back and does not stop while the machine sleeps.
///
/// The core never reads a clock: whoever drives it says what time it is.
package struct Instant: Sendable, Hashable, Comparable {
    /// Time since an arbitrary beginning.
    package var sinceBeginning: Duration

    package init(_ sinceBeginning: Duration) { self.sinceBeginning = sinceBeginning }

    package static func < (left: Instant, right: Instant) -> Bool { left.sinceBeginning < right.sinceBeginning }
    package static func + (left: Instant, right: Duration) -> Instant { Instant(left.sinceBeginning + right) }
    package static func - (left: Instant, right: Duration) -> Instant { Instant(left.sinceBeginning - right) }
    package static func - (left: Instant, right: Instant) -> Duration { left.sinceBeginning - right.sinceBeginning }
}

extension Duration {
    /// In seconds, for messages and JSON.
    package var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }

    /// For people: `850 ms`, `4.2 s`, `3 min 5 s`.
    package var readable: String {
        let seconds = inSeconds
        if seconds < 1 { return "\(Int((seconds * 1000).rounded())) ms" }
        if seconds < 60 {
            let tenths = Int((seconds * 10).rounded())
            return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
        }
        let whole = Int(seconds.rounded())
        return whole % 60 == 0 ? "\(whole / 60) min" : "\(whole / 60) min \(whole % 60) s"
    }
}

/// SplitMix64: small, seeded, good enough to spread restarts in time; never for secrets.
package struct SeededRandom: RandomNumberGenerator, Sendable, Equatable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
