/// Of a line that is repeated, the first is told and then how often it came again: the same record with `repeated` and
/// `repeated_seconds` (the time from the first of them to the last). Also where a few different lines take turns.
///
/// What is held back is told when another line comes, and else after a second, then after two, four and eight, and every ten
/// seconds while it goes on. One that came again only once is told as it is. Lines are the same only when all in them but
/// the time is.
package struct RepeatFilter: Sendable {
    /// The last different records, in no order.
    private var entries: [Entry] = []
    private var held = 0

    /// Lines that take turns; each may be as long as a record may.
    private static let mostEntries = 8
    /// In seconds. What has not come for so long is new.
    private static let longestWait = 10.0

    private struct Entry: Sendable {
        var record: Record
        /// How often it came since it was told.
        var count = 0
        /// Of those.
        var first = 0.0
        var last: Double
        /// How long the next may be held back, in seconds.
        var patience = 1.0

        var due: Double { first + patience }
    }

    package init() {}

    /// - Returns: what is to be told now, in order.
    package mutating func pass(_ record: Record) -> [Record] {
        let now = record.time
        guard let index = entries.firstIndex(where: { $0.record.isRepeated(by: record) }) else {
            return tell(record, at: entries.count < Self.mostEntries ? entries.count : oldest)
        }
        // One that came long ago is new; and the clock may have been set back.
        guard now - entries[index].last < Self.longestWait, now >= entries[index].last - 1 else {
            return tell(record, at: index)
        }
        if entries[index].count == 0 {
            held += 1
            entries[index].first = now
        }
        entries[index].count += 1
        entries[index].last = now
        return tick(at: now)
    }

    /// Tells what has been held back long enough.
    package mutating func tick(at now: Double) -> [Record] {
        guard held > 0 else { return [] }
        var told: [Record] = []
        for index in entries.indices
        where entries[index].count > 0 && (entries[index].due <= now || now < entries[index].first) {
            told.append(take(index))
            entries[index].patience = min(entries[index].patience * 2, Self.longestWait)
        }
        return told.count > 1 ? told.sorted { $0.time < $1.time } : told
    }

    /// When ``tick(at:)`` has something; nil while nothing is held back.
    package var waitsUntil: Double? {
        held > 0 ? entries.lazy.filter { $0.count > 0 }.map(\.due).min() : nil
    }

    /// Tells all that is held back: nothing more will come.
    package mutating func finish(at now: Double) -> [Record] {
        defer { entries = [] }
        return flush()
    }

    /// Tells a line for the first time, behind all that is held back.
    private mutating func tell(_ record: Record, at index: Int) -> [Record] {
        var told = held > 0 ? flush() : []
        told.append(record)
        let entry = Entry(record: record, last: record.time)
        if index == entries.count { entries.append(entry) } else { entries[index] = entry }
        return told
    }

    /// The one that has not come for the longest time.
    private var oldest: Int {
        var oldest = 0
        for index in entries.indices where entries[index].last < entries[oldest].last { oldest = index }
        return oldest
    }

    private mutating func flush() -> [Record] {
        var told: [Record] = []
        for index in entries.indices where entries[index].count > 0 { told.append(take(index)) }
        return told.sorted { $0.time < $1.time }
    }

    private mutating func take(_ index: Int) -> Record {
        let entry = entries[index]
        entries[index].count = 0
        held -= 1
        var record = entry.record
        record.time = entry.last
        guard entry.count > 1 else { return record }
        record.fields.append(Record.Field("repeated", .integer(entry.count)))
        let seconds = ((entry.last - entry.first) * 1000).rounded() / 1000
        record.fields.append(Record.Field("repeated_seconds", .number(max(0, seconds))))
        return record
    }
}

extension Record {
    /// Whether the other says the same. By bytes: two strings of other characters are other lines, however alike.
    fileprivate func isRepeated(by other: Record) -> Bool {
        message.utf8.count == other.message.utf8.count && level == other.level && pid == other.pid
            && fields.count == other.fields.count && message.utf8.span.equals(other.message.utf8.span)
            && fields == other.fields
    }
}
