import Foundation
import GRDB
import Jobs
import TestSupport
import Testing

/// What the end of a job brings with it, and what becomes of that.
@Suite struct DeliveryTests {
    private static let upload = ResultUpload(target: "s3://bucket/out/", name: "20250131_235959_scan")

    private static func wanting(_ webhook: String?) -> NewJob {
        .sample(options: JobOptions(webhook: webhook))
    }

    /// A job that has ended with something to deliver.
    private static func ended(
        _ place: Workplace, webhook: String? = "https://example.com/hook", uploads: [ResultUpload] = [upload],
        at now: Double = moment
    ) async throws -> Job {
        let job = try await place.job(wanting(webhook), at: now)
        _ = try await place.store.begin(job.id, at: now)
        return try await place.store.finish(job.id, JobEnd(.success, uploads: uploads), at: now)
    }

    @Test func anEndBringsItsDeliveriesWithIt() async throws {
        let place = try Workplace()
        let job = try await Self.ended(place)
        #expect(job.deliveries.map(\.kind) == [.objects, .webhook])
        #expect(job.deliveries.map(\.target) == ["s3://bucket/out/", "https://example.com/hook"])
        #expect(job.deliveries.map(\.name) == ["20250131_235959_scan", nil])
        #expect(job.deliveries.allSatisfy { $0.status == .waiting && $0.attempts == 0 && $0.job == job.id })
        #expect(Set(job.deliveries.map(\.id)).count == 2)
        #expect(job.deliveries.allSatisfy { JobIdentifier($0.id) != nil })
        // The news waits for the upload, but not for ever.
        #expect(job.deliveries.map(\.nextAttempt) == [moment, moment + JobStore.uploadHeadStart])
        #expect(try await place.store.waitingDeliveries() == job.deliveries)
        #expect(try await place.store.job(job.id)?.deliveries == job.deliveries)
    }

    @Test func withoutAnUploadTheNewsIsDueAtOnce() async throws {
        let place = try Workplace()
        let job = try await Self.ended(place, uploads: [])
        #expect(job.deliveries.map(\.nextAttempt) == [moment])
    }

    @Test func whatGoesToOnePlaceTwiceGoesThereOnce() async throws {
        let place = try Workplace()
        let job = try await Self.ended(place, webhook: nil, uploads: [Self.upload, Self.upload])
        #expect(job.deliveries.count == 1)
    }

    @Test func whoWantsNothingGetsNothing() async throws {
        let place = try Workplace()
        #expect(try await Self.ended(place, webhook: nil, uploads: []).deliveries == [])
        #expect(try await place.store.waitingDeliveries() == [])
    }

    enum Ending: CaseIterable { case failed, cancelled, partial }

    @Test(arguments: Ending.allCases) func everyEndIsTold(ending: Ending) async throws {
        let place = try Workplace()
        let job = try await place.job(Self.wanting("https://example.com/hook"))
        let ended =
            switch ending {
            case .failed: try await place.store.finish(job.id, JobEnd(.failed, detail: "no"), at: moment)
            case .cancelled: try await place.store.cancel(job.id, at: moment)
            case .partial: try await place.store.finish(job.id, JobEnd(.partial, detail: "some"), at: moment)
            }
        #expect(ended.deliveries.map(\.kind) == [.webhook])
    }

    @Test func anEndAtTheNextStartIsToldToo() async throws {
        var place = try Workplace()
        let lost = try await place.job(Self.wanting("https://example.com/lost")).id
        let deadly = try await place.job(Self.wanting("https://example.com/deadly")).id
        for _ in 0..<JobLimits().maximumStarts { _ = try await place.store.begin(deadly, at: moment) }
        try FileManager.default.removeItem(atPath: "\(place.folder.path)/spool/\(lost)")
        place = try place.reopened()
        _ = try await place.store.recover(at: moment)
        let waiting = try await place.store.waitingDeliveries()
        #expect(Set(waiting.map(\.target)) == ["https://example.com/lost", "https://example.com/deadly"])
    }

    @Test func aTryIsWrittenDown() async throws {
        var place = try Workplace()
        let job = try await Self.ended(place)
        let (upload, webhook) = (job.deliveries[0].id, job.deliveries[1].id)
        let again = try await place.store.record(.again(at: moment + 5, detail: "no answer"), of: upload)
        #expect(again?.status == .waiting && again?.attempts == 1)
        #expect(again?.nextAttempt == moment + 5 && again?.detail == "no answer")
        _ = try await place.store.record(.failed(detail: "gone"), of: webhook)
        place = try place.reopened()
        #expect(try await place.store.waitingDeliveries().map(\.id) == [upload])
        let done = try await place.store.record(.done, of: upload)
        #expect(done?.status == .done && done?.attempts == 2 && done?.nextAttempt == nil && done?.detail == nil)
        // What is over stays as it is.
        #expect(try await place.store.record(.failed(detail: "late"), of: upload) == nil)
        #expect(try await place.store.record(.done, of: webhook) == nil)
        let after = try #require(try await place.store.job(job.id))
        #expect(after.deliveries.map(\.status) == [.done, .failed])
        #expect(after.deliveries.map(\.detail) == [nil, "gone"])
        #expect(after.revision > job.revision)
        #expect(after.uploadedFiles?.json == "s3://bucket/out/20250131_235959_scan.json")
        #expect(job.uploadedFiles == nil)
    }

