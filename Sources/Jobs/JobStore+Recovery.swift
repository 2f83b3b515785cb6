internal import GRDB

/// A job that goes on after a start.
package struct UnfinishedJob: Sendable {
    /// Queued. Its `starts` says how often work on it was begun and came to nothing: from 2 on it may be what ends this
    /// process, and should be worked on when nothing else is.
    package var job: Job
    /// The pages that are over.
    package var done: PageSet
    /// How often the engine crashed while a page was at it, by the pages' numbers.
    package var crashes: [Int: Int]
}

extension JobStore {
    /// All jobs that are not finished, in the order of their creation; they are queued from now on. To be called once,
    /// before any work.
    ///
    /// Jobs that were begun ``JobLimits/maximumStarts`` times without one page being done have failed.
    ///
    /// - Returns: what goes on, and what was given up.
    package func recover(
        at now: Double
    ) async throws(JobStoreError) -> (unfinished: [UnfinishedJob], givenUp: [Job]) {
        let maximumStarts = limits.maximumStarts
        let recovered = try await write { db in
            let condition = "status = 'running' AND starts >= ?"
            let givenUp = try db.jobs(where: condition, [maximumStarts])
            for job in givenUp {
                try db.finish(
                    job,
                    JobEnd(
                        .failed,
                        detail: "Reading the document ended the service \(job.starts) times in a row; it was given up.",
                        failure: .givenUp),
                    at: now)
            }
            try db.execute(sql: "UPDATE job SET revision = revision + 1, status = 'queued' WHERE status = 'running'")
            let unfinished = try db.jobs(where: "status IN ('queued', 'running') ORDER BY position").map {
                UnfinishedJob(job: $0, done: try db.donePages($0), crashes: try db.crashes($0))
            }
            return (unfinished: unfinished, givenUp: try givenUp.map { try db.job($0.id) })
        }
        for job in recovered.givenUp { folder.removeSpoolFile(of: job.id) }
        return recovered
    }
}
