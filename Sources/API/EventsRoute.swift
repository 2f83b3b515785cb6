import Document
import HTTPTypes
import Health
import Hummingbird
import Jobs
import NIOCore
import Pipeline
import TimeOfDay

/// `GET /jobs/{id}/events`: server-sent events (WHATWG HTML, 9.2), one for each page in the order in which they were
/// finished, and one for the end.
///
/// A page's event has its place in that order as id, so a client that comes back with `Last-Event-ID` misses none and gets
/// none twice, whatever became of this process in between.
struct EventsRoute: Sendable {
    let store: JobStore
    let changes: JobChanges
    /// Opens when the container stops: clients come back to the next one.
    let stopping: Latch

    /// Time without an event after which a comment is sent: proxies close what is silent, and a client that has gone is
    /// only found out by writing.
    private static let silence = Duration.seconds(15)
    private static let batch = 64

    func respond(to request: Request, job: Job) throws -> Response {
        let last = HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }.flatMap { Int($0) } ?? 0
        let body = ResponseBody { writer in
            try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
            try await follow(job.id, after: max(0, last)) { try await writer.write(ByteBuffer(string: $0)) }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
    }

    private func follow(
        _ id: JobIdentifier, after last: Int, _ send: (String) async throws -> Void
    ) async throws {
        var last = last
        while !stopping.isOpen {
            let count = changes.count(of: id)
            guard let job = try await store.job(id) else { return }
            while true {
                let pages = try await store.pages(of: id, afterSequence: last, limit: Self.batch)
                for page in pages {
                    try await send(Self.event("page", id: page.sequence, JSONText.encode(PageEvent(page, of: job))))
                    last = page.sequence
                }
                if pages.count < Self.batch { break }
            }
            if job.status.isFinished {
                return try await send(Self.event("end", id: nil, JobBody(job, now: WallClock.now()).json))
            }
            try await send(Self.event("status", id: nil, JobBody(job, now: WallClock.now()).json))
            guard let count else { return }
            try await waitForChange(of: id, after: count) { try await send(": waiting\n\n") }
        }
    }

    private func waitForChange(
        of id: JobIdentifier, after count: UInt64, _ remind: () async throws -> Void
    ) async throws {
        let (stopping, changes) = (stopping, changes)
        while true {
            let isOver = await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    await changes.wait(for: id, after: count)
                    return true
                }
                group.addTask {
                    await stopping.wait()
                    return true
                }
                group.addTask {
                    try? await Task.sleep(for: Self.silence)
                    return false
                }
                let first = await group.next() ?? true
                group.cancelAll()
                return first
            }
            if isOver { return }
            try Task.checkCancellation()
            try await remind()
        }
    }

    private static func event(_ name: String, id: Int?, _ json: String) -> String {
        // JSON on one line: no line of it can be taken for another field.
        "event: \(name)\n" + (id.map { "id: \($0)\n" } ?? "") + "data: \(json)\n\n"
    }

    private struct PageEvent: Encodable {
        var page: Page
        var pages_done: Int
        var pages_total: Int?

        init(_ stored: StoredPage, of job: Job) {
            page = stored.page
            pages_done = stored.sequence
            pages_total = job.pagesSelected
        }
    }
}
