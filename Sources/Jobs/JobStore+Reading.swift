package import Document
internal import GRDB

/// A page of a job.
package struct StoredPage: Sendable, Equatable {
    /// Its place in the order in which the job's pages were done, from 1.
    package var sequence: Int
    package var page: Page

    package init(sequence: Int, page: Page) {
        self.sequence = sequence
        self.page = page
    }
}

/// A page as the JSON object that is kept of it.
package struct WrittenPage: Sendable, Equatable {
    package var number: Int
    package var json: String
}

/// How many jobs are not finished.
package struct JobCounts: Sendable, Equatable {
    package var queued: Int
    package var running: Int

    package init(queued: Int, running: Int) {
        self.queued = queued
        self.running = running
    }
}

extension JobStore {
    /// - Returns: nil when there is none of that name, or not any more.
    package func job(_ id: JobIdentifier) async throws(JobStoreError) -> Job? {
        try await read { db in try db.jobs(where: "id = ?", [id.description]).first }
    }

    /// The newest first.
    ///
    /// - Parameter position: only jobs older than the one of that position.
    package func jobs(before position: Int? = nil, limit: Int) async throws(JobStoreError) -> [Job] {
        try await read { db in
            try db.jobs(where: "position < ? ORDER BY position DESC LIMIT ?", [position ?? .max, max(0, limit)])
        }
    }

    /// Those of one owner, the newest first.
    ///
    /// - Parameters:
    ///   - status: nil for every one.
    ///   - position: only jobs older than the one of that position.
    package func jobs(
        of owner: String, status: JobStatus? = nil, before position: Int? = nil, limit: Int
    ) async throws(JobStoreError) -> [Job] {
        try await read { db in
            try db.jobs(
                where: """
                    owner = ? AND position < ? \(status == nil ? "" : "AND status = ?") ORDER BY position DESC LIMIT ?
                    """,
                [owner, position ?? .max] + (status.map { [$0.rawValue] } ?? []) + [max(0, limit)])
        }
    }

    package func counts() async throws(JobStoreError) -> JobCounts {
        try await read { db in
            func count(_ status: JobStatus) throws -> Int {
                // The condition that the index has, or SQLite does not see that it fits.
                let sql = "SELECT COUNT(*) FROM job WHERE status IN ('queued', 'running') AND status = ?"
                return try Int.fetchOne(db.cachedStatement(sql: sql), arguments: [status.rawValue]) ?? 0
            }
            return JobCounts(queued: try count(.queued), running: try count(.running))
        }
    }

    /// In the order in which they were done, for those who follow a job.
    ///
    /// - Parameter sequence: pages that were done after that one; 0 for all.
    package func pages(
        of id: JobIdentifier, afterSequence sequence: Int, limit: Int
    ) async throws(JobStoreError) -> [StoredPage] {
        try await read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT sequence, body FROM page WHERE job = ? AND sequence > ? ORDER BY sequence LIMIT ?")
            return try Row.fetchAll(statement, arguments: [db.job(id).position, sequence, max(0, limit)])
                .map { try JobRow.storedPage($0) }
        }
    }

    /// In the order of their numbers, as the JSON objects that were written down.
    ///
    /// - Parameter number: the first number that is wanted, if it is there.
    package func writtenPages(
        of id: JobIdentifier, fromNumber number: Int, limit: Int
    ) async throws(JobStoreError) -> [WrittenPage] {
        try await rows(of: id, "number, body", number, limit) { WrittenPage(number: $0["number"], json: $0["body"]) }
    }

    /// The same pages with nothing but what was read. SQLite takes that out of the JSON many times faster than a decoder.
    package func readPages(
        of id: JobIdentifier, fromNumber number: Int, limit: Int
    ) async throws(JobStoreError) -> [Page] {
        // A text would end at a NUL that is in it.
        let columns = #"""
            number, body ->> '$.outcome' AS outcome, body ->> '$.reason' AS reason, body ->> '$.text' AS text,
            CASE WHEN instr(body, '\u0000') > 0 THEN body END AS whole
            """#
        return try await rows(of: id, columns, number, limit) { row in
            if let whole = row["whole"] as String? { return try JobRow.page(whole) }
            guard let outcome = (row["outcome"] as String?).flatMap(Page.Outcome.init) else {
                throw JobRow.damaged("it holds a page without an outcome")
            }
            return Page(number: row["number"], outcome: outcome, reason: row["reason"], text: row["text"] ?? "")
        }
    }

    private func rows<Value: Sendable>(
        of id: JobIdentifier, _ columns: String, _ number: Int, _ limit: Int,
        _ value: @escaping @Sendable (Row) throws -> Value
    ) async throws(JobStoreError) -> [Value] {
        try await read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT \(columns) FROM page WHERE job = ? AND number >= ? ORDER BY number LIMIT ?")
            return try Row.fetchAll(statement, arguments: [db.job(id).position, number, max(0, limit)]).map(value)
        }
    }

    /// The numbers of the pages that are over.
    package func donePages(of id: JobIdentifier) async throws(JobStoreError) -> PageSet {
        try await read { db in try db.donePages(db.job(id)) }
    }

    /// How often the engine crashed while a page was at it, by the pages' numbers; empty once the job is finished.
    package func crashes(of id: JobIdentifier) async throws(JobStoreError) -> [Int: Int] {
        try await read { db in try db.crashes(db.job(id)) }
    }
}
