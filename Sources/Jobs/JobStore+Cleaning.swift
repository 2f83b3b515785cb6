internal import GRDB

/// What is removed, and when. The user's result files never are.
extension JobStore {
    /// Removes finished jobs that are older than ``JobLimits/retention``, and, the oldest first, those over
    /// ``JobLimits/maximumBytes`` that are older than ``JobLimits/leastRetention``; then gives what they took of the disk back. Others are served in between. One of which
    /// something is still to be delivered stays: what the store of results did not take yet is nowhere else for sure.
    ///
    /// - Returns: what was removed.
    package func clean(at now: Double) async throws(JobStoreError) -> [JobIdentifier] {
        let (oldest, maximumBytes) = (now - limits.retention, limits.maximumBytes)
        let youngest = now - limits.leastRetention
        var removed: [JobIdentifier] = []
        while true {
            let some = try await write { db in
                var some: [JobIdentifier] = []
                for job in try db.oldestRemovableJobs(Self.removedAtOnce) {
                    let finishedAt = job.finishedAt ?? now
                    let isTooMuch = try finishedAt <= youngest && JobUsage(db).totalBytes > maximumBytes
                    guard finishedAt <= oldest || isTooMuch else { break }
                    try db.remove(job)
                    some.append(job.id)
                }
                return some
            }
            removed += some
            if some.count < Self.removedAtOnce { break }
        }
        try await write { db in try db.forgetPageCounts(at: now) }
        try await shrink()
        return removed
    }

    /// Removes one job that is finished, and forgets what was still to be delivered of it.
    ///
    /// - Throws: ``JobStoreError/unfinished(_:)`` when it is not.
    package func remove(_ id: JobIdentifier) async throws(JobStoreError) {
        try await write { db in
            let job = try db.job(id)
            guard job.status.isFinished else { throw JobStoreError.unfinished(job.status) }
            try db.remove(job)
        }
        try await shrink()
    }

    /// Jobs in one transaction.
    private static let removedAtOnce = 20
    /// Pages of the file, of 4096 bytes, that are freed in one transaction.
    private static let freedAtOnce = 1000
    /// Pages that stay in the file, for what comes next.
    private static let keptFreePages = 256

    private func shrink() async throws(JobStoreError) {
        while true {
            let isDone = try await read { db in
                let excess = try JobUsage.freePages(db) - Self.keptFreePages
                if excess > 0 { try db.execute(sql: "PRAGMA incremental_vacuum(\(min(excess, Self.freedAtOnce)))") }
                return excess <= Self.freedAtOnce
            }
            if isDone { break }
        }
        // The file becomes shorter when the log is emptied. What stands in the way passes.
        _ = try await read { db in try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") != nil }
    }
}

extension Database {
    fileprivate func oldestRemovableJobs(_ limit: Int) throws -> [Job] {
        try jobs(
            where: """
                finished_at IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.job = job.position AND delivery.status = 'waiting')
                ORDER BY finished_at, position LIMIT ?
                """,
            [limit])
    }

    fileprivate func remove(_ job: Job) throws {
        try cachedStatement(sql: "DELETE FROM job WHERE position = ?").execute(arguments: [job.position])
    }
}
