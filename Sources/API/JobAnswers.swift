import HTTPTypes
import Hummingbird
import Jobs
import NIOCore
import Pipeline
import TimeOfDay

/// How a job is answered to whoever waited for it, or asks for its result.
struct JobAnswers: Sendable {
    let store: JobStore
    let usesVLM: Bool

    /// It goes on: where to ask for it.
    func accepted(_ job: Job) -> Response {
        .json(
            .accepted, JobBody(job, now: WallClock.now()).json,
            headers: [HTTPField(name: .location, value: JobBody.path(job.id))])
    }

    /// A finished job's result, or why there is none.
    func result(of job: Job, as format: ResultText.Format = .json) throws -> Response {
        let status = try Self.status(of: job)
        let text = ResultText(store: store, job: job, usesVLM: usesVLM, showsDeliveries: true)
        let body = ResponseBody { writer in
            // A few pages at a time on the wire.
            var piece = ByteBuffer()
            try await text.write(format) { text in
                piece.writeString(text)
                guard piece.readableBytes >= 64 << 10 else { return }
                try await writer.write(piece)
                piece = ByteBuffer()
            }
            if piece.readableBytes > 0 { try await writer.write(piece) }
            try await writer.finish(nil)
        }
        return Response(status: status, headers: [.contentType: format.mediaType], body: body)
    }

    /// - Throws: `APIError` for a job without any page.
    private static func status(of job: Job) throws -> HTTPResponse.Status {
        switch job.status {
        case .queued, .running:
            throw APIError(
                .conflict, "The job is not finished; ask again, or follow its events.",
                headers: [HTTPField(name: .retryAfter, value: "2")])
        case .cancelled: throw APIError(.gone, "The job was cancelled.")
        case .success, .partial, .failed:
            let status = job.failure.map { HTTPResponse.Status(code: $0.httpStatus) }
            // Also a result that could not be written is answered: the work is done, the text is there, and only the
            // promise of files is broken. So is what became of each page where none could be read.
            if job.pagesDone > 0 { return status ?? .ok }
            throw APIError(status ?? .internalServerError, job.detail ?? "The document could not be read.")
        }
    }
}
