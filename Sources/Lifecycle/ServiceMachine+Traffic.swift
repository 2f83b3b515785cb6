/// Proof that a service does its work: requests of others at it, and a small one of our own while there are none.
///
/// A health endpoint proves little: vLLM's says that all is well over an engine core that hangs.
extension ServiceMachine {
    /// Requests of one sender that are in flight at this service.
    struct Requests: Sendable, Equatable {
        var inFlight: Int
        /// Since when there have been any; earlier by as long as others had waited before, who were given up.
        var since: Instant
        /// The last token or answer of any of them, as far as the sender knows.
        var movedAt: Instant
        /// When the sender last said so.
        var heardAt: Instant
    }

    /// Time between a canary that was answered with an error and the next.
    static let canaryAgain = Duration.seconds(5)
    /// How long a sender is believed that says nothing more: while it has requests in flight it says so every second.
    /// One that hangs itself proves nothing of the service.
    static let senderIsBelieved = Duration.seconds(10)
    /// By how much the times that a sender gives may differ for the same moment: its words take some time to get here.
    static let senderJitter = Duration.milliseconds(100)

    var inFlight: Int { requests.values.reduce(0) { $0 + $1.inFlight } }

    /// When a service that was asked so much, and says nothing, hangs; nil while nobody who would still be believed then
    /// waits for it.
    func silenceDue(_ running: Running) -> Instant? {
        guard let silence = definition.watch?.silence, let aliveAt = running.aliveAt else { return nil }
        return requests.values.compactMap { requests in
            let due = max(requests.since, aliveAt) + silence
            return due <= requests.heardAt + Self.senderIsBelieved ? due : nil
        }.min()
    }

    /// When nothing has proved it alive for so long that it is asked.
    func canaryDue(_ running: Running) -> Instant? {
        guard let canary = definition.watch?.canary, let aliveAt = running.aliveAt, running.canary.sentAt == nil,
            !running.canary.isUseless
        else { return nil }
        let due = running.canary.failedAt.map { $0 + Self.canaryAgain } ?? aliveAt + canary.after
        let believed = requests.values.map { $0.heardAt + Self.senderIsBelieved }.max()
        guard let believed, fault != .asksTheBusy else { return due }
        return max(due, believed)
    }

    /// What one who sends requests to this service says of them.
    ///
    /// - Parameter silentFor: time since the last token or answer of any of them. Where the count has just risen from zero
    ///   it may go back to requests that were given up before, perhaps at a former instance: only what is told later tells
    ///   whether they move. The rise is no proof of life either: one that hangs is asked, and given up, again and again.
    mutating func heard(inFlight: Int, silentFor: Duration, from sender: InstanceID, at now: Instant) {
        let movedAt = now - max(.zero, silentFor)
        let known = requests[sender]
        let moved = known.map { movedAt > $0.movedAt + Self.senderJitter } ?? false
        if moved { proved(at: movedAt) }
        // Whoever has said nothing for so long hung itself, and could not have heard an answer.
        let isBack = known.map { now > $0.heardAt + Self.senderIsBelieved } ?? false
        guard inFlight > 0 else {
            if let known, !moved { waited(since: known.since, until: isBack ? known.heardAt : now) }
            requests[sender] = nil
            return
        }
        let new = Requests(inFlight: 0, since: now - (served?.waited ?? .zero), movedAt: movedAt, heardAt: now)
        var next = isBack ? new : known ?? new
        // Sums of it must not overflow, whatever anybody says.
        next.inFlight = min(inFlight, 1_000_000)
        if moved { next.movedAt = movedAt }
        next.heardAt = now
        requests[sender] = next
    }

    /// All requests of somebody were given up without an answer. The next ones go on waiting where these ended.
    private mutating func waited(since: Instant, until: Instant) {
        guard var running = served, let aliveAt = running.aliveAt else { return }
        running.waited = max(running.waited, until - max(since, aliveAt))
        served = running
    }

    /// A sender is gone, and what it had sent with it.
    mutating func forget(sender: InstanceID) {
        if fault != .remembersSenders { requests[sender] = nil }
    }

    /// It did some work for somebody.
    private mutating func proved(at moment: Instant) {
        // What its predecessor did proves nothing.
        guard var running = served, let aliveAt = running.aliveAt, moment > aliveAt else { return }
        running.provedAt = moment
        running.waited = .zero
        if let failedAt = running.canary.failedAt, moment > failedAt { running.canary.forgive() }
        served = running
    }

    /// A check that was not answered in time proves nothing while answers to others come in: within the time of a check,
    /// and while others wait for more within the time after which they are silent.
    func isMoving(at now: Instant, _ watch: Watch) -> Bool {
        guard fault != .doubtsTheBusy, let provedAt = served?.provedAt else { return false }
        let isAsked = requests.values.contains { now < $0.heardAt + Self.senderIsBelieved }
        let patience = watch.every + watch.timeout
        return now - provedAt < max(patience, isAsked ? watch.silence ?? patience : patience)
    }

    mutating func canaryAnswered(_ answer: Event.CanaryAnswer, at now: Instant) -> [Action] {
        guard let watch = definition.watch, let canary = watch.canary, var running = served,
            let sentAt = running.canary.sentAt
        else { return [] }
        running.canary.sentAt = nil
        // Others had their answers meanwhile.
        let othersMoved = running.provedAt.map { $0 > sentAt } ?? false
        var actions: [Action] = []
        switch answer {
        case .alive:
            running.provedAt = now
            running.waited = .zero
            running.canary.forgive()
        case .silent where othersMoved, .failed where othersMoved:
            break
        case .silent:
            let beside = isReady && running.failures == 0 ? ", while its health check passes" : ""
            return stop(
                because: .failed(
                    "a one-token request was not answered within \(canary.timeout.readable)\(beside)", hangs: true),
                at: now)
        case .failed(let why):
            running.canary.failures += 1
            running.canary.failedAt = now
            if running.canary.failures >= watch.failures {
                let many =
                    running.canary.failures == 1
                    ? "a one-token request" : "\(running.canary.failures) one-token requests"
                return stop(because: .failed("\(many) failed: \(why)", hangs: false), at: now)
            }
        case .refused(let why):
            running.canary.isUseless = true
            actions.append(.report(.canaryRefused(running.instance, why)))
        }
        served = running
        return actions
    }

    /// The instance while it serves, well or not.
    var served: Running? {
        get {
            switch state {
            case .ready(let running), .unready(let running): running
            default: nil
            }
        }
        set {
            guard let newValue else { return }
            switch state {
            case .ready: state = .ready(newValue)
            case .unready: state = .unready(newValue)
            default: break
            }
        }
    }

    /// What is known of an instance by canaries.
    struct Canary: Sendable, Equatable {
        /// When the one that is on its way was sent.
        var sentAt: Instant?
        /// Since the last proof of life, those that were answered with an error, and when the last of them was.
        var failures = 0
        var failedAt: Instant?
        /// The service cannot understand it.
        var isUseless = false

        mutating func forgive() { (failures, failedAt) = (0, nil) }
    }
}
