import Deliveries
import Document
import FoundationEssentials
import Jobs
import Logging
import Synchronization
import TestSupport

/// Somebody to whom things are delivered, who does what he is told.
final class StandInChannel: DeliveryChannel {
    typealias Reply = @Sendable (_ delivery: Delivery, _ number: Int) async -> DeliveryProblem?

    private let deliveries = Mutex<[Delivery]>([])
    private let reply: Reply

    /// - Parameter reply: given the number of the try, from 1 on.
    init(_ reply: @escaping Reply = { _, _ in nil }) { self.reply = reply }

    /// Tries, in the order in which they began.
    var tried: [Delivery] { deliveries.withLock { $0 } }

    func deliver(_ delivery: Delivery, of job: Job) async throws(DeliveryProblem) {
        let number = deliveries.withLock { deliveries in
            deliveries.append(delivery)
            return deliveries.count
        }
        if let problem = await reply(delivery, number) { throw problem }
    }

    /// Takes everything and answers nothing until the task is cancelled.
    static var hanging: StandInChannel {
        StandInChannel { _, _ in
            try? await Task.sleep(for: .seconds(600))
            return DeliveryProblem("it was ended", hope: .soon)
        }
    }
}

/// A store in a folder, and what delivers from it.
struct Workplace: Sendable {
    let folder: TestFolder
    let store: JobStore

    init(_ folder: TestFolder? = nil) throws {
        self.folder = try folder ?? TestFolder()
        store = try JobStore(folder: self.folder.path, at: Date().timeIntervalSince1970, patience: 5)
    }

    func deliverer(
        objects: (any DeliveryChannel)? = nil, webhooks: (any DeliveryChannel)? = nil,
        change: (inout DeliveryPolicy) -> Void = { _ in }
    ) -> Deliverer {
        var policy = DeliveryPolicy()
        policy.firstPause = 0.02
        policy.longestPause = 0.05
        change(&policy)
        var channels: [Delivery.Kind: any DeliveryChannel] = [:]
        channels[.objects] = objects
        channels[.webhook] = webhooks
        return Deliverer(
            store: store, channels: channels, policy: policy, logger: Logger(label: "quiet") { _ in Quiet() })
    }

    /// A job that has ended.
    func ended(
        webhook: String? = nil, uploads: [String] = [], pages: [String] = ["text"], fileName: String = "scan.pdf"
    ) async throws -> Job {
        let now = Date().timeIntervalSince1970
        let new = NewJob(
            fileName: fileName, kind: "pdf", bytes: 5, sha256: "5a", options: JobOptions(webhook: webhook))
        let creation = try await store.create(new, at: now) { try folder.write("spool/\($0)", "%PDF-") }
        guard case .created(let job) = creation else { throw Unexpected() }
        _ = try await store.begin(job.id, at: now)
        _ = try await store.opened(job.id, pageCount: pages.count, selected: pages.count)
        for (index, text) in pages.enumerated() {
            _ = try await store.commit(Page(number: index + 1, outcome: .ok, text: text), of: job.id)
        }
        let end = JobEnd(.success, uploads: uploads.map { ResultUpload(target: $0, name: "20250131_235959_scan") })
        return try await store.finish(job.id, end, at: now)
    }

    func deliveries(of job: Job) async throws -> [Delivery] { try await store.job(job.id)?.deliveries ?? [] }

    /// Closes the store and opens it again, as the next start does.
    func reopened() throws -> Workplace {
        try store.close()
        return try Workplace(folder)
    }
}

struct Unexpected: Error {}

/// Waits, without blocking a thread, for something that only a failure makes last.
func soon(within limit: Duration = .seconds(20), _ condition: () async throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return try await condition()
}

struct Quiet: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.critical
    func log(event: LogEvent) {}
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
}
