package import Document
internal import GRDB

/// A page that is not as it should be.
package struct PageTrouble: Sendable, Equatable {
    package var number: Int
    package var outcome: Page.Outcome
    package var reason: String?

    package init(number: Int, outcome: Page.Outcome, reason: String?) {
        self.number = number
        self.outcome = outcome
        self.reason = reason
    }
}

extension JobStore {
    /// The pages that failed or may be incomplete, in order of their numbers, without their text.
    package func troubles(of id: JobIdentifier) async throws(JobStoreError) -> [PageTrouble] {
        try await read { db in
            let sql = """
                SELECT number, body ->> '$.outcome' AS outcome, body ->> '$.reason' AS reason
                FROM page WHERE job = ? AND body ->> '$.outcome' <> 'ok' ORDER BY number
                """
            let rows = try Row.fetchAll(db.cachedStatement(sql: sql), arguments: [db.job(id).position])
            return rows.map { row in
                PageTrouble(
                    number: row["number"], outcome: Page.Outcome(rawValue: row["outcome"]) ?? .failed,
                    reason: row["reason"])
            }
        }
    }
}
