import Deliveries
import FoundationEssentials
import Glibc
import Intake
import Jobs
import ObjectStore
import StoreSettings
import Synchronization
import TestSupport
import Testing
import WebCalls

@Suite(.timeLimit(.minutes(2))) struct ObjectChannelTests {
    private struct Put: Equatable {
        var url: String
        var contentType: String
        var text: String
    }

    /// What was put, in order.
    private final class Store: Sendable {
        let puts = Mutex<[Put]>([])

        func put(_ descriptor: CInt, _ bytes: Int, _ place: ObjectPlace, _ contentType: String) {
            var text = [UInt8](repeating: 0, count: bytes)
            let count = pread(descriptor, &text, bytes, 0)
            let put = Put(
                url: place.url, contentType: contentType,
                text: String(decoding: text.prefix(max(0, count)), as: UTF8.self))
            puts.withLock { $0.append(put) }
        }
    }

    private func channel(
        _ place: Workplace, _ environment: [String: String], put: @escaping ObjectChannel.Put
    ) throws -> ObjectChannel {
        ObjectChannel(
            store: place.store, spool: try Spool(stateDirectory: place.folder.path),
            settings: try ObjectStoreSettings(environment: environment), usesVLM: false, put: put)
    }

    @Test func bothFilesGoTheMarkdownFirstAndWhole() async throws {
        let place = try Workplace()
        let store = Store()
        let channel = try channel(place, ["COXSWAIN_S3_ALLOW": "s3://bucket/out"]) {
            (descriptor, bytes, place, contentType, _, _) throws(TransferError) in
            store.put(descriptor, bytes, place, contentType)
            return .stored
        }
        // More than is written at once.
        let long = String(repeating: "Zeile mit Umlauten äöü\n", count: 20_000)
        let job = try await place.ended(uploads: ["s3://bucket/out/"], pages: ["first", long, "third"])
        try await channel.deliver(job.deliveries[0], of: job)
        let puts = store.puts.withLock { $0 }
        #expect(
            puts.map(\.url) == [
                "s3://bucket/out/20250131_235959_scan.md", "s3://bucket/out/20250131_235959_scan.json",
            ])
        #expect(puts.map(\.contentType) == ["text/markdown; charset=utf-8", "application/json"])
        let text = try #require(puts.first?.text)
        #expect(text.contains("first") && text.contains("third") && text.utf8.count > long.utf8.count)
        struct Result: Decodable {
            var id: String
            var markdown: String
            var deliveries: [String]?
        }
        let result = try JSONDecoder().decode(Result.self, from: Data((puts.last?.text ?? "").utf8))
        #expect(result.id == job.id.description && result.markdown == text && result.deliveries == nil)
        #expect(place.folder.names(in: "spool").isEmpty || place.folder.names(in: "spool") == [job.id.description])
    }

    /// Two containers share the prefix, and had documents of one name in one second.
    @Test(arguments: [".md", ".json"]) func whatAnotherHasPutThereStays(_ taken: String) async throws {
        let place = try Workplace()
        let store = Store()
        let marks = Mutex<Set<String>>([])
        let others = "s3://bucket/out/20250131_235959_scan\(taken)"
        let put: ObjectChannel.Put = {
            (descriptor, bytes, place, contentType, mark, _) throws(TransferError) in
            marks.withLock { _ = $0.insert(mark) }
            if place.url == others { return .taken }
            store.put(descriptor, bytes, place, contentType)
            return .stored
        }
        let allowed = ["COXSWAIN_S3_ALLOW": "s3://bucket/out"]
        let job = try await place.ended(uploads: ["s3://bucket/out/"])
        try await channel(place, allowed, put: put).deliver(job.deliveries[0], of: job)
        let own = "s3://bucket/out/20250131_235959_scan_\(job.id.description.prefix(8))"
        #expect(store.puts.withLock { $0.suffix(2).map(\.url) } == ["\(own).md", "\(own).json"])
        #expect(marks.withLock { $0 } == [job.id.description])
        // Where they are is what the job says from then on, also to the next life.
        let next = try place.reopened()
        let again = try #require(try await next.store.job(job.id))
        #expect(again.deliveries[0].files == JobResults(markdown: "\(own).md", json: "\(own).json"))
        store.puts.withLock { $0 = [] }
        try await channel(next, allowed, put: put).deliver(again.deliveries[0], of: again)
        #expect(store.puts.withLock { $0.map(\.url) } == ["\(own).md", "\(own).json"])
    }

    @Test func aPlaceThatIsNotAllowedAnyMoreIsNotWrittenTo() async throws {
        let place = try Workplace()
        let channel = try channel(place, ["COXSWAIN_S3_ALLOW": "s3://bucket/other"]) {
            (_, _, _, _, _, _) throws(TransferError) in
            Issue.record("it was put")
            return .stored
        }
        let job = try await place.ended(uploads: ["s3://bucket/out/"])
        let problem = await #expect(throws: DeliveryProblem.self) {
            try await channel.deliver(job.deliveries[0], of: job)
        }
        #expect(problem?.hope == .slow && problem?.detail.contains("COXSWAIN_S3_ALLOW") == true)
    }

    @Test func aTransferEndsWithItsTask() async throws {
        let place = try Workplace()
        let begun = Mutex(false)
        let channel = try channel(place, ["COXSWAIN_S3_ALLOW": "s3://bucket"]) {
            (_, _, _, _, _, isCancelled) throws(TransferError) in
            begun.withLock { $0 = true }
            while !isCancelled() { usleep(1000) }
            throw TransferError(place: "bucket", message: "it was cancelled", mayPass: true)
        }
        let job = try await place.ended(uploads: ["s3://bucket/out/"])
        let task = Task { try await channel.deliver(job.deliveries[0], of: job) }
        #expect(await soon { begun.withLock { $0 } })
        task.cancel()
        // The first file's transfer has ended, and the second one is not begun.
        guard case .failure(let error) = await task.result else {
            Issue.record("it went on")
            return
        }
        #expect(error is DeliveryProblem)
        withExtendedLifetime(place) {}
    }
}
