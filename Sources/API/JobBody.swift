import Health
import Jobs
import Pipeline
import TimeOfDay

/// A job as clients see it.
struct JobBody: Encodable, Sendable {
    private var id: String
    private var status: String
    private var detail: String?
    private var error: String?
    private var inputFile: String
    private var pagesTotal: Int?
    private var pagesDone: Int
    private var pagesFailed: Int
    private var etaSeconds: Int?
    private var createdAt: Double
    private var startedAt: Double?
    private var finishedAt: Double?
    private var resultURL: String?
    private var eventsURL: String
    private var statusURL: String
    private var s3Files: FilesBody?
    private var deliveries: [DeliveryBody]?

    /// - Parameter now: seconds since 1970.
    init(_ job: Job, now: Double) {
        id = job.id.description
        status = job.status.rawValue
        detail = job.detail
        error = job.failure?.code
        inputFile = job.fileName ?? ""
        pagesTotal = job.pagesSelected
        pagesDone = job.pagesDone
        pagesFailed = job.pagesFailed
        etaSeconds = Self.timeLeft(job, now: now)
        createdAt = job.createdAt
        startedAt = job.startedAt
        finishedAt = job.finishedAt
        statusURL = Self.path(job.id)
        eventsURL = "\(statusURL)/events"
        resultURL = job.status.hasResult ? "\(statusURL)/result" : nil
        s3Files = job.uploadedFiles.map { FilesBody($0) }
        deliveries = job.deliveries.isEmpty ? nil : job.deliveries.map { DeliveryBody($0) }
    }

    static func path(_ id: JobIdentifier) -> String { "/jobs/\(id)" }

    var json: String { JSONText.encode(self) }

    /// Seconds, at the pace that its pages had so far; nil before the first.
    private static func timeLeft(_ job: Job, now: Double) -> Int? {
        guard job.status == .running, let total = job.pagesSelected, job.pagesDone > 0, let start = job.startedAt else {
            return nil
        }
        let pace = max(0, now - start) / Double(job.pagesDone)
        return Int((pace * Double(max(0, total - job.pagesDone))).rounded(.up))
    }

    private enum CodingKeys: String, CodingKey {
        case id, status, detail, error, deliveries
        case inputFile = "input_file"
        case pagesTotal = "pages_total"
        case pagesDone = "pages_done"
        case pagesFailed = "pages_failed"
        case etaSeconds = "eta_seconds"
        case createdAt = "created_at"
        case startedAt = "started_at"
        case finishedAt = "finished_at"
        case resultURL = "result_url"
        case eventsURL = "events_url"
        case statusURL = "status_url"
        case s3Files = "s3_files"
    }
}

/// What a webhook is sent of a job that has ended, in the form that Standard Webhooks asks for.
struct JobNews: Encodable, Sendable {
    private var type = "job.finished"
    /// When the job ended, as RFC 3339 writes it.
    private var timestamp: String
    private var data: JobBody

    /// - Parameter now: seconds since 1970.
    init(_ job: Job, now: Double) {
        timestamp = WallClock.rfc3339(job.finishedAt ?? now)
        data = JobBody(job, now: now)
    }

    var json: String { JSONText.encode(self) }
}

extension JobStatus {
    /// There is something to be had: also of a document of which no page could be read, what became of each.
    var hasResult: Bool { self == .success || self == .partial || self == .failed }
}
