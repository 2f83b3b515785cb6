/// Whose page is next: every document gets the same share, however long it is. Pure.
///
/// Each counts the pages it was served; the one with the fewest is next, and one that comes later begins with as many as
/// the least served has, so that it neither waits behind a thousand pages nor takes everything until it has caught up.
package struct FairTurns<Key: Hashable & Sendable>: Sendable {
    private struct Entry {
        var key: Key
        var served: Int
        var isNew = true
    }

    /// How many pages more than another one a document may be served before it is the other's turn: a renderer has one
    /// document open, and another costs opening it.
    private let patience: Int
    /// In order of arrival.
    private var entries: [Entry] = []
    private var last: Key?

    package init(patience: Int = 4) { self.patience = patience }

    package var isEmpty: Bool { entries.isEmpty }

    /// It has pages to be read. One that is there already keeps its place.
    ///
    /// - Parameter inFront: before others that were never served.
    package mutating func add(_ key: Key, inFront: Bool = false) {
        guard !entries.contains(where: { $0.key == key }) else { return }
        let entry = Entry(key: key, served: entries.map(\.served).min() ?? 0)
        entries.insert(entry, at: inFront ? entries.startIndex : entries.endIndex)
    }

    /// It has none left.
    package mutating func remove(_ key: Key) { entries.removeAll { $0.key == key } }

    /// Serves one page.
    package mutating func next() -> Key? {
        // One that was never served goes first among equals, and does not wait for anybody's convenience.
        func rank(_ entry: Entry) -> (Int, Int) { (entry.served, entry.isNew ? 0 : 1) }
        guard let least = entries.indices.min(by: { rank(entries[$0]) < rank(entries[$1]) }) else { return nil }
        var index = least
        if !entries[least].isNew, let current = entries.firstIndex(where: { $0.key == last }),
            entries[current].served < entries[least].served + patience
        {
            index = current
        }
        entries[index].served += 1
        entries[index].isNew = false
        last = entries[index].key
        return last
    }
}
