package import Jobs

/// A delivery as its job's owner sees it.
package struct DeliveryBody: Encodable, Sendable {
    private var kind: String
    private var target: String
    private var status: String
    private var attempts: Int
    private var detail: String?
    private var nextAttempt: Double?

    package init(_ delivery: Delivery) {
        kind = delivery.kind.rawValue
        target = delivery.shownTarget
        status = delivery.status.rawValue
        attempts = delivery.attempts
        detail = delivery.detail
        nextAttempt = delivery.nextAttempt
    }

    private enum CodingKeys: String, CodingKey {
        case kind, target, status, attempts, detail
        case nextAttempt = "next_attempt_at"
    }
}

/// Where a result's files are: paths, or URLs.
package struct FilesBody: Encodable, Sendable {
    private var markdown: String
    private var json: String

    package init(_ files: JobResults) {
        markdown = files.markdown
        json = files.json
    }
}
