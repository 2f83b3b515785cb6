/// How long to wait after a failure: longer each time, and never the same for all that failed at once.
package struct Pauses: Sendable {
    private let first: Duration
    private let longest: Duration
    private let longestAsked: Duration
    private var state: UInt64

    package init(_ options: DownloadOptions) {
        first = options.firstPause
        longest = options.longestPause
        longestAsked = options.longestRetryAfter
        state = options.seed
    }

    /// - Parameters:
    ///   - failures: in a row, this one among them.
    ///   - asked: what the host wants, which counts even where it is shorter.
    package mutating func next(after failures: Int, asked: Duration? = nil) -> Duration {
        let full = min(longest, first * (1 << min(max(failures, 1) - 1, 20)))
        // From half to the whole of it.
        let jitter = full * (0.5 + 0.5 * fraction())
        guard let asked else { return jitter }
        // Not all at the same moment either.
        return min(asked, longestAsked) + first * (0.1 * fraction())
    }

    /// From 0 to 1, by SplitMix64 (Steele, Lea, Flood 2014).
    private mutating func fraction() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((mixed ^ (mixed >> 31)) >> 11) / Double(1 << 53)
    }
}
