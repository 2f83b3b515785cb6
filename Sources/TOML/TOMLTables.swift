/// A table while its file is being read: what may still be put into it depends on how it came to be.
final class TOMLTableNode {
    var entries: [String: Entry] = [:]
    /// A header has named it, or a section that wrote into it by dotted keys is over: neither may be done again.
    var isClosed = false
    /// An inline table is complete where it ends.
    var isFrozen = false

    enum Entry {
        case value(TOMLValue)
        case table(TOMLTableNode)
        /// Of `[[headers]]`; the last one is the one that is written into.
        case tables(TOMLTableList)
    }

    var values: [String: TOMLValue] {
        entries.mapValues { entry in
            switch entry {
            case .value(let value): value
            case .table(let table): .table(table.values)
            case .tables(let list): .list(list.tables.map { .table($0.values) })
            }
        }
    }
}

/// The tables of one `[[header]]`; never empty.
final class TOMLTableList {
    var tables: [TOMLTableNode]

    init(_ first: TOMLTableNode) { tables = [first] }
}

/// Why something cannot be put where it was to be put.
struct TOMLConflict: Error {
    var message: String
}

extension TOMLTableNode {
    /// The table that a header names, made if need be.
    ///
    /// - Returns: the table, and its path.
    func open(_ path: [String], isOneOfMany: Bool) throws(TOMLConflict) -> (table: TOMLTableNode, path: String) {
        var (table, name) = (self, "")
        for key in path.dropLast() {
            name = TOMLPath.join(name, key)
            switch table.entries[key] {
            case nil:
                let new = TOMLTableNode()
                table.entries[key] = .table(new)
                table = new
            case .table(let next) where !next.isFrozen: table = next
            case .tables(let list):
                table = list.tables[list.tables.count - 1]
                name += "[\(list.tables.count - 1)]"
            case .table: throw TOMLConflict(message: "`\(name)` is complete where its braces end: nothing can be added")
            case .value: throw TOMLConflict(message: "`\(name)` has a value already, and so cannot be a table")
            }
        }
        let last = path[path.count - 1]
        name = TOMLPath.join(name, last)
        let new = TOMLTableNode()
        new.isClosed = true
        switch (table.entries[last], isOneOfMany) {
        case (nil, false):
            table.entries[last] = .table(new)
        case (nil, true):
            table.entries[last] = .tables(TOMLTableList(new))
            name += "[0]"
        case (.tables(let list), true):
            name += "[\(list.tables.count)]"
            list.tables.append(new)
        case (.table(let other), false) where !other.isClosed && !other.isFrozen:
            other.isClosed = true
            return (other, name)
        case (.value, _): throw TOMLConflict(message: "`\(name)` has a value already, and so cannot be a table")
        default: throw TOMLConflict(message: "the table `\(name)` stands here for the second time")
        }
        return (new, name)
    }

    /// The table that the first parts of a dotted key name, made if need be.
    ///
    /// - Parameter touched: tables that this section writes into by dotted keys, and that it closes.
    func descend(_ path: some Sequence<String>, touched: inout [TOMLTableNode]) throws(TOMLConflict) -> TOMLTableNode {
        var table = self
        for key in path {
            switch table.entries[key] {
            case nil:
                let new = TOMLTableNode()
                table.entries[key] = .table(new)
                table = new
            case .table(let next) where !next.isClosed && !next.isFrozen: table = next
            case .value: throw TOMLConflict(message: "`\(key)` has a value already, and so cannot be a table")
            default: throw TOMLConflict(message: "the table `\(key)` is complete elsewhere: nothing can be added here")
            }
            touched.append(table)
        }
        return table
    }
}
