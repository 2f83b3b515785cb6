package import Jobs

/// Which delivery is next. Pure: times come in as seconds since 1970.
///
/// What goes to one bucket or one host is a lane. Lanes take turns, and none has more than its share under way; one that
/// was not reached the last time, or was never asked, has one under way at a time, and all such lanes together leave places
/// free for those that answer. So whoever hangs holds up what is his, and nobody else's.
package struct DeliverySchedule: Sendable {
    package struct Limits: Sendable, Equatable {
        /// Transfers of one kind at once.
        package var places: [Delivery.Kind: Int] = [.objects: 12, .webhook: 32]
        /// Of them, those that lanes may have together of which it is not known that they answer: a share of all.
        package var unprovenShare = 0.75
        /// Transfers in one lane.
        package var perLane = 4

        package init() {}
    }

    package struct Entry: Sendable, Equatable {
        package var id: String
        package var job: JobIdentifier
        package var kind: Delivery.Kind
        /// The bucket, or the host and its port.
        package var lane: String
        package var due: Double
        package var createdAt: Double
        package var attempts: Int

        package init(_ delivery: Delivery) {
            id = delivery.id
            job = delivery.job
            kind = delivery.kind
            lane = delivery.place
            due = delivery.nextAttempt ?? delivery.createdAt
            createdAt = delivery.createdAt
            attempts = delivery.attempts
        }
    }

    private struct LaneKey: Hashable {
        var kind: Delivery.Kind
        var name: String
    }

    private struct Lane {
        /// Those that wait; what was put off or taken away since is passed over when it comes up.
        var queue = TimeHeap<String>()
        var waiting = 0
        var underWay = 0
        /// The last one that was tried got through.
        var isProven = false
        /// When it had its last turn.
        var turn: UInt64 = 0
    }

    private struct Known {
        var entry: Entry
        var isUnderWay = false
    }

    private let limits: Limits
    private var lanes: [LaneKey: Lane] = [:]
    private var known: [String: Known] = [:]
    private var jobs: [JobIdentifier: Set<String>] = [:]
    private var underWay: [Delivery.Kind: Int] = [:]
    private var unprovenUnderWay: [Delivery.Kind: Int] = [:]
    /// Lanes whose transfer was begun while it was not known that they answer, by the transfer.
    private var begunUnproven: Set<String> = []
    private var turn: UInt64 = 0

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// It waits from now on. One that is known already stays as it is.
    package mutating func add(_ entry: Entry) {
        guard known[entry.id] == nil else { return }
        known[entry.id] = Known(entry: entry)
        jobs[entry.job, default: []].insert(entry.id)
        lanes[key(entry), default: Lane()].waiting += 1
        lanes[key(entry)]?.queue.add(entry.id, at: entry.due)
    }

    /// Takes out the one that is next, if any is due and there is a place for it. ``ended(_:next:isReached:)`` gives the place
    /// back.
    package mutating func next(at now: Double) -> Entry? {
        var best: (key: LaneKey, turn: UInt64)?
        for key in lanes.keys {
            guard let due = firstDue(of: key), due <= now, hasPlace(key), let lane = lanes[key] else { continue }
            if best.map({ lane.turn < $0.turn }) ?? true { best = (key, lane.turn) }
        }
        guard let key = best?.key, let id = lanes[key]?.queue.first?.key, let entry = known[id]?.entry else {
            return nil
        }
        turn += 1
        lanes[key]?.queue.removeFirst()
        lanes[key]?.waiting -= 1
        lanes[key]?.underWay += 1
        lanes[key]?.turn = turn
        known[id]?.isUnderWay = true
        underWay[key.kind, default: 0] += 1
        if lanes[key]?.isProven == false {
            begunUnproven.insert(id)
            unprovenUnderWay[key.kind, default: 0] += 1
        }
        return entry
    }

    /// A try is over.
    ///
    /// - Parameters:
    ///   - next: when it is tried again; nil when it is not.
    ///   - isReached: whether it got through.
    package mutating func ended(_ entry: Entry, next: Double?, isReached: Bool) {
        let key = key(entry)
        lanes[key]?.underWay -= 1
        lanes[key]?.isProven = isReached
        underWay[key.kind, default: 0] -= 1
        if begunUnproven.remove(entry.id) != nil { unprovenUnderWay[key.kind, default: 0] -= 1 }
        // Not if it was forgotten meanwhile.
        if var again = known.removeValue(forKey: entry.id)?.entry {
            jobs[again.job]?.remove(again.id)
            if jobs[again.job]?.isEmpty ?? false { jobs[again.job] = nil }
            if let next {
                again.due = next
                again.attempts += 1
                add(again)
            }
        }
        dropIfIdle(key)
    }

    /// Forgets what belongs to a job. What is under way ends as usual, and then is not there any more.
    ///
    /// - Returns: what is under way.
    package mutating func forget(_ job: JobIdentifier) -> [String] {
        var running: [String] = []
        for id in jobs.removeValue(forKey: job) ?? [] {
            guard let gone = known.removeValue(forKey: id) else { continue }
            if gone.isUnderWay {
                running.append(id)
            } else {
                lanes[key(gone.entry)]?.waiting -= 1
                dropIfIdle(key(gone.entry))
            }
        }
        return running
    }

    /// The webhooks of a job need not wait any longer for its uploads, once each of those was tried.
    package mutating func hasten(_ job: JobIdentifier, at now: Double) {
        let entries = (jobs[job] ?? []).compactMap { known[$0] }
        guard !entries.contains(where: { $0.entry.kind == .objects && $0.entry.attempts == 0 }) else { return }
        for id in entries.filter({ !$0.isUnderWay && $0.entry.kind == .webhook && $0.entry.attempts == 0 }).map(
            \.entry.id)
        {
            guard var entry = known[id]?.entry, entry.due > now else { continue }
            entry.due = now
            known[id]?.entry = entry
            lanes[key(entry)]?.queue.add(id, at: now)
        }
    }

    /// When ``next(at:)`` has something to give, unless a place has to become free first; nil when nothing waits for its time.
    package mutating func nextDue() -> Double? {
        var earliest: Double?
        for key in lanes.keys where hasPlace(key) {
            guard let due = firstDue(of: key) else { continue }
            earliest = min(earliest ?? due, due)
        }
        return earliest
    }

    // MARK: How things stand

    /// Those that are not over.
    package func count(of kind: Delivery.Kind) -> Int {
        lanes.reduce(0) { $0 + ($1.key.kind == kind ? $1.value.waiting + $1.value.underWay : 0) }
    }

    /// When the oldest that is not over became due for the first time.
    package var oldest: Double? { known.values.lazy.map(\.entry.createdAt).min() }

    package var isEmpty: Bool { known.isEmpty }

    // MARK: Lanes

    private func key(_ entry: Entry) -> LaneKey { LaneKey(kind: entry.kind, name: entry.lane) }

    /// When the first of a lane is due; what is not in it any more is cleared away.
    private mutating func firstDue(of key: LaneKey) -> Double? {
        while let (time, id) = lanes[key]?.queue.first {
            if let found = known[id], !found.isUnderWay, found.entry.due == time { return time }
            lanes[key]?.queue.removeFirst()
        }
        return nil
    }

    private func hasPlace(_ key: LaneKey) -> Bool {
        guard let lane = lanes[key], let places = limits.places[key.kind], underWay[key.kind, default: 0] < places
        else {
            return false
        }
        if lane.isProven { return lane.underWay < limits.perLane }
        let share = max(1, Int(Double(places) * limits.unprovenShare))
        return lane.underWay == 0 && unprovenUnderWay[key.kind, default: 0] < share
    }

    /// A lane with nothing in it is nobody's memory.
    private mutating func dropIfIdle(_ key: LaneKey) {
        if let lane = lanes[key], lane.waiting == 0, lane.underWay == 0 { lanes[key] = nil }
    }
}
