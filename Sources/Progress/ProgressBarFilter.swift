/// Says which lines of a log are written where each drawing of a progress bar is a line: of a bar the first, one each
/// further 25 %, and the one that completes it. Bars are told apart by their labels. Any other line is written.
package struct ProgressBarFilter: Sendable {
    private var written = ProgressBars()

    private static let step = 0.25

    package init() {}

    package mutating func writes(_ line: String) -> Bool {
        guard let bar = ProgressBar(line) else { return true }
        guard let last = written[bar.label] else {
            written[bar.label] = bar.fraction
            return true
        }
        guard Self.steps(bar.fraction) > Self.steps(last) || written.isAnother(bar) else { return false }
        written[bar.label] = bar.fraction
        return true
    }

    private static func steps(_ fraction: Double) -> Int { Int(fraction / step) }
}
