import Foundation
import GRDB
import Jobs
import TestSupport
import Testing

/// Who may open a folder, and what becomes of a database that cannot be used.
@Suite struct OwnershipTests {
    @Test func aSecondOwnerIsTurnedAway() async throws {
        let place = try Workplace()
        let error = #expect(throws: JobStoreError.self) { try Workplace(place.folder) }
        guard case .taken(let folder, let owner) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(folder == place.folder.path)
        #expect(owner.contains("process \(getpid()) on "))
        #expect(error?.description.contains("STATE_DIR") == true)
        _ = try await place.job()
    }

    @Test func aSecondOwnerWaitsForTheFirstToEnd() async throws {
        let folder = try TestFolder()
        var first: JobStore? = try JobStore(folder: folder.path, at: moment)
        let second = Task.detached { try JobStore(folder: folder.path, at: moment, patience: 60) }
        try await Task.sleep(for: .milliseconds(50))
        #expect(first?.warnings == [])
        first = nil
        #expect(try await second.value.warnings == [])
    }

    @Test func aClosedStoreSaysSo() async throws {
        let place = try Workplace()
        try place.store.close()
        try place.store.close()
        await #expect(throws: JobStoreError.closed) { try await place.store.counts() }
        await #expect(throws: JobStoreError.closed) { try await place.store.suspend() }
    }

    @Test(arguments: [true, false])
    func theIndexOfTheLogIsAFileOnlyWhereThatIsSafe(sharesMemory: Bool) async throws {
        let place = try Workplace(sharesMemory: sharesMemory)
        let id = try await place.job().id
        #expect(place.folder.names().contains("jobs.sqlite-shm") == sharesMemory)
        #expect(place.folder.names().contains("jobs.sqlite-wal"))
        #expect(try await place.store.job(id)?.id == id)
    }

    @Test func aDatabaseIsSetUpAsItMustBe() async throws {
        let place = try Workplace()
        _ = try await place.job()
        let other = try DatabaseQueue(path: "\(place.folder.path)/jobs.sqlite")
        let (vacuum, journal) = try await other.read { db in
            (try Int.fetchOne(db, sql: "PRAGMA auto_vacuum"), try String.fetchOne(db, sql: "PRAGMA journal_mode"))
        }
        #expect(vacuum == 2)
        #expect(journal == "wal")
    }

    /// Whoever looks into the database from outside sees each page no later than the one who was told of it.
    @Test func whatIsToldIsCommitted() async throws {
        let place = try Workplace()
        let id = try await place.job().id
        let other = try DatabaseQueue(path: "\(place.folder.path)/jobs.sqlite")
        for round in 0..<20 {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in (round * 20 + 1)...(round * 20 + 20) {
                    group.addTask {
                        _ = try await place.store.commit(.sample(number), of: id)
                        let isThere = try await other.read { db in
                            try Bool.fetchOne(db, sql: "SELECT 1 FROM page WHERE number = ?", arguments: [number])
                        }
                        #expect(isThere == true, "page \(number)")
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func aNewerDatabaseIsRefusedAndLeftAlone() async throws {
        let place = try Workplace()
        let id = try await place.job().id
        try place.store.close()
        let path = "\(place.folder.path)/jobs.sqlite"
        let other = try DatabaseQueue(path: path)
        try await other.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('2: from the future')") }
        try other.close()
        let error = #expect(throws: JobStoreError.newer(path: path, unknown: ["2: from the future"])) {
            try Workplace(place.folder)
        }
        #expect(error?.description.contains("newer version") == true)
        #expect(place.spool == [id.description])
        #expect(place.folder.names().filter { $0.contains("corrupt") } == [])
    }

    enum Damage: CaseIterable { case notADatabase, header, middle, shortened, table, mark }

    @Test(arguments: Damage.allCases)
    func aDamagedDatabaseIsMovedAside(damage: Damage) async throws {
        var place = try Workplace()
        for number in 0..<20 {
            _ = try await place.finishedJob(pages: 5, text: String(repeating: "\(number)", count: 3000))
        }
        try place.store.close()
        let path = "\(place.folder.path)/jobs.sqlite"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        var damaged = bytes
        switch damage {
        case .notADatabase: damaged = Data("this was never a database\n".utf8)
        case .header: damaged.replaceSubrange(16..<100, with: Data(repeating: 0xFF, count: 84))
        case .middle: damaged.replaceSubrange(8192..<65_536, with: Data(repeating: 0xA5, count: 65_536 - 8192))
        case .shortened: damaged = damaged.prefix(damaged.count / 2)
        case .table:
            let other = try DatabaseQueue(path: path)
            try await other.write { try $0.execute(sql: "DROP TABLE page; DROP TABLE crash; DROP TABLE job") }
            try other.close()
            damaged = try Data(contentsOf: URL(fileURLWithPath: path))
        case .mark: try place.folder.write("jobs.sqlite.damaged", "")
        }
        try damaged.write(to: URL(fileURLWithPath: path))
        try place.folder.write("jobs.sqlite-wal", "left over")

        place = try Workplace(place.folder)
        #expect(place.store.warnings.count == 1)
        #expect(place.store.warnings.first?.contains("corrupt-\(Int(moment))") == true)
        let aside = "\(path).corrupt-\(Int(moment))"
        #expect(try Data(contentsOf: URL(fileURLWithPath: aside)) == damaged)
        #expect(try await place.store.jobs(limit: 1).isEmpty)
        let id = try await place.job().id
        place = try place.reopened()
        #expect(place.store.warnings == [])
        #expect(try await place.store.job(id) != nil)
    }

    @Test func damageThatIsMetLaterIsKnownAtTheNextStart() async throws {
        var place = try Workplace()
        let id = try await place.job().id
        let other = try DatabaseQueue(path: "\(place.folder.path)/jobs.sqlite")
        try await other.write { try $0.execute(sql: "UPDATE job SET options = 'no JSON'") }
        let error = await #expect(throws: JobStoreError.self) { try await place.store.job(id) }
        guard case .damaged = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        try other.close()
        place = try place.reopened()
        #expect(place.store.warnings.count == 1)
    }

    @Test func aPlaceThatCannotBeWrittenIsNamed() throws {
        for path in ["/proc/jobs", "/dev/null/jobs"] {
            let error = #expect(throws: JobStoreError.self) { try JobStore(folder: path, at: moment) }
            #expect(error?.description.contains(path) == true)
        }
    }
}
