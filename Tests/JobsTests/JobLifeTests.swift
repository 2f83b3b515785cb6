import Document
import Foundation
import Jobs
import TestSupport
import Testing

/// A job from its creation to its end, in one process.
@Suite struct JobLifeTests {
    @Test func beginsWithWhatTheClientSent() async throws {
        let place = try Workplace()
        let options = JobOptions(pages: "1-3", task: .table, maxPixels: 1_000_000, password: Secret("pw"))
        let job = try await place.job(.sample("Скан \u{0}'; DROP TABLE job;--.pdf", options: options, key: "key"))
        #expect(job.status == .queued)
        #expect(job.fileName == "Скан \u{FFFD}'; DROP TABLE job;--.pdf")
        #expect(job.options == options)
        #expect((job.kind, job.bytes) == ("pdf", 5))
        #expect(job.sha256 == "5a" && job.idempotencyKey == "key")
        #expect(job.createdAt == moment && job.startedAt == nil && job.finishedAt == nil)
        #expect(job.pageCount == nil && job.pagesDone == 0 && job.starts == 0 && job.revision == 1)
        #expect(try await place.store.job(job.id) == job)
        #expect(place.spool == [job.id.description])
        #expect(try await place.store.job(JobIdentifier()) == nil)
    }

    @Test func isKeptToItselfOnDisk() async throws {
        let place = try Workplace()
        _ = try await place.job()
        for name in place.folder.names() where name != "spool" {
            let mode = try FileManager.default.attributesOfItem(atPath: "\(place.folder.path)/\(name)")
            #expect(mode[.posixPermissions] as? Int == 0o600, "\(name)")
        }
        let other = try TestFolder()
        _ = try JobStore(folder: "\(other.path)/a/b", at: moment)
        for name in ["a", "a/b", "a/b/spool"] {
            let mode = try FileManager.default.attributesOfItem(atPath: "\(other.path)/\(name)")
            #expect(mode[.posixPermissions] as? Int == 0o700, "\(name)")
        }
    }

    @Test func countsItsPages() async throws {
        let place = try Workplace()
        let id = try await place.job().id
        let begun = try await place.store.begin(id, at: moment + 1)
        #expect(begun.status == .running && begun.startedAt == moment + 1 && begun.starts == 1)
        let opened = try await place.store.opened(id, pageCount: 7, selected: 3)
        #expect(opened.pageCount == 7 && opened.pagesSelected == 3)
        #expect(try await place.store.commit(.sample(5), of: id) == .committed(sequence: 1, pagesDone: 1))
        #expect(try await place.store.commit(.sample(2, .failed), of: id) == .committed(sequence: 2, pagesDone: 2))
        #expect(try await place.store.commit(.sample(3, .degraded), of: id) == .committed(sequence: 3, pagesDone: 3))
        let job = try #require(try await place.store.job(id))
        #expect((job.pagesDone, job.pagesDegraded, job.pagesFailed, job.starts) == (3, 1, 1, 0))
        #expect(job.revision > opened.revision)
        #expect(try await place.store.donePages(of: id).ranges == [2...3, 5...5])
    }

    @Test func keepsAPageOnce() async throws {
        let place = try Workplace()
        let id = try await place.job().id
        _ = try await place.store.commit(.sample(1, text: "first"), of: id)
        let before = try await place.store.job(id)
        #expect(try await place.store.commit(.sample(1, .failed, text: "second"), of: id) == .alreadyThere)
        #expect(try await place.store.job(id) == before)
        #expect(try await place.store.readPages(of: id, fromNumber: 1, limit: 9).map(\.text) == ["first"])
        #expect(try await place.store.commit(.sample(2), of: id) == .committed(sequence: 2, pagesDone: 2))
    }

