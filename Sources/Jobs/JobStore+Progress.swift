package import Document
internal import GRDB

/// What came of a page that was handed in.
package enum PageCommit: Sendable, Equatable {
    /// - Parameters:
    ///   - sequence: the page's place in the order in which the job's pages were done, from 1.
    ///   - pagesDone: pages of the job that are over, with this one.
    case committed(sequence: Int, pagesDone: Int)
    /// The page was there already, and is as it was.
    case alreadyThere
    /// The job was finished meanwhile, cancelled for example; the page is not kept.
    case jobFinished(JobStatus)
}

/// What is done with a job, from its first page to its end.
extension JobStore {
    /// Work on a job begins, for the first time or again.
    ///
    /// - Throws: ``JobStoreError/finished(_:)`` when it was cancelled meanwhile.
    package func begin(_ id: JobIdentifier, at now: Double) async throws(JobStoreError) -> Job {
        try await change(id) { db, job in
            try db.update(
                job, "status = 'running', starts = starts + 1, started_at = COALESCE(started_at, ?)", [now])
        }
    }

    /// The document was opened.
    package func opened(_ id: JobIdentifier, pageCount: Int, selected: Int) async throws(JobStoreError) -> Job {
        try await change(id) { db, job in
            try db.update(job, "page_count = ?, pages_selected = ?", [pageCount, selected])
        }
    }

    /// A page is over, whatever its outcome. Each page of a job is kept once.
    package func commit(_ page: Page, of id: JobIdentifier) async throws(JobStoreError) -> PageCommit {
        let body: String
        do { body = try JobRow.encode(page) } catch { throw JobStoreError(error, in: folder) }
        let (number, outcome) = (page.number, page.outcome)
        return try await write { db in
            let job = try db.job(id)
            if job.status.isFinished { return .jobFinished(job.status) }
            let sequence = job.pagesDone + 1
            try db.cachedStatement(
                sql:
                    "INSERT INTO page (job, number, sequence, body) VALUES (?, ?, ?, ?) ON CONFLICT (job, number) DO NOTHING"
            ).execute(arguments: [job.position, number, sequence, body])
            guard db.changesCount > 0 else { return .alreadyThere }
            try db.update(
                job,
                "pages_done = ?, pages_degraded = pages_degraded + ?, pages_failed = pages_failed + ?, starts = 0",
                [sequence, outcome == .degraded ? 1 : 0, outcome == .failed ? 1 : 0])
            return .committed(sequence: sequence, pagesDone: sequence)
        }
    }

    /// How often the engine has crashed while a page was at it. A lower number than is known changes nothing.
    package func note(crashes: Int, ofPage number: Int, of id: JobIdentifier) async throws(JobStoreError) {
        try await write { db in
            let job = try db.job(id)
            try db.cachedStatement(
                sql: """
                    INSERT INTO crash (job, number, count) VALUES (?, ?, ?)
                    ON CONFLICT (job, number) DO UPDATE SET count = MAX(count, excluded.count)
                    """
            ).execute(arguments: [job.position, number, crashes])
        }
    }

    /// A job is over: its document and its password are removed, its pages stay, and whoever is to be told of it is.
    ///
    /// - Returns: the job, with the ``Delivery``s that its end brings with it.
    /// - Throws: ``JobStoreError/finished(_:)`` when it was over before; nothing is changed then.
    package func finish(_ id: JobIdentifier, _ end: JobEnd, at now: Double) async throws(JobStoreError) -> Job {
        let (hadPassword, finished) = try await write { db in
            let job = try db.job(id)
            if job.status.isFinished { throw JobStoreError.finished(job.status) }
            try db.finish(job, end, at: now)
            // Read here: after this transaction anybody may remove it.
            return (job.options.password != nil, try db.job(id))
        }
        folder.removeSpoolFile(of: id)
        if hadPassword {
            // It still stands in the log, which this empties. The job is finished all the same if it cannot be.
            try? await read { db in _ = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        }
        return finished
    }

    /// - Throws: ``JobStoreError/finished(_:)`` when it was over before.
    package func cancel(
        _ id: JobIdentifier, detail: String = "The job was cancelled.", at now: Double
    ) async throws(JobStoreError) -> Job {
        try await finish(id, JobEnd(.cancelled, detail: detail), at: now)
    }

    /// This process ends as it was asked to: what it was working on waits for the next one, and did not end it.
    package func suspend() async throws(JobStoreError) {
        try await write { db in
            try db.execute(
                sql: """
                    UPDATE job SET revision = revision + 1, status = 'queued', starts = MAX(0, starts - 1)
                    WHERE status = 'running'
                    """)
        }
    }

    private func change(
        _ id: JobIdentifier, _ body: @escaping @Sendable (Database, Job) throws -> Void
    ) async throws(JobStoreError) -> Job {
        try await write { db in
            let job = try db.job(id)
            if job.status.isFinished { throw JobStoreError.finished(job.status) }
            try body(db, job)
            return try db.job(id)
        }
    }
}

extension Database {
    /// - Parameter job: not finished.
    func finish(_ job: Job, _ end: JobEnd, at now: Double) throws {
        precondition(end.status.isFinished, "a job cannot end as \(end.status)")
        try update(
            job,
            """
            status = ?, finished_at = ?, password = NULL, detail = ?, failure_code = ?, failure_status = ?,
            model = ?, markdown_path = ?, json_path = ?
            """,
            [
                end.status.rawValue, now, end.detail, end.failure?.code, end.failure?.httpStatus, end.model,
                end.results?.markdown, end.results?.json,
            ])
        try countPages(of: job, at: now)
        try addDeliveries(of: job, end, at: now)
        // Of no use any more.
        try cachedStatement(sql: "DELETE FROM crash WHERE job = ?").execute(arguments: [job.position])
    }
}
