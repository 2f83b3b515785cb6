/// Durations as people write them.
package enum DurationText {
    private static let units: [(String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000),
    ]

    /// `250ms`, `5s`, `1.5m`, `2h`; nil for anything else.
    package static func parse(_ text: String) -> Duration? {
        for (unit, milliseconds) in units where text.hasSuffix(unit) {
            let seconds = Double(milliseconds) / 1000
            guard let value = Double(text.dropLast(unit.count)), value >= 0, value * seconds < 1e7 else { continue }
            return .milliseconds(Int((value * seconds * 1000).rounded()))
        }
        return nil
    }

    /// In the largest unit in which it is a whole number: 90 s are `90s`, and 120 s are `2m`.
    package static func write(_ duration: Duration) -> String {
        let total = duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        let (unit, milliseconds) =
            units.last { total != 0 && total % $0.milliseconds == 0 } ?? (total == 0 ? ("s", 1) : units[0])
        return "\(total / milliseconds)\(unit)"
    }
}
