internal import GRDB
import Glibc
import Storage

/// Opening the database: how it is to be kept, and what is done with one that cannot be used.
enum JobDatabase {
    /// - Parameters:
    ///   - sharesMemory: whether SQLite may keep the index of its log in a file that is mapped. Where it may not, the
    ///     index is in our memory, and nobody else can look into the database while we have it.
    ///   - now: seconds since 1970.
    static func open(
        in folder: JobFolder, sharesMemory: Bool, at now: Double, warn: (String) -> Void
    ) throws(JobStoreError) -> DatabaseQueue {
        if access(folder.damageMark, F_OK) == 0 {
            try begin(anew: folder, because: "it was found to be damaged", at: now, warn)
        }
        do {
            return try openOnce(folder, sharesMemory)
        } catch .damaged(_, let reason) {
            try begin(anew: folder, because: reason, at: now, warn)
            return try openOnce(folder, sharesMemory)
        }
    }

    private static func begin(
        anew folder: JobFolder, because reason: String, at now: Double, _ warn: (String) -> Void
    ) throws(JobStoreError) {
        let aside = try folder.moveDatabaseAside(at: now)
        warn("the jobs in \(folder.database) are lost (\(reason)): it is now \(aside), and a new one was begun")
    }

    private static func openOnce(_ folder: JobFolder, _ sharesMemory: Bool) throws(JobStoreError) -> DatabaseQueue {
        // Made here, for its mode; its log takes after it.
        let descriptor = Glibc.open(folder.database, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor >= 0 { close(descriptor) }
        do {
            let queue = try DatabaseQueue(path: folder.database, configuration: configuration(sharesMemory))
            try queue.inDatabase { db in
                let unknown = try String.fetchAll(db, sql: knowsMigrations(db) ? unknownMigrations : "SELECT 1 WHERE 0")
                    .filter { !JobSchema.migrator.migrations.contains($0) }
                if !unknown.isEmpty { throw JobStoreError.newer(path: folder.database, unknown: unknown) }
                try check(db, folder)
            }
            try JobSchema.migrator.migrate(queue)
            let tables = ["job", "page", "crash", "page_count", "delivery"]
            for table in tables where try !queue.inDatabase({ try $0.tableExists(table) }) {
                throw JobStoreError.damaged(path: folder.database, reason: "it has no table \(table)")
            }
            return queue
        } catch {
            throw JobStoreError(error, in: folder)
        }
    }

    private static let unknownMigrations = "SELECT identifier FROM grdb_migrations ORDER BY identifier"

    private static func knowsMigrations(_ db: Database) throws -> Bool { try db.tableExists("grdb_migrations") }

    /// A larger one is not read as a whole: the start would wait for it. Damage is then found when it is met.
    private static let maximumCheckedBytes = 64 << 20

    private static func check(_ db: Database, _ folder: JobFolder) throws {
        guard try JobUsage.databaseBytes(db) <= maximumCheckedBytes else { return }
        let answer = try String.fetchOne(db, sql: "PRAGMA quick_check(1)")
        guard answer == "ok" else {
            throw JobStoreError.damaged(path: folder.database, reason: answer ?? "its check says nothing")
        }
    }

    private static func configuration(_ sharesMemory: Bool) -> Configuration {
        var configuration = Configuration()
        configuration.label = "jobs"
        // For a person who looks into the database meanwhile; we are the only ones who write.
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { db in
            // Before the log is opened, by whatever reads first: only then its index is not made as a file.
            if !sharesMemory { try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE") }
            // Before the log is chosen: that writes the file's first page, after which this cannot be changed. Only once,
            // since it writes each time, for which there may be no room.
            if try Int.fetchOne(db, sql: "PRAGMA auto_vacuum") != 2 {
                try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            }
            guard try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") == "wal" else {
                throw DatabaseError(resultCode: .SQLITE_CANTOPEN, message: "its write-ahead log cannot be used there")
            }
            // A commit is on the disk before anybody is told.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            // What is removed from a page of the file that is written anyway is overwritten: passwords, above all.
            try db.execute(sql: "PRAGMA secure_delete = FAST")
            // Sorting needs no files in a folder of which nobody knows how large it is.
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
        }
        return configuration
    }
}

extension JobStoreError {
    /// Makes one of ours of whatever was thrown while the database was in use; marks it when it is damaged.
    init(_ error: any Error, in folder: JobFolder) {
        if let error = error as? JobStoreError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            self = .unavailable(folder: folder.path, reason: "\(error)")
            return
        }
        let reason = error.message ?? "\(error.resultCode)"
        switch error.resultCode {
        case .SQLITE_FULL:
            self = .full(folder: folder.path)
        case .SQLITE_IOERR where (DiskRoom(folder: folder.path).freeBytes() ?? .max) < 1 << 20:
            // What SQLite says when it is the log's index that finds no room.
            self = .full(folder: folder.path)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self = .damaged(path: folder.database, reason: reason)
            let mark = open(folder.damageMark, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            if mark >= 0 { close(mark) }
        case .SQLITE_MISUSE:
            // What GRDB says of a connection that is closed.
            self = .closed
        default:
            self = .unavailable(folder: folder.path, reason: "\(reason) (\(error.extendedResultCode.rawValue))")
        }
    }
}
