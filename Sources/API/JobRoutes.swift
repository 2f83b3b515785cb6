import APIKeys
import Deliveries
import HTTPTypes
import Hummingbird
import Jobs
import NIOCore
import Pipeline
import TimeOfDay

/// `GET /jobs`, `/jobs/{id}` and what hangs below it.
struct JobRoutes: Sendable {
    let store: JobStore
    let pipeline: JobPipeline
    let deliverer: Deliverer
    let answers: JobAnswers
    let events: EventsRoute

    static let collection = "/jobs"

    func add(to router: Router<APIContext>) {
        router.get("/jobs") { request, context in try await list(request, context) }
        router.get("/jobs/:id") { _, context in
            try await Response.json(.ok, JobBody(job(context), now: WallClock.now()).json)
        }
        router.get("/jobs/:id/events") { request, context in
            try await events.respond(to: request, job: job(context), key: context.key)
        }
        router.get("/jobs/:id/result") { request, context in
            var response = try await answers.result(of: job(context), as: ResultText.Format(of: request))
            response.headers.addVary("Accept")
            return response
        }
        router.delete("/jobs/:id") { _, context in try await end(job(context)) }
    }

    private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        guard let key = context.key else { throw APIError.listingNeedsKeys }
        let query = try JobListQuery(
            Dictionary(
                request.uri.queryParameters.map { (String($0.key), String($0.value)) }, uniquingKeysWith: { $1 }))
        let found = try await store.jobs(
            of: key.label, status: query.status, before: query.before, limit: query.limit + 1)
        return .json(.ok, JobListBody(found, query, now: WallClock.now()).json)
    }

    private func job(_ context: APIContext) async throws -> Job {
        // Whoever guesses is told the same as who comes too late, and who has another one's id. A job that was made while no
        // keys were set is nobody's, and to be had only while there are none.
        guard let text = context.parameters.get("id"), let id = JobIdentifier(text),
            let job = try await store.job(id), job.owner == context.key?.label
        else {
            throw APIError(.notFound, "There is no such job; finished ones are forgotten after a while.")
        }
        return job
    }

    /// Cancels a job, or forgets a finished one, with what was still to be delivered of it.
    private func end(_ job: Job) async throws -> Response {
        if !job.status.isFinished, try await pipeline.cancel(job.id, at: WallClock.now()) {
            let cancelled = try await store.job(job.id) ?? job
            return .json(.ok, JobBody(cancelled, now: WallClock.now()).json)
        }
        do {
            try await store.remove(job.id)
        } catch {
            switch error {
            // Somebody else forgot it first.
            case .unknownJob: break
            case .unfinished:
                throw APIError(
                    .conflict, "The job is just being finished; ask again.",
                    headers: [HTTPField(name: .retryAfter, value: "1")])
            default: throw error
            }
        }
        await deliverer.forget(job.id)
        return Response(status: .noContent)
    }
}
