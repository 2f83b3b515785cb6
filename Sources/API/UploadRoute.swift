import HTTPTypes
import Hummingbird
import HummingbirdCore
import Intake
import Jobs
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Pipeline
import PublicPort
import TimeOfDay

/// `POST /ocr/pdf`, `/ocr/image` and `/jobs`: a document comes in. The first two wait for its result.
struct UploadRoute: Sendable {
    let path: UploadPath
    let desk: JobDesk
    let uploads: UploadReader
    let answers: JobAnswers
    let work: WorkInFlight

    func respond(to request: Request, context: APIContext) async throws -> Response {
        let query = Dictionary(
            request.uri.queryParameters.map { (String($0.key), String($0.value)) }, uniquingKeysWith: { $1 })
        let (patience, key, form) = try await countingRefusals {
            let patience = try Self.patience(query["wait"])
            let key = try JobDesk.idempotencyKey(of: request)
            return (patience, key, try await admit(request, context))
        }
        return try await request.body.consumeWithInboundCloseHandler { body in
            context.connection.requestBody()
            let stopped = APIError.stopping(retryAfter: desk.view.retryAfter)
            let (job, isNew) = try await countingRefusals {
                let upload = try await racing([(work.deadline, stopped)]) { try await receive(body, form, context) }
                return try await take(upload, query, key, context)
            }
            context.notes.set("job", job.id)
            guard path.waits, patience != .zero else { return answers.accepted(job) }
            return try await answer(job, patience, isOurs: isNew && key == nil, context)
        } onInboundClosed: {
            context.connection.departure.open()
        }
    }

    /// Judges a request by its head.
    private func admit(_ request: Request, _ context: APIContext) async throws -> MultipartParser {
        let contentLength = request.headers[.contentLength].flatMap { Int($0) }
        try await desk.admit(contentLength: contentLength, from: context.key)
        do {
            return try uploads.admit(contentType: request.headers[.contentType], contentLength: contentLength)
        } catch {
            throw APIError(error, on: path)
        }
    }

    private func countingRefusals<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch {
            desk.metrics.refused(DocumentRefusal(error))
            throw error
        }
    }

    private enum Interruption: Error { case stop, time }

    /// Waits for the job as long as the client, the container and `?wait=` let it.
    ///
    /// - Parameter isOurs: nobody else can know of the job, so it ends with the client. One that has a key is kept: its
    ///   client said that it may come again.
    private func answer(
        _ job: Job, _ patience: Duration?, isOurs: Bool, _ context: APIContext
    ) async throws -> Response {
        let time = Latch()
        let timer = patience.map { patience in
            Task {
                try? await Task.sleep(for: patience)
                time.open()
            }
        }
        defer { timer?.cancel() }
        do {
            // Only now: while the body comes, the body itself says that the client has gone.
            let finished = try await racing([
                (context.connection.departure, ClientGone()), (work.deadline, Interruption.stop),
                (time, Interruption.time),
            ]) { try await desk.wait(for: job.id) }
            guard let finished else {
                throw APIError(.gone, "The job was removed while this request waited for it.")
            }
            // The container stops, and the job goes on in its next life.
            guard finished.status.isFinished else { return answers.accepted(finished) }
            context.notes.set("pages", finished.pagesDone)
            context.notes.set("pages_failed", finished.pagesFailed)
            return try answers.result(of: finished)
        } catch is Interruption {
            return answers.accepted(try await desk.store.job(job.id) ?? job)
        } catch is ClientGone {
            if isOurs { _ = try? await desk.pipeline.cancel(job.id, at: WallClock.now()) }
            throw ClientGone()
        }
    }

    private func receive(_ body: RequestBody, _ form: MultipartParser, _ context: APIContext) async throws -> Upload {
        do {
            let upload = try await uploads.read(body, form: form)
            context.notes.set("bytes", upload.bytes)
            desk.metrics.received(bytes: upload.bytes)
            return upload
        } catch let error as UploadError {
            if case .spool(let failure) = error { report("an upload could not be stored", failure, context) }
            throw APIError(error, on: path)
        } catch is HTTPParserError {
            throw APIError.bodyEndedEarly
        } catch is IOError {
            throw ClientGone()
        }
    }

    private func take(
        _ upload: Upload, _ query: [String: String], _ key: String?, _ context: APIContext
    ) async throws -> (job: Job, isNew: Bool) {
        do {
            return try await desk.take(upload, query: query, idempotencyKey: key, from: context.key)
        } catch let error as JobStoreError {
            report("a job could not be stored", error, context)
            if case .full = error { throw APIError.noRoom }
            throw APIError.cannotStore
        } catch let failure as FileFailure {
            report("a document could not be stored", failure, context)
            throw failure.isFull ? APIError.noRoom : APIError.cannotStore
        }
    }

    private func report(_ what: Logger.Message, _ error: any Error, _ context: APIContext) {
        context.logger.error(
            what, metadata: ["id": .string("\(context.identifier)"), "error": .string("\(error)")])
    }

    /// `?wait=`: seconds; nil to wait to the end.
    private static func patience(_ text: String?) throws -> Duration? {
        guard let text else { return nil }
        guard let seconds = Double(text), (0...86_400).contains(seconds) else {
            throw APIError(.unprocessableContent, "`wait` must be a number of seconds from 0 to 86400.")
        }
        return .milliseconds(Int(seconds * 1000))
    }
}
