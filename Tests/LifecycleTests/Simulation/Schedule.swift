import Lifecycle

/// What is going to happen in a simulated world, the next first. What is due at the same moment happens in the order in
/// which it was planned.
struct Schedule<Happening> {
    private struct Entry {
        var at: Instant
        var order: Int
        var happening: Happening

        func isBefore(_ other: Entry) -> Bool { (at, order) < (other.at, other.order) }
    }

    /// A binary heap.
    private var entries: [Entry] = []
    private var planned = 0

    var next: Instant? { entries.first?.at }

    mutating func plan(_ happening: Happening, at moment: Instant) {
        planned += 1
        entries.append(Entry(at: moment, order: planned, happening: happening))
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].isBefore(entries[parent]) else { break }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    mutating func takeNext() -> Happening? {
        guard let last = entries.popLast() else { return nil }
        guard let first = entries.first else { return last.happening }
        entries[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count {
                if entries[child].isBefore(entries[least]) { least = child }
            }
            guard least != parent else { return first.happening }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}
