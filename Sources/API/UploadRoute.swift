import DocumentSources
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

/// `POST /ocr/pdf`, `/ocr/image` and `/jobs`: a document comes in, or is fetched from where the request says. The first two wait
/// for its result.
struct UploadRoute: Sendable {
    let path: UploadPath
    let desk: JobDesk
    let forms: FormReader
    let fetcher: DocumentFetcher
    let answers: JobAnswers
    let work: WorkInFlight

    func respond(to request: Request, context: APIContext) async throws -> Response {
        let query = Dictionary(
            request.uri.queryParameters.map { (String($0.key), String($0.value)) }, uniquingKeysWith: { $1 })
        let (patience, key, kind) = try await countingRefusals {
            let patience = try Self.patience(query["wait"])
            let key = try JobDesk.idempotencyKey(of: request)
            return (patience, key, try await admit(request, context))
        }
        let traceparent = HTTPField.Name("traceparent").flatMap { TraceContext.valid(request.headers[$0]) }
        return try await request.body.consumeWithInboundCloseHandler { body in
            context.connection.requestBody()
            let stopped = APIError.stopping(retryAfter: desk.view.retryAfter)
            let (job, isNew) = try await countingRefusals {
                let form = try await racing([(work.deadline, stopped)]) { try await receive(body, kind, context) }
                // Before the document is fetched: for what will not be done nobody is asked.
                var options = try desk.options(query: query, form: form)
                options.traceparent = traceparent
                let upload = try await document(of: form, kind, context)
                return try await take(upload, options, key, context)
            }
            context.notes.set("job", job.id)
            guard path.waits, patience != .zero else { return answers.accepted(job) }
            return try await answer(job, patience, isOurs: isNew && key == nil, context)
        } onInboundClosed: {
            context.connection.departure.open()
        }
    }

    /// Judges a request by its head.
    private func admit(_ request: Request, _ context: APIContext) async throws -> FormReader.Kind {
        let contentLength = request.headers[.contentLength].flatMap { Int($0) }
        try await desk.admit(contentLength: contentLength, from: context.key)
        do {
            return try forms.admit(contentType: request.headers[.contentType], contentLength: contentLength)
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
            let told = try await racing([(context.connection.departure, ClientGone())]) {
                try await desk.waitForDeliveries(of: finished, until: [work.stopping, time])
            }
            return try answers.result(of: told)
        } catch is Interruption {
            return answers.accepted(try await desk.store.job(job.id) ?? job)
        } catch is ClientGone {
            if isOurs { _ = try? await desk.pipeline.cancel(job.id, at: WallClock.now()) }
            throw ClientGone()
        }
    }

    private func receive(
        _ body: RequestBody, _ kind: FormReader.Kind, _ context: APIContext
    ) async throws -> DocumentForm {
        do {
            return try await forms.read(body, kind)
        } catch let error as UploadError {
            throw refusal(error, context)
        } catch is HTTPParserError {
            throw APIError.bodyEndedEarly
        } catch is IOError {
            throw ClientGone()
        }
    }

    private func refusal(_ error: UploadError, _ context: APIContext) -> APIError {
        if case .spool(let failure) = error { report("an upload could not be stored", failure, context) }
        return APIError(error, on: path)
    }

    /// The document that a form has, or names.
    private func document(
        of form: DocumentForm, _ kind: FormReader.Kind, _ context: APIContext
    ) async throws -> Upload {
        let upload: Upload
        let url = form.fields["url"].flatMap { $0.isEmpty ? nil : $0 }
        switch (form.document, url) {
        // What a browser sends for a file that was not chosen.
        case (nil, let url?), (.failure(.empty), let url?): upload = try await fetched(url, context)
        case (_?, _?): throw APIError.twoDocuments
        case (let document?, nil):
            do throws(UploadError) { upload = try document.get() } catch { throw refusal(error, context) }
        case (nil, nil):
            if case .multipart = kind { throw refusal(.noField("file"), context) }
            throw APIError(missingField: "url").refusing(.noFile)
        }
        context.notes.set("bytes", upload.bytes)
        desk.metrics.received(bytes: upload.bytes)
        return upload
    }

    /// A document from where the client says it is. The client waits, and when it has gone nobody does.
    private func fetched(_ url: String, _ context: APIContext) async throws -> Upload {
        let stopped = APIError.stopping(retryAfter: desk.view.retryAfter)
        do {
            let source = try DocumentSource(url)
            let upload = try await racing([
                (work.deadline, stopped), (context.connection.departure, ClientGone()),
            ]) { try await fetcher.fetch(source) }
            desk.metrics.fetched(nil)
            return upload
        } catch let error as DocumentSourceError {
            var metadata: Logger.Metadata = ["error": .string(error.detail ?? error.description)]
            // Where nobody was asked there is none.
            if !error.host.isEmpty { metadata["host"] = .string(error.host) }
            context.logger.notice("a document could not be fetched", metadata: metadata)
            let answer = APIError(error)
            desk.metrics.fetched(answer.refusal)
            throw answer
        } catch let error as UploadError {
            let answer = refusal(error, context)
            desk.metrics.fetched(answer.refusal)
            throw answer
        }
    }

    private func take(
        _ upload: Upload, _ options: JobOptions, _ key: String?, _ context: APIContext
    ) async throws -> (job: Job, isNew: Bool) {
        do {
            return try await desk.take(upload, options, idempotencyKey: key, from: context.key)
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
            what, metadata: ["error": .string("\(error)")])
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