    @Test func aJobWithSomethingToDeliverIsNotCleanedAway() async throws {
        var limits = JobLimits()
        limits.retention = 100
        limits.maximumBytes = 0
        limits.leastRetention = 0
        let place = try Workplace(limits: limits)
        let kept = try await Self.ended(place, webhook: nil, at: moment - 1000)
        let others = try await place.finishedJob(at: moment - 500).id
        #expect(try await place.store.clean(at: moment) == [others])
        _ = try await place.store.record(.failed(detail: "given up"), of: kept.deliveries[0].id)
        #expect(try await place.store.clean(at: moment) == [kept.id])
        #expect(try await place.store.job(kept.id) == nil)
    }

    @Test func whoRemovesAJobForgetsItsDeliveries() async throws {
        let place = try Workplace()
        let job = try await Self.ended(place)
        try await place.store.remove(job.id)
        #expect(try await place.store.waitingDeliveries() == [])
        #expect(try await place.store.record(.done, of: job.deliveries[0].id) == nil)
    }

    @Test func aRepeatMayHaveAnotherTraceAndNotAnotherTarget() async throws {
        let place = try Workplace()
        func creation(_ options: JobOptions) async throws -> JobCreation {
            try await place.create(.sample(options: options, key: "k"))
        }
        let first = try await creation(JobOptions(output: "s3://b/x/", traceparent: "00-1"))
        #expect(first.created?.options.traceparent == "00-1")
        #expect(try await creation(JobOptions(output: "s3://b/x/", traceparent: "00-2")).existing != nil)
        #expect(try await creation(JobOptions(output: "s3://b/y/")).conflict != nil)
        #expect(try await creation(JobOptions(output: "s3://b/x/", webhook: "https://e")).conflict != nil)
    }

    @Test func anOlderDatabaseGetsTheTable() async throws {
        var place = try Workplace()
        let old = try await place.finishedJob(pages: 1).id
        try place.store.close()
        let other = try DatabaseQueue(path: "\(place.folder.path)/jobs.sqlite")
        try await other.write { db in
            try db.execute(sql: "DROP TABLE delivery; DELETE FROM grdb_migrations WHERE identifier = '3'")
        }
        try other.close()
        place = try Workplace(place.folder)
        #expect(place.store.warnings == [])
        #expect(try await place.store.job(old)?.deliveries == [])
        #expect(try await Self.ended(place).deliveries.count == 2)
    }

    // MARK: What is shown

    @Test(arguments: [
        ("https://User:pass@Example.COM:8443/hook?token=x#y", "example.com:8443", "https://Example.COM:8443/hook"),
        ("https://example.com", "example.com", "https://example.com"),
        ("https://example.com?token=x", "example.com", "https://example.com"),
        ("https://example.com/a@b", "example.com", "https://example.com/a@b"),
        ("http://a@b@c/x", "c", "http://c/x"), ("http://[::1]:80/x", "[::1]:80", "http://[::1]:80/x"),
        // A slash with an accent of its own is one letter to Swift.
        ("https://example.com/\u{301}secret?q", "example.com", "https://example.com/\u{301}secret"),
        ("nothing", "nothing", "nothing"), ("", "", ""),
    ]) func ofAWebhookNothingIsShownThatMayBeASecret(target: String, place: String, shown: String) {
        let delivery = Delivery(
            id: "", job: JobIdentifier(), kind: .webhook, target: target, status: .waiting, attempts: 0, createdAt: 0)
        #expect(delivery.place == place)
        #expect(delivery.shownTarget == shown)
        #expect(delivery.files == nil)
    }

    @Test func ofAnUploadTheOwnerSeesThePlaceAndTheLogTheBucket() {
        let delivery = Delivery(
            id: "", job: JobIdentifier(), kind: .objects, target: "s3://bucket/a?b#c@d/", name: "n.x", status: .done,
            attempts: 1, createdAt: 0)
        #expect(delivery.place == "bucket")
        #expect(delivery.shownTarget == "s3://bucket/a?b#c@d/")
        #expect(
            delivery.files == JobResults(markdown: "s3://bucket/a?b#c@d/n.x.md", json: "s3://bucket/a?b#c@d/n.x.json"))
    }
}
