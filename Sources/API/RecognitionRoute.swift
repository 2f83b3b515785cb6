import Document
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Intake
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import PublicPort
import Rendering
import TimeOfDay

/// `POST /ocr/pdf` and `POST /ocr/image`: a document in, its Markdown and an account of its pages out.
struct RecognitionRoute: Sendable {
    let path: RecognitionPath
    let view: ContainerView
    let uploads: UploadReader
    let recogniser: Recogniser
    let results: ResultFiles
    let settings: APISettings
    let work: WorkInFlight

    private typealias Interruption = (latch: Latch, error: any Error & Sendable)

    func respond(to request: Request, context: APIContext) async throws -> Response {
        if let refusal = view.refusal() { throw APIError(refusal) }
        let form: MultipartParser
        do {
            form = try uploads.admit(
                contentType: request.headers[.contentType],
                contentLength: request.headers[.contentLength].flatMap { Int($0) })
        } catch {
            throw APIError(error, on: path)
        }
        let stopped: Interruption = (work.deadline, APIError.stopping(retryAfter: view.retryAfter))
        return try await request.body.consumeWithInboundCloseHandler { body in
            let start = ContinuousClock.now
            let now = Int(WallClock.now())
            context.connection.requestBody()
            let upload = try await racing([stopped]) { try await receive(body, form, context) }
            let received = start.duration(to: .now).milliseconds
            // Only now: while the body comes, the body itself says that the client has gone.
            return try await racing([stopped, (context.connection.departure, ClientGone())]) {
                var result = try await recognise(upload, at: now, context)
                result.timings.upload = received
                result.timings.total = start.duration(to: .now).milliseconds
                return try await answer(result, stem: SafeStem(fileName: upload.fileName), at: now, context)
            }
        } onInboundClosed: {
            context.connection.departure.open()
        }
    }

    private func receive(_ body: RequestBody, _ form: MultipartParser, _ context: APIContext) async throws -> Upload {
        do {
            let upload = try await uploads.read(body, form: form)
            context.notes.set("bytes", upload.bytes)
            return upload
        } catch let error as UploadError {
            if case .spool(let failure) = error {
                context.logger.error(
                    "an upload could not be stored",
                    metadata: ["id": .string("\(context.identifier)"), "error": .string("\(failure)")])
            }
            throw APIError(error, on: path)
        } catch is HTTPParserError {
            throw APIError.bodyEndedEarly
        } catch is IOError {
            throw ClientGone()
        }
    }

    private func recognise(_ upload: Upload, at now: Int, _ context: APIContext) async throws -> OCRResult {
        let start = ContinuousClock.now
        let document = try await open(upload, context)
        let opened = ContinuousClock.now
        guard document.pages.count <= settings.maximumPages else {
            throw APIError.tooManyPages(document.pages.count, limit: settings.maximumPages)
        }
        let reading = try await recogniser.pages.read(document)
        var result = OCRResult(
            id: context.identifier.description, inputFile: upload.fileName ?? "", reading: reading,
            usesVLM: settings.usesVLM, takenAt: LocalTime(seconds: now))
        result.timings.open = start.duration(to: opened).milliseconds
        result.timings.pages = opened.duration(to: .now).milliseconds
        context.notes.set("pages", reading.pages.count)
        context.notes.set("pages_failed", reading.pages.count { $0.outcome == .failed })
        return result
    }

    private func open(_ upload: Upload, _ context: APIContext) async throws -> RenderedDocument {
        do {
            return try await recogniser.renderers.open(upload.file.descriptor)
        } catch {
            try Task.checkCancellation()
            throw APIError(error)
        }
    }

    /// Writes the result files and makes the answer.
    ///
    /// A result that cannot be written is still answered, with 507 or 500 and without `local_files`: the work is done,
    /// the text is there, and only the promise of files is broken.
    private func answer(
        _ result: OCRResult, stem: SafeStem, at now: Int, _ context: APIContext
    ) async throws -> Response {
        guard result.status != .failed else { return .json(.badGateway, result.json) }
        do {
            let result = result
            let json = try await NIOThreadPool.singleton.runIfActive {
                var stored = result
                _ = try results.store(stem: stem, seconds: now, markdown: result.markdown) { paths in
                    stored.localFiles = OCRResult.LocalFiles(markdown: paths.markdown, json: paths.json)
                    return stored.json
                }
                return stored.json
            }
            return .json(.ok, json)
        } catch let failure as FileFailure {
            context.logger.error(
                "results could not be written",
                metadata: ["id": .string("\(context.identifier)"), "error": .string("\(failure)")])
            var unstored = result
            unstored.detail =
                "The result files could not be written (\(failure)); this answer has the whole text all the same."
            return .json(failure.isFull ? .insufficientStorage : .internalServerError, unstored.json)
        }
    }
}
