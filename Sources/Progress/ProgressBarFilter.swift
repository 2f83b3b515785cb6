/// Says which lines of a log are written where each drawing of a progress bar is a line: of a bar the first, one each
/// further step, and the one that completes it. Bars are told apart by their labels. Any other line is written.
package struct ProgressBarFilter: Sendable {
    private var written = ProgressBars()

    private let step: Double

    /// - Parameter step: as a share of the whole.
    package init(step: Double = 0.25) { self.step = step }

    package mutating func writes(_ line: String) -> Bool { ProgressBar(line).map { writes($0) } ?? true }

    package mutating func writes(_ bar: ProgressBar) -> Bool {
        guard let last = written[bar.label] else {
            written[bar.label] = bar.fraction
            return true
        }
        guard steps(bar.fraction) > steps(last) || written.isAnother(bar) else { return false }
        written[bar.label] = bar.fraction
        return true
    }

    /// Rounded up by less than a drawing, since 0.3 / 0.1 is less than 3.
    private func steps(_ fraction: Double) -> Int { Int(fraction / step + 1e-9) }
}
