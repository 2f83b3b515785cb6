/// Spans of time as people read them.
package enum TimeSpan {
    /// For example `0 s`, `12 s`, `3 min`, `2 h 5 min`, `4 d 3 h`: whole seconds below two minutes, then the two largest
    /// units, the smaller one left out where it is zero.
    ///
    /// - Parameter seconds: below zero, and what is no number, is read as zero.
    package static func text(_ seconds: Double) -> String {
        guard seconds > 0 else { return "0 s" }
        let whole = Int(min(seconds, 1e12).rounded())
        switch whole {
        case ..<120: return "\(whole) s"
        case ..<3600: return "\(whole / 60) min"
        case ..<86400: return pair(whole / 3600, "h", whole % 3600 / 60, "min")
        default: return pair(whole / 86400, "d", whole % 86400 / 3600, "h")
        }
    }

    private static func pair(_ large: Int, _ unit: String, _ small: Int, _ smaller: String) -> String {
        small == 0 ? "\(large) \(unit)" : "\(large) \(unit) \(small) \(smaller)"
    }
}
