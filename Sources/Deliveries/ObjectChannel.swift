import Glibc
package import Intake
package import Jobs
package import ObjectStore
import Pipeline
package import StoreSettings
import Threads
import WebCalls

/// Puts a job's result into an object store, under the names that it has in the user's folder. Where another container has
/// put others there under the same names, it gets names with a part of the job's id.
package struct ObjectChannel: DeliveryChannel {
    /// Puts a file's bytes to a place, unless what is there has another mark. Blocks.
    package typealias Put =
        @Sendable (
            _ descriptor: CInt, _ bytes: Int, _ place: ObjectPlace, _ contentType: String, _ mark: String,
            _ isCancelled: @escaping @Sendable () -> Bool
        ) throws(ObjectStore.Failure) -> ObjectStore.Placement

    private let store: JobStore
    private let spool: Spool
    private let settings: ObjectStoreSettings
    private let usesVLM: Bool
    private let put: Put

    /// - Parameters:
    ///   - spool: where the files are put together before they are sent.
    ///   - usesVLM: said in the result.
    package init(
        store: JobStore, spool: Spool, settings: ObjectStoreSettings, usesVLM: Bool, put: @escaping Put
    ) {
        self.store = store
        self.spool = spool
        self.settings = settings
        self.usesVLM = usesVLM
        self.put = put
    }

    package func deliver(_ delivery: Delivery, of job: Job) async throws(DeliveryProblem) {
        if try await put(delivery, of: job) == .stored { return }
        var renamed = delivery
        let own = "_\(job.id.description.prefix(8))"
        // Under the name that is ours alone there is only what an earlier try has put there.
        guard let name = delivery.name, !name.hasSuffix(own) else { return }
        renamed.name = name + own
        do throws(JobStoreError) {
            // Known before it is there, so that the job's owner is never told another place.
            try await store.rename(delivery.id, to: name + own)
        } catch {
            throw DeliveryProblem("the result's new name could not be written down", hope: .soon)
        }
        _ = try await put(renamed, of: job)
    }

    private func put(_ delivery: Delivery, of job: Job) async throws(DeliveryProblem) -> ObjectStore.Placement {
        // The Markdown first: whoever waits for the JSON file finds both.
        for format in [ResultText.Format.markdown, .json] {
            let place = try place(of: delivery, format)
            let file: ResultFile
            do {
                file = try await ResultFile(
                    format, of: ResultText(store: store, job: job, usesVLM: usesVLM), in: spool)
            } catch {
                let isFull = (error as? FileFailure)?.isFull ?? false
                throw DeliveryProblem(
                    isFull
                        ? "there is no room on the container's disk to put the result together"
                        : "the result could not be put together", hope: .soon)
            }
            let mark = job.id.description
            do throws(TransferError) {
                let placement = try await BlockingThread.run(refused: .noThread) {
                    [put] isCancelled throws(TransferError) in
                    // The file is open for as long as somebody has it.
                    try withExtendedLifetime(file) { () throws(TransferError) in
                        try put(file.descriptor, file.bytes, place, format.mediaType, mark, isCancelled)
                    }
                }
                if placement == .taken { return .taken }
            } catch {
                throw DeliveryProblem(error, lasting: .slow)
            }
        }
        return .stored
    }

    /// The settings may have changed since the job was taken.
    private func place(of delivery: Delivery, _ format: ResultText.Format) throws(DeliveryProblem) -> ObjectPlace {
        guard let files = delivery.files,
            let place = ObjectPlace(format == .json ? files.json : files.markdown)
        else { throw DeliveryProblem("the place is none that an object store can have", hope: .none) }
        guard delivery.target == settings.results?.url || settings.allows(place) else {
            throw DeliveryProblem(
                "the place is not among those that callers may name any more (COXSWAIN_S3_ALLOW)", hope: .slow)
        }
        return place
    }
}
