internal import GRDB

/// A day as pages are counted: it begins at midnight, UTC. Times are seconds since 1970.
package enum PageDay {
    package static func number(of time: Double) -> Int { Int((time / 86_400).rounded(.down)) }

    /// Seconds from then to the next day, at least one.
    package static func secondsLeft(at time: Double) -> Int {
        max(1, Int((Double(number(of: time) + 1) * 86_400 - time).rounded(.up)))
    }
}

/// How many pages the owners of jobs have had read. Kept apart from the jobs, so that forgetting a job gives nothing back.
extension JobStore {
    /// Pages of jobs that ended on the day of that moment (UTC), and all that is wanted of those that have not ended. A
    /// document that was not opened yet counts as one page.
    ///
    /// - Parameter now: seconds since 1970.
    package func pagesTaken(by owner: String, at now: Double) async throws(JobStoreError) -> Int {
        try await read { db in
            let ended = try Int.fetchOne(
                db.cachedStatement(sql: "SELECT pages FROM page_count WHERE owner = ? AND day = ?"),
                arguments: [owner, PageDay.number(of: now)])
            let wanted = try Int.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT SUM(MAX(COALESCE(pages_selected, 1), pages_done)) FROM job
                        WHERE status IN ('queued', 'running') AND owner = ?
                        """),
                arguments: [owner])
            return (ended ?? 0) + (wanted ?? 0)
        }
    }
}

extension Database {
    /// Counts the pages of a job that ends.
    func countPages(of job: Job, at now: Double) throws {
        guard let owner = job.owner, job.pagesDone > 0 else { return }
        let statement = try cachedStatement(
            sql: """
                INSERT INTO page_count (owner, day, pages) VALUES (?, ?, ?)
                ON CONFLICT (owner, day) DO UPDATE SET pages = pages + excluded.pages
                """)
        try statement.execute(arguments: [owner, PageDay.number(of: now), job.pagesDone])
    }

    /// Forgets the days before yesterday.
    func forgetPageCounts(at now: Double) throws {
        let statement = try cachedStatement(sql: "DELETE FROM page_count WHERE day < ?")
        try statement.execute(arguments: [PageDay.number(of: now) - 1])
    }
}
