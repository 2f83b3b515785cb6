import Glibc
package import Intake
package import Jobs
package import ObjectStore
import Pipeline

/// Puts a job's result into an object store, under the names that it has in the user's folder.
package struct ObjectChannel: DeliveryChannel {
    /// Puts a file's bytes to a place. Blocks.
    package typealias Put =
        @Sendable (
            _ descriptor: CInt, _ bytes: Int, _ place: ObjectPlace, _ contentType: String,
            _ isCancelled: @escaping @Sendable () -> Bool
        ) throws(ObjectStoreError) -> Void

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
            do throws(ObjectStoreError) {
                try await BlockingTransfer.run { [put] isCancelled throws(ObjectStoreError) in
                    // The file is open for as long as somebody has it.
                    try withExtendedLifetime(file) { () throws(ObjectStoreError) in
                        try put(file.descriptor, file.bytes, place, format.mediaType, isCancelled)
                    }
                }
            } catch {
                throw DeliveryProblem(
                    error.message, hope: error.mayPass ? .soon : .slow,
                    retryAfter: error.retryAfter.map { $0 / .seconds(1) })
            }
        }
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
