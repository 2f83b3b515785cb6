package import Jobs
import WebCalls

/// A way by which something is brought to others.
package protocol DeliveryChannel: Sendable {
    /// Brings it there once. Cancelling the task ends it within a second.
    ///
    /// - Parameter job: as it stands now.
    func deliver(_ delivery: Delivery, of job: Job) async throws(DeliveryProblem)
}

/// Why something was not delivered.
package struct DeliveryProblem: Error, Sendable, Equatable {
    /// Whether another try may do better.
    package enum Hope: Sendable {
        /// What is in the way may pass by itself.
        case soon
        /// Somebody has to change something: a key, a bucket, a setting. They may.
        case slow
        /// Whoever was asked wants no more of it.
        case none
    }

    /// A sentence without its full stop, for the job's owner and the log: without names of files, keys and paths.
    package var detail: String
    package var hope: Hope
    /// Seconds for which whoever was asked wants to be left alone.
    package var retryAfter: Double?

    package init(_ detail: String, hope: Hope, retryAfter: Double? = nil) {
        self.detail = detail
        self.hope = hope
        self.retryAfter = retryAfter
    }
}

extension DeliveryProblem {
    /// - Parameter lasting: what may be hoped for where the error does not pass by itself.
    init(_ error: TransferError, lasting: Hope) {
        self.init(
            error.message, hope: error.mayPass ? .soon : lasting,
            retryAfter: error.retryAfter.map { $0 / .seconds(1) })
    }
}

extension TransferError {
    /// The system has no thread to give.
    static let noThread = TransferError(
        place: "", message: "this server has no means to deliver it at the moment", mayPass: true)
}
