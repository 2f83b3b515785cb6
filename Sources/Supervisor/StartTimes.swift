import Lifecycle

/// How long the parts of a service's last start took. Pure.
struct StartTimes: Sendable, Equatable {
    /// Parts that are over, in the order in which they were entered.
    private(set) var phases: [(name: String, took: Duration)] = []
    /// From the start to ready; nil until it is.
    private(set) var whole: Duration?
    private var current: (name: String, since: Instant)?

    static func == (left: StartTimes, right: StartTimes) -> Bool {
        left.whole == right.whole && left.phases.elementsEqual(right.phases, by: ==)
            && left.current?.name == right.current?.name && left.current?.since == right.current?.since
    }

    /// What a start is called before its log says more.
    static let first = "starting"
    /// A log that names ever new parts must not fill the memory.
    private static let most = 32

    /// It is started: what is known of the last start is forgotten.
    mutating func began(at now: Instant) {
        self = StartTimes()
        current = (Self.first, now)
    }

    mutating func entered(_ phase: String, at now: Instant) {
        guard let current, current.name != phase else { return }
        close(current, at: now)
        self.current = (phase, now)
    }

    /// It is ready.
    mutating func finished(after whole: Duration, at now: Instant) {
        if let current { close(current, at: now) }
        current = nil
        self.whole = whole
    }

    /// One that is entered again goes on.
    private mutating func close(_ phase: (name: String, since: Instant), at now: Instant) {
        let took = now - phase.since
        if let index = phases.firstIndex(where: { $0.name == phase.name }) {
            phases[index].took += took
        } else if phases.count < Self.most {
            phases.append((phase.name, took))
        }
    }
}
