import Document
import Foundation
import GRDB
import Jobs
import TestSupport
import Testing

/// Jobs that belong to somebody.
@Suite struct HolderTests {
    @Test func aJobKeepsItsOwner() async throws {
        var place = try Workplace()
        let (owned, free) = (try await place.job(.sample(owner: "a")), try await place.job())
        #expect(owned.owner == "a" && free.owner == nil)
        place = try place.reopened()
        #expect(try await place.store.job(owned.id)?.owner == "a")
        #expect(try await place.store.recover(at: moment).unfinished.map(\.job.owner) == ["a", nil])
    }

    @Test func eachOwnerHasIdempotencyKeysOfItsOwn() async throws {
        let place = try Workplace()
        var ids: Set<JobIdentifier> = []
        for owner in [nil, "a", "b", "A"] {
            let job = try await place.job(.sample(key: "k", owner: owner))
            ids.insert(job.id)
            #expect(try await place.create(.sample(key: "k", owner: owner)).existing?.id == job.id)
            #expect(try await place.create(.sample(sha256: "other", key: "k", owner: owner)).conflict?.id == job.id)
        }
        #expect(ids.count == 4)
        // Without a key nothing is the same, whoever sends it.
        for _ in 0..<2 { #expect(try await place.create(.sample(owner: "a")).created != nil) }
    }

    @Test func listsOneOwnersJobsPageByPage() async throws {
        let place = try Workplace()
        var own: [JobIdentifier] = []
        for number in 0..<10 {
            own.insert(try await place.job(.sample("\(number)", owner: "a")).id, at: 0)
            _ = try await place.job(.sample(owner: number.isMultiple(of: 2) ? "b" : nil))
        }
        for id in own.prefix(3) { _ = try await place.store.cancel(id, at: moment) }
        var listed: [JobIdentifier] = []
        var position: Int?
        while true {
            let some = try await place.store.jobs(of: "a", before: position, limit: 4)
            #expect(some.allSatisfy { $0.owner == "a" } && some.count <= 4)
            listed += some.map(\.id)
            guard let last = some.last else { break }
            position = last.position
            // What is forgotten meanwhile breaks nothing.
            if last.status == .cancelled { try await place.store.remove(last.id) }
        }
        #expect(listed == own)
        #expect(try await place.store.jobs(of: "a", status: .cancelled, limit: 10).map(\.id) == Array(own.prefix(3)))
        #expect(try await place.store.jobs(of: "a", status: .running, limit: 10).isEmpty)
        #expect(try await place.store.jobs(of: "b", limit: 10).count == 5)
        for owner in ["", "c", "A", "a'--"] { #expect(try await place.store.jobs(of: owner, limit: 10).isEmpty) }
        #expect(try await place.store.jobs(of: "a", limit: -1).isEmpty)
    }

    @Test func pagesAreCountedOnTheDayOnWhichTheirJobEnds() async throws {
        var place = try Workplace()
        let store = place.store
        let day = 86_400.0
        func taken(_ now: Double) async throws -> Int { try await place.store.pagesTaken(by: "a", at: now) }
        #expect(try await taken(moment) == 0)
        let first = try await place.job(.sample(owner: "a")).id
        _ = try await place.job(.sample(owner: "b"))
        _ = try await place.job()
        // Until it is open nobody knows how many it has.
        #expect(try await taken(moment) == 1)
        _ = try await store.begin(first, at: moment)
        _ = try await store.opened(first, pageCount: 9, selected: 5)
        #expect(try await taken(moment) == 5)
        for number in 1...3 { _ = try await store.commit(.sample(number), of: first) }
        #expect(try await taken(moment) == 5)
        // What was not read is not counted.
        _ = try await store.cancel(first, at: moment)
        #expect(try await taken(moment) == 3)
        try await store.remove(first)
        place = try place.reopened()
        #expect(try await taken(moment) == 3)
        #expect(try await taken(moment + day) == 0)
        #expect(try await place.store.pagesTaken(by: "b", at: moment) == 1)
        #expect(try await place.store.pagesTaken(by: "c", at: moment) == 0)
        _ = try await place.store.clean(at: moment + day)
        #expect(try await taken(moment) == 3)
        _ = try await place.store.clean(at: moment + 2 * day)
        #expect(try await taken(moment) == 0)
    }

    @Test func aDayEndsAtMidnight() {
        #expect(PageDay.number(of: 0) == 0 && PageDay.number(of: 86_399.9) == 0 && PageDay.number(of: 86_400) == 1)
        #expect(PageDay.secondsLeft(at: 0) == 86_400 && PageDay.secondsLeft(at: 86_399.99) == 1)
        #expect(PageDay.secondsLeft(at: 86_340.5) == 60)
    }

    /// A database of before jobs had owners.
    @Test func whatWasThereBeforeBelongsToNobody() async throws {
        let folder = try TestFolder()
        let (waiting, over) = (JobIdentifier(), JobIdentifier())
        try FileManager.default.createDirectory(atPath: "\(folder.path)/spool", withIntermediateDirectories: true)
        try folder.write("spool/\(waiting)", "%PDF-")
        try Self.writeOldDatabase(in: folder, waiting: waiting, over: over)
        let place = try Workplace(folder)
        #expect(place.store.warnings == [])
        let job = try #require(try await place.store.job(waiting))
        #expect(job.owner == nil && job.idempotencyKey == "k" && job.status == .queued)
        #expect(try await place.create(.sample(key: "k")).existing?.id == waiting)
        #expect(try await place.create(.sample(key: "k", owner: "a")).created?.position == 41)
        #expect(try await place.store.readPages(of: over, fromNumber: 1, limit: 9).map(\.text) == ["kept"])
        #expect(try await place.store.recover(at: moment).unfinished.count == 2)
        #expect(try await place.store.jobs(limit: 9).count == 3)
    }

    /// Not asynchronous: GRDB would take another way.
    private static func writeOldDatabase(in folder: TestFolder, waiting: JobIdentifier, over: JobIdentifier) throws {
        let page = String(decoding: try JSONEncoder().encode(Page.sample(1, text: "kept")), as: UTF8.self)
        let queue = try DatabaseQueue(path: "\(folder.path)/jobs.sqlite")
        try queue.write { db in
            try db.execute(sql: before)
            for (id, status, key) in [(waiting, "queued", "k"), (over, "success", nil)] {
                try db.execute(
                    sql: """
                        INSERT INTO job
                            (id, status, kind, bytes, sha256, options, idempotency_key, created_at, finished_at, pages_done)
                        VALUES (?, ?, 'pdf', 5, '5a', '{"task":"ocr"}', ?, ?, ?, 1)
                        """,
                    arguments: [id.description, status, key, moment, status == "success" ? moment : nil])
            }
            try db.execute(sql: "INSERT INTO page VALUES (2, 1, 1, ?)", arguments: [page])
            // The highest of all was removed.
            try db.execute(sql: "UPDATE sqlite_sequence SET seq = 40 WHERE name = 'job'")
        }
        try queue.close()
    }

    /// The tables as the first version made them.
    private static let before = """
        CREATE TABLE job (
            position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL DEFAULT 1,
            status TEXT NOT NULL DEFAULT 'queued'
                CHECK (status IN ('queued', 'running', 'success', 'partial', 'failed', 'cancelled')),
            file_name TEXT, kind TEXT NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT, options TEXT NOT NULL, password TEXT,
            idempotency_key TEXT UNIQUE, created_at REAL NOT NULL, started_at REAL, finished_at REAL, page_count INTEGER,
            pages_selected INTEGER, pages_done INTEGER NOT NULL DEFAULT 0, pages_degraded INTEGER NOT NULL DEFAULT 0,
            pages_failed INTEGER NOT NULL DEFAULT 0, starts INTEGER NOT NULL DEFAULT 0, detail TEXT, failure_code TEXT,
            failure_status INTEGER, model TEXT, markdown_path TEXT, json_path TEXT
        ) STRICT;
        CREATE INDEX job_unfinished ON job (status) WHERE status IN ('queued', 'running');
        CREATE INDEX job_finished ON job (finished_at) WHERE finished_at IS NOT NULL;
        CREATE TABLE page (
            job INTEGER NOT NULL REFERENCES job (position) ON DELETE CASCADE, number INTEGER NOT NULL CHECK (number >= 1),
            sequence INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (job, number), UNIQUE (job, sequence)
        ) STRICT;
        CREATE TABLE crash (
            job INTEGER NOT NULL REFERENCES job (position) ON DELETE CASCADE, number INTEGER NOT NULL,
            count INTEGER NOT NULL, PRIMARY KEY (job, number)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        INSERT INTO grdb_migrations VALUES ('1');
        """
}
