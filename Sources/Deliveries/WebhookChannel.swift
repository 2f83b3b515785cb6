package import Jobs
import Threads
import TimeOfDay
import WebCalls
package import Webhooks

/// Tells a webhook that a job has ended.
package struct WebhookChannel: DeliveryChannel {
    private let sender: WebhookSender
    private let body: @Sendable (Job, _ now: Double) -> String

    /// - Parameter body: what is sent, as JSON; of the job as it stands now, in seconds since 1970.
    package init(sender: WebhookSender, body: @escaping @Sendable (Job, _ now: Double) -> String) {
        self.sender = sender
        self.body = body
    }

    package func deliver(_ delivery: Delivery, of job: Job) async throws(DeliveryProblem) {
        let now = WallClock.now()
        let body = Array(body(job, now).utf8)
        do throws(TransferError) {
            try await BlockingThread.run(refused: .noThread) { [sender] isCancelled throws(TransferError) in
                try sender.send(body, id: delivery.id, to: delivery.target, at: now, isCancelled: isCancelled)
            }
        } catch {
            throw DeliveryProblem(error, lasting: .none)
        }
    }
}
