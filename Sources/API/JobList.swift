import HTTPTypes
import Health
import Hummingbird
import Jobs

/// `GET /jobs`: the caller's own jobs, the newest first, some at a time.
struct JobListQuery: Sendable, Equatable {
    var limit = 50
    /// Only jobs older than the one of that position.
    var before: Int?
    var status: JobStatus?

    static let maximumLimit = 200

    /// - Parameter query: keys and values, percent-decoded.
    /// - Throws: `APIError` 422, naming the parameter.
    init(_ query: [String: String]) throws {
        if let text = query["limit"] {
            guard let number = Self.number(text), (1...Self.maximumLimit).contains(number) else {
                throw APIError(
                    .unprocessableContent, "`limit` must be a whole number from 1 to \(Self.maximumLimit).")
            }
            limit = number
        }
        if let text = query["before"] {
            guard let number = Self.number(text) else {
                throw APIError(
                    .unprocessableContent, "`before` must be what the link `next` of the list before had there.")
            }
            before = number
        }
        if let text = query["status"] {
            guard let known = JobStatus(rawValue: text) else {
                let names = JobStatus.allCases.map(\.rawValue).joined(separator: ", ")
                throw APIError(.unprocessableContent, "`status` must be one of \(names).")
            }
            status = known
        }
    }

    /// The same for what follows that job.
    func link(after job: Job) -> String {
        "\(JobRoutes.collection)?limit=\(limit)&before=\(job.position)"
            + (status.map { "&status=\($0.rawValue)" } ?? "")
    }

    /// Int would take a sign too.
    private static func number(_ text: String) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }
}

/// A part of a list as clients see it.
struct JobListBody: Encodable, Sendable {
    private var jobs: [JobBody]
    /// Where the list goes on; null at its end.
    private var next: String?

    /// - Parameters:
    ///   - found: one more than the limit when there are more.
    ///   - now: seconds since 1970.
    init(_ found: [Job], _ query: JobListQuery, now: Double) {
        let shown = found.prefix(query.limit)
        jobs = shown.map { JobBody($0, now: now) }
        next = found.count > query.limit ? shown.last.map(query.link) : nil
    }

    var json: String { JSONText.encode(self) }

    private enum CodingKeys: CodingKey { case jobs, next }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(jobs, forKey: .jobs)
        try container.encode(next, forKey: .next)
    }
}
