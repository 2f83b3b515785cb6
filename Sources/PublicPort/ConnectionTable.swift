/// Which connections may be open, and which has to go when there are too many. Pure.
///
/// Beyond the limit the one goes that has waited longest without a whole request: a client that says nothing costs nobody but
/// itself. Where all are being worked on, a few more are let in on reserve, to be asked for what probes ask and nothing else:
/// who fills all places with work must not make the container look dead.
package struct ConnectionTable: Sendable {
    /// Names one connection.
    package typealias Identifier = UInt64

    private let limit: Int
    private let reserve: Int
    private var places: [Identifier: Place] = [:]
    private var newest: Identifier = 0
    private var usual = Queue()
    private var onReserve = Queue()

    private struct Place {
        var isOnReserve: Bool
        /// Where it stands among those that wait; nil while it has a request.
        var ticket: UInt64?
    }

    /// - Parameters:
    ///   - limit: connections that may be open.
    ///   - reserve: those that may be open beside, for probes.
    package init(limit: Int, reserve: Int) {
        self.limit = max(1, limit)
        self.reserve = max(1, reserve)
    }

    package var count: Int { places.count }

    /// What becomes of a connection that has just come.
    package struct Admission: Sendable, Equatable {
        /// Nil where there is no place for it at all.
        package var identifier: Identifier?
        package var isOnReserve: Bool
        /// The one that has to be closed for it; it is not in the table any more.
        package var evicted: Identifier?

        package init(identifier: Identifier? = nil, isOnReserve: Bool = false, evicted: Identifier? = nil) {
            self.identifier = identifier
            self.isOnReserve = isOnReserve
            self.evicted = evicted
        }
    }

    package mutating func admit() -> Admission {
        if places.count < limit { return seat(isOnReserve: false) }
        if let evicted = take(from: \.usual) { return seat(isOnReserve: places.count >= limit, evicted) }
        if places.count < limit + reserve { return seat(isOnReserve: true) }
        if let evicted = take(from: \.onReserve) { return seat(isOnReserve: true, evicted) }
        return Admission()
    }

    /// Says whether a connection waits for a request, and not for its answer. Does nothing for one that is not there.
    package mutating func setWaiting(_ waits: Bool, _ identifier: Identifier) {
        guard var place = places[identifier], (place.ticket != nil) != waits else { return }
        let queue = place.isOnReserve ? \ConnectionTable.onReserve : \.usual
        if let ticket = place.ticket {
            self[keyPath: queue].remove(ticket)
            place.ticket = nil
        } else {
            place.ticket = self[keyPath: queue].add(identifier)
        }
        places[identifier] = place
    }

    package mutating func remove(_ identifier: Identifier) {
        setWaiting(false, identifier)
        places[identifier] = nil
    }

    private mutating func seat(isOnReserve: Bool, _ evicted: Identifier? = nil) -> Admission {
        newest += 1
        places[newest] = Place(isOnReserve: isOnReserve)
        setWaiting(true, newest)
        return Admission(identifier: newest, isOnReserve: isOnReserve, evicted: evicted)
    }

    private mutating func take(from queue: WritableKeyPath<ConnectionTable, Queue>) -> Identifier? {
        guard let identifier = self[keyPath: queue].first() else { return nil }
        remove(identifier)
        return identifier
    }

    /// In order of arrival, with removal from anywhere; no step takes longer the more there are.
    private struct Queue: Sendable {
        private var waiting: [UInt64: Identifier] = [:]
        private var oldest: UInt64 = 0
        private var next: UInt64 = 0

        mutating func add(_ identifier: Identifier) -> UInt64 {
            defer { next += 1 }
            waiting[next] = identifier
            return next
        }

        mutating func remove(_ ticket: UInt64) { waiting[ticket] = nil }

        mutating func first() -> Identifier? {
            // Tickets that were given back are passed over once.
            while oldest < next, waiting[oldest] == nil { oldest += 1 }
            return waiting[oldest]
        }
    }
}
