/// How long a client may take over its requests. Pure: times are seconds of one clock that does not go back.
///
/// A header has to be whole within its time. A body may be slow, but not stand still: each byte buys time at the slowest rate
/// that is taken, and what was bought can be saved up to a grace. Time in which nobody reads what the client sends is not its
/// own.
package struct RequestPace: Sendable {
    package struct Limits: Sendable, Equatable {
        /// Seconds without any request.
        package var idle: Double
        /// Seconds from the first byte of a header to its last.
        package var header: Double
        /// Seconds that a body may stand still.
        package var grace: Double
        /// Bytes a second that a body has to have beyond its grace.
        package var rate: Double
        /// Seconds for which a client may take nothing of its answer, once all buffers are full. The kernel's to count.
        package var answer: Double

        package init(
            idle: Double = 75, header: Double = 15, grace: Double = 30, rate: Double = 1000, answer: Double = 60
        ) {
            self.idle = idle
            self.header = header
            self.grace = grace
            self.rate = rate
            self.answer = answer
        }
    }

    /// What a client was too slow with.
    package enum Delay: Sendable, Equatable { case silence, header, body }

    private enum Part { case none, header, body }

    private let limits: Limits
    private var reading = Part.none
    /// Since the header began, or since nothing is asked.
    private var since: Double
    /// Requests whose header is here and whose answer is not out.
    private var unanswered = 0
    /// Seconds that a body has left.
    private var credit = 0.0
    /// Since when we wait for more of it; nil while nobody reads.
    private var wantedSince: Double?

    package init(_ limits: Limits, at now: Double) {
        self.limits = limits
        since = now
    }

    /// No request has a whole header that is not answered yet.
    package var isWaiting: Bool { unanswered == 0 }

    /// Somebody wants to read what comes next.
    package mutating func readingBegan(at now: Double) { wantedSince = wantedSince ?? now }

    /// Bytes came.
    package mutating func received(_ bytes: Int, at now: Double) {
        if reading == .none {
            reading = .header
            since = now
        }
        guard reading == .body else { return }
        spend(until: now)
        credit = min(limits.grace, credit + Double(bytes) / limits.rate)
    }

    /// What had come was taken, and nobody has asked for more yet.
    package mutating func readingEnded(at now: Double) {
        spend(until: now)
        wantedSince = nil
    }

    /// The header is whole.
    package mutating func headerCame() {
        unanswered += 1
        reading = .body
        credit = limits.grace
    }

    /// The request is whole.
    package mutating func requestEnded() { reading = .none }

    /// Its answer is out.
    package mutating func answered(at now: Double) {
        unanswered = max(0, unanswered - 1)
        since = now
    }

    /// When the client is too slow, if nothing comes before.
    package var deadline: Double? {
        switch reading {
        case .none: isWaiting ? since + limits.idle : nil
        case .header: isWaiting ? since + limits.header : nil
        case .body: wantedSince.map { $0 + credit }
        }
    }

    /// What the client is too slow with now.
    package func delay(at now: Double) -> Delay? {
        guard let deadline, now >= deadline else { return nil }
        return switch reading {
        case .none: .silence
        case .header: .header
        case .body: .body
        }
    }

    private mutating func spend(until now: Double) {
        guard let start = wantedSince else { return }
        if reading == .body { credit -= now - start }
        wantedSince = now
    }
}

/// A client took too long over its request.
package struct RequestTooSlow: Error, Sendable, Equatable {
    package var part: RequestPace.Delay

    package init(_ part: RequestPace.Delay) { self.part = part }
}