    @Test func keepsAWholePage() async throws {
        let place = try Workplace()
        let id = try await place.job().id
        var page = Page.sample(1, .degraded, text: "a\u{0}b \"\\ \u{1F469}\u{200D}\u{1F680} </script>\n\u{2028}")
        page.dpi = 102.4
        page.timings = Page.Timings(renderMilliseconds: 3, engineMilliseconds: 4)
        page.blocks = [Block(box: Block.Box(x: 1, y: 2, width: 3, height: 4), text: "b", outcome: .failed, reason: "r")]
        _ = try await place.store.commit(page, of: id)
        #expect(
            try await place.store.pages(of: id, afterSequence: 0, limit: 1) == [StoredPage(sequence: 1, page: page)])
        #expect(try await place.store.readPages(of: id, fromNumber: 1, limit: 1).map(\.text) == [page.text])
        var impossible = Page.sample(2)
        impossible.dpi = .nan
        let refused = impossible
        await #expect(throws: JobStoreError.self) { try await place.store.commit(refused, of: id) }
        await #expect(throws: JobStoreError.self) { try await place.store.commit(.sample(0), of: id) }
        #expect(try await place.store.job(id)?.pagesDone == 1)
    }

    @Test func givesPagesByPieces() async throws {
        let place = try Workplace()
        let id = try await place.job().id
        for number in [3, 1, 5, 2, 4] { _ = try await place.store.commit(.sample(number), of: id) }
        func events(after: Int, _ limit: Int) async throws -> [Int] {
            try await place.store.pages(of: id, afterSequence: after, limit: limit).map(\.page.number)
        }
        #expect(try await events(after: 0, 2) == [3, 1])
        #expect(try await events(after: 2, 9) == [5, 2, 4])
        #expect(try await events(after: 5, 9) == [])
        func pages(from: Int, _ limit: Int) async throws -> [Int] {
            try await place.store.readPages(of: id, fromNumber: from, limit: limit).map(\.number)
        }
        #expect(try await pages(from: 1, 3) == [1, 2, 3])
        #expect(try await pages(from: 4, 3) == [4, 5])
        #expect(try await pages(from: 1, -1) == [])
        await #expect(throws: JobStoreError.self) {
            try await place.store.readPages(of: JobIdentifier(), fromNumber: 1, limit: 1)
        }
    }

    @Test func ends() async throws {
        let place = try Workplace()
        let id = try await place.job().id
        let results = JobResults(markdown: "/o/a.md", json: "/o/a.json")
        let end = JobEnd(.partial, detail: "1 of 2 pages could not be read: 2.", model: "m", results: results)
        let job = try await place.store.finish(id, end, at: moment + 9)
        #expect(job.status == .partial && job.finishedAt == moment + 9)
        #expect(job.detail == end.detail && job.model == "m" && job.results == results && job.failure == nil)
        #expect(place.spool == [])
        await #expect(throws: JobStoreError.finished(.partial)) {
            try await place.store.finish(id, JobEnd(.success), at: moment)
        }
        await #expect(throws: JobStoreError.finished(.partial)) { try await place.store.cancel(id, at: moment) }
        await #expect(throws: JobStoreError.finished(.partial)) { try await place.store.begin(id, at: moment) }
        #expect(try await place.store.commit(.sample(1), of: id) == .jobFinished(.partial))
        #expect(try await place.store.job(id) == job)
    }

    @Test func isRefusedWithAReason() async throws {
        let place = try Workplace()
        let id = try await place.job().id
        let failure = JobFailure(code: "password_required", httpStatus: 422)
        let job = try await place.store.finish(id, JobEnd(.failed, detail: "why", failure: failure), at: moment)
        #expect(job.failure == failure && job.detail == "why")
    }

    @Test func isCancelledOnce() async throws {
        let place = try Workplace()
        let id = try await place.job().id
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 { group.addTask { (try? await place.store.cancel(id, at: moment)) != nil } }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(outcomes == 1)
        #expect(try await place.store.job(id)?.status == .cancelled)
        #expect(place.spool == [])
    }

    @Test(arguments: [true, false])
    func forgetsItsPassword(sharesMemory: Bool) async throws {
        let place = try Workplace(sharesMemory: sharesMemory)
        let secret = "swordfish-\(UUID().uuidString)"
        func traces() -> [String] {
            place.folder.names().filter { name in
                (try? Data(contentsOf: URL(fileURLWithPath: "\(place.folder.path)/\(name)")))?
                    .range(of: Data(secret.utf8)) != nil
            }
        }
        let job = try await place.job(.sample(options: JobOptions(password: Secret(secret))))
        #expect(try await place.store.job(job.id)?.options.password?.text == secret)
        #expect(!traces().isEmpty)
        let finished = try await place.store.finish(job.id, JobEnd(.success), at: moment)
        #expect(finished.options.password == nil)
        #expect(traces() == [])
    }

    @Test func areListedTheNewestFirst() async throws {
        let place = try Workplace()
        var ids: [JobIdentifier] = []
        for number in 0..<5 { ids.append(try await place.job(at: moment - Double(number)).id) }
        let first = try await place.store.jobs(limit: 2)
        #expect(first.map(\.id) == [ids[4], ids[3]])
        let rest = try await place.store.jobs(before: first.last?.position, limit: 10)
        #expect(rest.map(\.id) == [ids[2], ids[1], ids[0]])
        #expect(try await place.store.jobs(before: rest.last?.position, limit: 10).isEmpty)
        _ = try await place.store.begin(ids[0], at: moment)
        _ = try await place.store.cancel(ids[1], at: moment)
        #expect(try await place.store.counts() == JobCounts(queued: 3, running: 1))
    }

    @Test func remembersCrashesWhileItIsUnfinished() async throws {
        let place = try Workplace()
        let id = try await place.job().id
        try await place.store.note(crashes: 2, ofPage: 7, of: id)
        try await place.store.note(crashes: 1, ofPage: 7, of: id)
        try await place.store.note(crashes: 1, ofPage: 9, of: id)
        #expect(try await place.store.crashes(of: id) == [7: 2, 9: 1])
        _ = try await place.store.finish(id, JobEnd(.success), at: moment)
        #expect(try await place.store.crashes(of: id) == [:])
        await #expect(throws: JobStoreError.self) {
            try await place.store.note(crashes: 1, ofPage: 1, of: JobIdentifier())
        }
    }

    @Test func namesItsTroubles() async throws {
        let place = try Workplace()
        let id = try await place.job().id
        for (number, outcome) in [(3, Page.Outcome.failed), (1, .ok), (2, .degraded)] {
            _ = try await place.store.commit(.sample(number, outcome), of: id)
        }
        #expect(
            try await place.store.troubles(of: id) == [
                PageTrouble(number: 2, outcome: .degraded, reason: "why"),
                PageTrouble(number: 3, outcome: .failed, reason: "why"),
            ])
    }

    @Test func opensItsDocument() async throws {
        let place = try Workplace()
        let id = try await place.job().id
        let document = try place.store.openDocument(of: id)
        #expect(FileHandle(fileDescriptor: document.descriptor).readDataToEndOfFile() == Data("%PDF-".utf8))
        _ = try await place.store.finish(id, JobEnd(.success), at: moment)
        #expect(throws: JobStoreError.self) { try place.store.openDocument(of: id) }
    }
}
