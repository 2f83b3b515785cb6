import Deliveries
import FoundationEssentials
import Glibc
import Intake
import Jobs
import ObjectStore
import Synchronization
import TestSupport
import Testing

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
            (descriptor, bytes, place, contentType, _) throws(ObjectStoreError) in
            store.put(descriptor, bytes, place, contentType)
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

    @Test func aPlaceThatIsNotAllowedAnyMoreIsNotWrittenTo() async throws {
        let place = try Workplace()
        let channel = try channel(place, ["COXSWAIN_S3_ALLOW": "s3://bucket/other"]) {
            (_, _, _, _, _) throws(ObjectStoreError) in Issue.record("it was put")
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
            (_, _, _, _, isCancelled) throws(ObjectStoreError) in
            begun.withLock { $0 = true }
            while !isCancelled() { usleep(1000) }
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
