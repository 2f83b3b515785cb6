internal import GRDB

/// What jobs take of the disk.
package struct JobUsage: Sendable, Equatable {
    /// Bytes of the database that hold something.
    package var databaseBytes: Int
    /// Bytes of the documents that wait or are worked on.
    package var spoolBytes: Int

    package var totalBytes: Int { databaseBytes + spoolBytes }

    init(_ db: Database) throws {
        databaseBytes = try Self.databaseBytes(db)
        spoolBytes =
            try Int.fetchOne(
                db, sql: "SELECT COALESCE(SUM(bytes), 0) FROM job WHERE status IN ('queued', 'running')") ?? 0
    }

    static func databaseBytes(_ db: Database) throws -> Int {
        let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        let size = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 0
        return (pages - (try freePages(db))) * size
    }

    /// Pages of the file that hold nothing any more.
    static func freePages(_ db: Database) throws -> Int { try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0 }
}
