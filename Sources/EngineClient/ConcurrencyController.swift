/// How many requests may be at the engine at once, found from what is seen of it. Pure: time comes in.
///
/// The aim is a small queue of the engine's own that is never empty: then it is always busy, and what waits waits here,
/// where it can be cancelled, put in another order and sent elsewhere.
///
/// - While nothing waits there and every place is used, places are doubled at first, and added later.
/// - A queue that stays too long for a second is taken as seen: places become what the engine works on and a few more. For
///   less than that it may be a handful of requests that have just come.
/// - A 429 or 503 halves them.
/// - An engine that shows no queue gets the ceiling at once, and after a 429 or 503 a few places more each second.
package struct ConcurrencyController: Sendable {
    package let ceiling: Int
    package private(set) var places: Int

    /// Still doubling.
    private var isSearching = true
    private var firstReading: ContinuousClock.Instant?
    private var lastReading: ContinuousClock.Instant?
    private var lastChange: ContinuousClock.Instant?
    private var lastHalving: ContinuousClock.Instant?
    /// Since when every reading showed too many waiting, and the fewest of them.
    private var excess: (since: ContinuousClock.Instant, least: Int)?

    /// Nothing that is worth its GPU is flooded by these.
    private static let first = 32
    private static let second = Duration.seconds(1)

    package init(ceiling: Int) {
        self.ceiling = ceiling
        places = min(ceiling, Self.first)
    }

    /// What is added at a time.
    private var step: Int { max(1, ceiling / 16) }
    /// How many may wait at the engine: more than come with one step, or it would go to and fro.
    private var tolerance: Int { 2 * step + 2 }
    /// How many are left waiting at the engine when there were too many.
    private static let remainder = 2

    /// How long until the engine's queue should be looked at again: seldom, but for the first seconds.
    package func pause(at now: ContinuousClock.Instant) -> Duration {
        let isNew = firstReading.map { $0.duration(to: now) < .seconds(2) } ?? true
        return isSearching && isNew && places < ceiling ? .milliseconds(100) : Self.second
    }

    /// Another engine may be in the place of the one before.
    package mutating func restart() {
        self = ConcurrencyController(ceiling: ceiling)
    }

    /// The engine showed its queue.
    ///
    /// - Parameters:
    ///   - inside: requests of ours at the engine.
    ///   - isFull: more would be there if there were places.
    package mutating func see(_ queue: EngineQueue, inside: Int, isFull: Bool, at now: ContinuousClock.Instant) {
        firstReading = firstReading ?? now
        lastReading = now
        guard queue.waiting <= tolerance else {
            isSearching = false
            shrink(queue, inside: inside, at: now)
            return
        }
        excess = nil
        if queue.waiting > 0 { isSearching = false }
        guard isFull, queue.waiting == 0 else { return }
        // Those that are neither worked on nor waiting are still on their way or being prepared: what the engine makes of
        // them is not known yet.
        let isTakenUp = queue.running.map { 2 * $0 >= inside } ?? true
        if isSearching, isTakenUp {
            set(2 * places, at: now)
        } else {
            grow(at: now)
        }
    }

    /// The engine, which has been asked, shows no queue.
    package mutating func seeNoQueue(at now: ContinuousClock.Instant) {
        isSearching = false
        if lastHalving == nil { set(ceiling, at: now) }
    }

    /// The engine answered a request. Where its queue is not seen this is all there is to go by.
    package mutating func seeAnswer(isFull: Bool, at now: ContinuousClock.Instant) {
        if let lastReading, lastReading.duration(to: now) < .seconds(5) { return }
        if isFull { grow(at: now) }
    }

    /// The engine said "not now". Others that were sent at the same time will hear it too.
    package mutating func seeRefusal(at now: ContinuousClock.Instant) {
        isSearching = false
        if let lastHalving, lastHalving.duration(to: now) < Self.second { return }
        lastHalving = now
        set(places / 2, at: now)
    }

    private mutating func shrink(_ queue: EngineQueue, inside: Int, at now: ContinuousClock.Instant) {
        guard let (since, least) = excess else {
            excess = (now, queue.waiting)
            return
        }
        excess = (since, min(least, queue.waiting))
        // A little less than a second: the readings come a second apart, more or less.
        guard since.duration(to: now) >= Self.second * 0.8 else { return }
        excess = nil
        // From what is inside, not from the places: those that are too many leave one by one, and must not count twice.
        let wanted = inside - min(least, queue.waiting) + Self.remainder
        set(min(places, max(wanted, 2)), at: now)
    }

    private mutating func grow(at now: ContinuousClock.Instant) {
        // The first second belongs to the doubling, and to the question whether there is a queue to be seen.
        let since = lastChange ?? now
        lastChange = since
        guard since.duration(to: now) >= Self.second * 0.8 else { return }
        set(places + step, at: now)
    }

    private mutating func set(_ wanted: Int, at now: ContinuousClock.Instant) {
        lastChange = now
        places = min(max(wanted, 1), ceiling)
        if places == ceiling { isSearching = false }
    }
}
