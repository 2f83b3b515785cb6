/// How far one start is and how long it still takes, kept up to date by what happens.
///
/// Within one start the share never falls and the time left never rises, and neither says "done" before it is: a stage
/// that takes longer than expected approaches its end ever more slowly. A start that begins again gets a new estimate.
/// Times are since some beginning and never go back from call to call, answers included.
package struct StartEstimate: Sendable {
    private let began: Double
    private var stages: [Stage]
    /// The stage that is under way; nil before the first.
    private var current: Int?
    /// Time of the last event: what follows is counted from there.
    private var basis: Double
    /// What the current stage is expected to take from `basis` on.
    private var left: Double
    /// What the stages after the current one are expected to take.
    private var later: Double
    /// How much longer than expected the current service has taken so far, as a factor.
    private var pace = 1.0
    /// What was shown at `basis`; nothing above it is shown again.
    private var ceiling: Double
    private var isFinished = false

    private struct Stage: Sendable {
        var key: String
        var expected: Double
        var entered: Double?
        var took: Double?
        /// The most that its log told.
        var fraction = 0.0

        /// The service's name.
        var service: Substring { key.prefix { $0 != "/" } }
    }

    /// Nothing is shown below it: zero is for a start that is over.
    private static let least = 0.001
    /// So near the end that nobody's rounding makes it 100 %.
    private static let mostShare = 0.99

    package init(_ plan: StartPlan, at now: Duration) {
        began = now.inSeconds
        stages = plan.stages.map { Stage(key: $0.key, expected: max(0, $0.expected.inSeconds)) }
        basis = began
        left = 0
        later = stages.reduce(0) { $0 + $1.expected }
        ceiling = max(later, Self.least)
    }

    // MARK: Events

    /// The stage begins, and the one before it is over; those between are skipped. One that is over, or that the plan
    /// does not know, changes nothing.
    package mutating func entered(stage key: String, at now: Duration) {
        guard !isFinished, let index = stages.firstIndex(where: { $0.key == key }), index > (current ?? -1) else {
            return
        }
        let time = advance(to: now)
        close(before: index, at: time)
        current = index
        stages[index].entered = time
        let service = stages[index].service
        pace = pace(of: service)
        left = stages[index].expected * pace
        later = stages[(index + 1)...].reduce(0) { $0 + $1.expected * ($1.service == service ? pace : 1) }
    }

    /// The current stage is so far.
    ///
    /// - Parameter fraction: 0…1; less than before changes nothing.
    package mutating func moved(fraction: Double, at now: Duration) {
        guard !isFinished, let current, let entered = stages[current].entered, !fraction.isNaN,
            fraction > stages[current].fraction
        else { return }
        let time = advance(to: now)
        let fraction = min(fraction, 1)
        stages[current].fraction = fraction
        let expected = stages[current].expected * pace
        let elapsed = time - entered
        // What is left of as long as expected, and of as long as this pace makes it: the pace counts for more the longer
        // it has been seen.
        let byPace = (1 - fraction) * ((1 - fraction) * expected + elapsed)
        // The larger, since what is shown can be lowered later and never raised. (A bar may end long before its stage.)
        left = max(byPace, Self.countdown(expected, after: elapsed))
    }

    /// Everything is ready.
    package mutating func finished(at now: Duration) {
        guard !isFinished else { return }
        let time = advance(to: now)
        close(before: stages.endIndex, at: time)
        current = nil
        isFinished = true
    }

    // MARK: Answers

    /// - Returns: the share of the start that is done, 0…1, and the time left; 1 and zero once it is finished, and never
    ///   before.
    package func value(at now: Duration) -> (share: Double, remaining: Duration) {
        guard !isFinished else { return (1, .zero) }
        let time = max(now.inSeconds, basis)
        let remaining = shown(at: time)
        let elapsed = time - began
        // By time, so that both answers agree. As a quotient of what only falls: no rounding can turn its direction.
        let share = elapsed > 0 ? 1 / (1 + remaining / elapsed) : 0
        return (min(share, Self.mostShare), Duration(inSeconds: remaining))
    }

    /// How long each stage took, for the history; a stage that was skipped took no time. Empty before the end.
    package var measured: [(key: String, took: Duration)] {
        isFinished ? stages.map { (key: $0.key, took: Duration(inSeconds: $0.took ?? 0)) } : []
    }

    // MARK: Within

    /// In seconds. Falls while time passes, and is never zero.
    private func shown(at time: Double) -> Double {
        max(min(ceiling, Self.countdown(left, after: time - basis) + later), Self.least)
    }

    private mutating func advance(to now: Duration) -> Double {
        let time = max(now.inSeconds, basis)
        ceiling = shown(at: time)
        basis = time
        return time
    }

    /// From the stages of a service that are over and were not skipped: a machine that is slow with one is slow with the
    /// next. Half of all that is expected counts as having gone as expected, so that one stage does not say too much.
    private func pace(of service: Substring) -> Double {
        var took = 0.0
        var expected = 0.0
        for stage in stages where stage.service == service {
            took += stage.expected / 2
            expected += stage.expected / 2
            guard stage.entered != nil, let measured = stage.took else { continue }
            took += measured
            expected += stage.expected
        }
        return expected > 0 ? min(max(took / expected, 0.5), 2) : 1
    }

    private mutating func close(before end: Int, at time: Double) {
        if let current, let entered = stages[current].entered { stages[current].took = time - entered }
        for index in stages.indices.prefix(end) where stages[index].took == nil { stages[index].took = 0 }
    }

    /// What is left of `amount` when so much has passed: as on a clock for four fifths of it, then ever more slowly, as
    /// a hyperbola that begins with the clock's slope and never reaches zero.
    private static func countdown(_ amount: Double, after passed: Double) -> Double {
        let bend = amount / 5
        guard passed > amount - bend else { return amount - passed }
        let over = passed - (amount - bend)
        return bend > 0 ? bend * bend / (bend + over) : 0
    }
}
