import APIKeys
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
    /// Nil where nobody has to have a key.
    var keys: KeyKeeper?

    /// Time without an event after which a comment is sent: proxies close what is silent, and a client that has gone is
    /// only found out by writing.
    private static let silence = Duration.seconds(15)
    private static let batch = 64
    /// Time after which a stream looks whether its key still holds.
    private static let keyCheck = Duration.seconds(3)

    /// - Parameter key: that of whoever asks: the stream ends with it.
    func respond(to request: Request, job: Job, key: APIKey? = nil) throws -> Response {
        let last = HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }.flatMap { Int($0) } ?? 0
        let body = ResponseBody { writer in
            try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
            try await follow(job.id, after: max(0, last), key) { try await writer.write(ByteBuffer(string: $0)) }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
    }

    private func follow(
        _ id: JobIdentifier, after last: Int, _ key: APIKey?, _ send: (String) async throws -> Void
    ) async throws {
        var last = last
        while !stopping.isOpen, holds(key) {
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
            try await waitForChange(of: id, after: count, key) { try await send(": waiting\n\n") }
        }
    }

    private func holds(_ key: APIKey?) -> Bool {
        guard let key, let keys else { return true }
        return keys.isValid(key, at: KeyCheck.now)
    }

    /// Returns when there may be something to tell, or nobody to tell it to.
    private func waitForChange(
        of id: JobIdentifier, after count: UInt64, _ key: APIKey?, _ remind: () async throws -> Void
    ) async throws {
        let (stopping, changes) = (stopping, changes)
        var reminder = ContinuousClock.now + Self.silence
        while holds(key) {
            let end = key == nil ? reminder : min(reminder, .now + Self.keyCheck)
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
                    try? await Task.sleep(until: end)
                    return false
                }
                let first = await group.next() ?? true
                group.cancelAll()
                return first
            }
            if isOver { return }
            try Task.checkCancellation()
            guard reminder <= .now else { continue }
            try await remind()
            reminder = .now + Self.silence
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
