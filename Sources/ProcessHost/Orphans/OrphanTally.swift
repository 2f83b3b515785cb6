/// Counts the orphans that were reaped and says when that is worth a line of the log: the first one at once, then
/// at most one line in ``interval``, however many there are. Pure: nothing wakes up for it but ``reportDue``.
package struct OrphanTally: Sendable, Equatable {
    /// What was reaped since the last report.
    package struct Report: Sendable, Equatable {
        package var count: Int
        /// Since this process started.
        package var total: Int
        /// Of those since the last report, together.
        package var usage: ResourceUsage
        /// The last one, as an example.
        package var last: ChildReaper.Ended
    }

    /// Between two reports, nanoseconds.
    package static let interval: UInt64 = 10_000_000_000

    /// All since this process started.
    package private(set) var total = 0
    private var pending: Report?
    private var quietUntil: UInt64 = 0

    package init() {}

    package mutating func add(_ orphan: ChildReaper.Ended) {
        total += 1
        var report = pending ?? Report(count: 0, total: 0, usage: .none, last: orphan)
        report.count += 1
        report.total = total
        report.usage.add(orphan.usage)
        report.last = orphan
        pending = report
    }

    /// When ``takeReport(at:)`` has something to say, nanoseconds of the clock that it is given; nil as long as no orphan comes.
    package var reportDue: UInt64? { pending == nil ? nil : quietUntil }

    /// - Parameter now: nanoseconds of a clock that does not go back.
    package mutating func takeReport(at now: UInt64) -> Report? {
        guard let report = pending, now >= quietUntil else { return nil }
        pending = nil
        quietUntil = now + Self.interval
        return report
    }
}
