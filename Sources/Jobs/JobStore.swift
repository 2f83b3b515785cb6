internal import GRDB
package import Storage
import Synchronization

/// How long jobs are kept, and how much of the disk they may have.
package struct JobLimits: Sendable {
    /// Seconds for which a finished job is kept.
    package var retention = 24.0 * 3600
    /// Seconds for which a finished job is kept however much there is, unless ``retention`` is over: whoever waits for it,
    /// or asks for it now and then, comes to know of its end. What cannot be removed, since it waits or is still to be
    /// delivered, may be more than ``maximumBytes`` by itself.
    package var leastRetention = 600.0
    /// Bytes that the database and the spool may have together before finished jobs are removed early.
    package var maximumBytes = 10 << 30
    /// Bytes that new work leaves free on the disk.
    package var reserveBytes = DiskRoom.usualReserveBytes
    /// How often work on a job may be begun without one page being done in between, before it is given up.
    package var maximumStarts = 5

    package init() {}
}

/// Documents, their pages and what became of them, on disk: what was told to somebody is there after any end of this
/// process, and after a power cut where the disk keeps its word.
///
/// One process at a time has the folder. All calls may come from anywhere, at the same time; they return once the disk
/// has what was written. Errors are ``JobStoreError``. Times are seconds since 1970.
package final class JobStore: Sendable {
    let folder: JobFolder
    let commits: GroupCommit
    private let database: DatabaseQueue
    let limits: JobLimits
    /// What happened at the start that the operator should know, as sentences without their full stops.
    package let warnings: [String]
    /// The room on the disk of the folder. New work asks before it is taken: see ``DiskRoom/hasRoom(for:)``.
    package let room: DiskRoom

    /// Takes the folder, which is made if it is not there. Blocks for milliseconds; longer while another owner is there.
    ///
    /// What an earlier owner left half done is put right: documents without a job are removed, and jobs without their
    /// document fail.
    ///
    /// - Parameters:
    ///   - patience: seconds for which another owner, who may be about to end, is waited for.
    ///   - sharesMemory: nil asks the file system whether it lets processes share mapped files.
    package init(
        folder path: String, limits: JobLimits = JobLimits(), at now: Double, patience: Double = 5,
        sharesMemory: Bool? = nil
    ) throws(JobStoreError) {
        var warnings: [String] = []
        let folder = try JobFolder(path: path, patience: patience) { warnings.append($0) }
        let sharesMemory = sharesMemory ?? FileSystem(of: path)?.sharesMappedFiles ?? false
        let database = try JobDatabase.open(in: folder, sharesMemory: sharesMemory, at: now) { warnings.append($0) }
        do {
            try database.inDatabase { db in
                try Self.reconcile(db, folder, at: now) { warnings.append($0) }
            }
        } catch {
            throw JobStoreError(error, in: folder)
        }
        self.folder = folder
        self.database = database
        self.limits = limits
        self.warnings = warnings
        commits = GroupCommit(database)
        room = DiskRoom(folder: path, reserveBytes: limits.reserveBytes)
    }

    /// Ends the use of the folder, after what was asked for before. Blocks. Later calls throw ``JobStoreError/closed``.
    package func close() throws(JobStoreError) {
        do { try database.close() } catch { throw JobStoreError(error, in: folder) }
        folder.release()
    }

    /// What the jobs take of the disk.
    package func usage() async throws(JobStoreError) -> JobUsage {
        try await read { db in try JobUsage(db) }
    }

    // MARK: For the extensions

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(JobStoreError) -> Value {
        do { return try await commits.read(body) } catch { throw JobStoreError(error, in: folder) }
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(JobStoreError) -> Value {
        do { return try await commits.write(body) } catch { throw JobStoreError(error, in: folder) }
    }

    // MARK: The start

    /// A document is on disk before its job is, and is removed after its job was finished: what is there of one and not
    /// of the other tells where an earlier owner was stopped.
    private static func reconcile(
        _ db: Database, _ folder: JobFolder, at now: Double, warn: (String) -> Void
    ) throws {
        var kept: Set<JobIdentifier> = []
        var lost = 0
        try db.inTransaction(.immediate) {
            for job in try db.jobs(where: "status IN ('queued', 'running')") {
                if folder.hasSpoolFile(of: job.id) {
                    kept.insert(job.id)
                    continue
                }
                lost += 1
                try db.finish(
                    job,
                    JobEnd(
                        .failed, detail: "The document was lost before it was read; send it again.",
                        failure: .documentLost),
                    at: now)
            }
            return .commit
        }
        if lost > 0 { warn("\(lost) unfinished jobs had lost their documents in \(folder.spool): they have failed") }
        _ = folder.sweepSpool(except: kept)
    }
}
