import Document
import Foundation
import Jobs
import TestSupport
import Testing

/// What the next process finds.
@Suite struct RecoveryTests {
    @Test func goesOnWhereItStopped() async throws {
        var place = try Workplace()
        let options = JobOptions(pages: "1-9", password: Secret("pw"))
        let first = try await place.job(.sample("1", options: options)).id
        let second = try await place.job(.sample("2")).id
        let over = try await place.finishedJob(pages: 2)
        _ = try await place.store.begin(second, at: moment)
        _ = try await place.store.opened(second, pageCount: 9, selected: 9)
        for number in [4, 2, 3] { _ = try await place.store.commit(.sample(number), of: second) }
        try await place.store.note(crashes: 1, ofPage: 5, of: second)

        place = try place.reopened()
        #expect(place.store.warnings == [])
        let recovered = try await place.store.recover(at: moment)
        #expect(recovered.unfinished.map(\.job.id) == [first, second])
        #expect(recovered.unfinished.map(\.job.status) == [.queued, .queued])
        #expect(recovered.unfinished.map(\.done) == [PageSet(), PageSet([2...4])])
        #expect(recovered.unfinished.map(\.crashes) == [[:], [5: 1]])
        #expect(recovered.unfinished.first?.job.options == options)
        #expect(recovered.givenUp.isEmpty)
        #expect(try await place.store.job(over.id) == over)
        #expect(try await place.store.commit(.sample(9), of: second) == .committed(sequence: 4, pagesDone: 4))
    }

    @Test func givesUpWhatEndsTheProcessAgainAndAgain() async throws {
        var place = try Workplace()
        let id = try await place.job().id
        let waiting = try await place.job().id
        for start in 1...5 {
            let unfinished = try await place.store.recover(at: moment).unfinished
            #expect(unfinished.map(\.job.starts) == [start - 1, 0])
            _ = try await place.store.begin(id, at: moment)
            place = try place.reopened()
        }
        let recovered = try await place.store.recover(at: moment + 5)
        #expect(recovered.unfinished.map(\.job.id) == [waiting])
        #expect(recovered.givenUp.map(\.id) == [id])
        let job = try #require(recovered.givenUp.first)
        #expect(job.status == .failed && job.failure == .givenUp && job.finishedAt == moment + 5)
        #expect(job.detail?.contains("5 times") == true)
        #expect(place.spool == [waiting.description])
    }

    @Test func aPageThatWasDoneMakesTheCountBeginAnew() async throws {
        var place = try Workplace()
        let id = try await place.job().id
        for number in 1...12 {
            _ = try await place.store.recover(at: moment)
            _ = try await place.store.begin(id, at: moment)
            if number.isMultiple(of: 4) { _ = try await place.store.commit(.sample(number), of: id) }
            place = try place.reopened()
        }
        #expect(try await place.store.recover(at: moment).givenUp.isEmpty)
    }

    @Test func anEndThatWasAskedForDoesNotCount() async throws {
        var place = try Workplace()
        let id = try await place.job().id
        for _ in 1...9 {
            #expect(try await place.store.recover(at: moment).givenUp.isEmpty)
            _ = try await place.store.begin(id, at: moment)
            try await place.store.suspend()
            #expect(try await place.store.job(id)?.status == .queued)
            place = try place.reopened()
        }
        #expect(try await place.store.job(id)?.starts == 0)
    }

    @Test func aDocumentWithoutAJobIsRemoved() async throws {
        var place = try Workplace()
        let id = try await place.job().id
        try place.storeDocument(JobIdentifier().description)
        try place.storeDocument(".coxswain-1a2b")
        try FileManager.default.createDirectory(
            atPath: "\(place.folder.path)/spool/folder", withIntermediateDirectories: true)
        place = try place.reopened()
        #expect(place.spool == [id.description, "folder"].sorted())
    }

    @Test func aJobWithoutItsDocumentFails() async throws {
        var place = try Workplace()
        let lost = try await place.job(.sample(options: JobOptions(password: Secret("pw")))).id
        let kept = try await place.job().id
        try FileManager.default.removeItem(atPath: "\(place.folder.path)/spool/\(lost)")
        place = try place.reopened()
        #expect(place.store.warnings.count == 1)
        let job = try #require(try await place.store.job(lost))
        #expect(job.status == .failed && job.failure == .documentLost && job.options.password == nil)
        #expect(job.detail?.contains("send it again") == true)
        #expect(try await place.store.recover(at: moment).unfinished.map(\.job.id) == [kept])
    }

    @Test func aFinishedJobsDocumentThatWasLeftIsRemoved() async throws {
        var place = try Workplace()
        let job = try await place.finishedJob()
        try place.storeDocument(job.id.description)
        place = try place.reopened()
        #expect(place.spool == [])
    }
}
