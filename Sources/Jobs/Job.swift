package enum JobStatus: String, Sendable, Codable, CaseIterable {
    case queued, running
    /// Every page was read.
    case success
    /// Some pages were not read, or not wholly.
    case partial
    /// No page was read.
    case failed
    case cancelled

    package var isFinished: Bool { self != .queued && self != .running }
}

/// A document and what became of it, as it stood in the store at one moment. Times are seconds since 1970.
package struct Job: Sendable, Equatable {
    package var id: JobIdentifier
    /// Grows from job to job, in the order of their creation; never used twice. A place to go on listing from.
    package var position: Int
    /// Grows with every change of the job.
    package var revision: Int
    package var status: JobStatus
    /// As the client named the document: a label, never a path.
    package var fileName: String?
    /// What the document is, for example `pdf`.
    package var kind: String
    /// The document's size.
    package var bytes: Int
    /// Of the document, in hexadecimal.
    package var sha256: String?
    /// The password is in it only while the job is not finished.
    package var options: JobOptions
    package var idempotencyKey: String?
    /// The label of the API key that it was made with; nil for one that was made while none were set.
    package var owner: String?

    package var createdAt: Double
    /// When work on it first began.
    package var startedAt: Double?
    package var finishedAt: Double?

    /// Pages that the document has; nil until it was opened.
    package var pageCount: Int?
    /// Pages that are wanted; nil until the document was opened.
    package var pagesSelected: Int?
    /// Pages that are over, whatever their outcome.
    package var pagesDone: Int
    /// Those of them that may be incomplete.
    package var pagesDegraded: Int
    /// Those of them that could not be read.
    package var pagesFailed: Int
    /// How often work on it was begun since the last page that was done.
    package var starts: Int

    /// Why the status is not `success`, as a sentence for the client.
    package var detail: String?
    /// How a request that waits for the job is answered when the document itself was refused.
    package var failure: JobFailure?
    /// The engine's name of its model.
    package var model: String?
    package var results: JobResults?
    /// What the job's end brought with it, in the order in which it came up; none before.
    package var deliveries: [Delivery] = []
}

/// Why a document could not be worked on at all.
package struct JobFailure: Sendable, Equatable {
    /// A short word for programs, for example `password_required`.
    package var code: String
    package var httpStatus: Int

    package init(code: String, httpStatus: Int) {
        self.code = code
        self.httpStatus = httpStatus
    }

    /// The document was gone from the spool when it was to be worked on.
    package static let documentLost = JobFailure(code: "document_lost", httpStatus: 500)
    /// Work on it ended this process again and again.
    package static let givenUp = JobFailure(code: "given_up", httpStatus: 500)
}

/// Where a job's files are in the user's folder.
package struct JobResults: Sendable, Equatable {
    package var markdown: String
    package var json: String

    package init(markdown: String, json: String) {
        self.markdown = markdown
        self.json = json
    }
}

/// A document that has arrived.
package struct NewJob: Sendable {
    package var fileName: String?
    package var kind: String
    package var bytes: Int
    package var sha256: String?
    package var options: JobOptions
    /// Each owner has keys of its own.
    package var idempotencyKey: String?
    package var owner: String?

    package init(
        fileName: String?, kind: String, bytes: Int, sha256: String?, options: JobOptions = JobOptions(),
        idempotencyKey: String? = nil, owner: String? = nil
    ) {
        self.fileName = fileName
        self.kind = kind
        self.bytes = bytes
        self.sha256 = sha256
        self.options = options
        self.idempotencyKey = idempotencyKey
        self.owner = owner
    }
}

/// How a job ended.
package struct JobEnd: Sendable {
    /// One of those that are finished.
    package var status: JobStatus
    package var detail: String?
    package var failure: JobFailure?
    package var model: String?
    package var results: JobResults?
    /// Where the results are to go beside. Whom a webhook tells is in the job's own options.
    package var uploads: [ResultUpload]

    package init(
        _ status: JobStatus, detail: String? = nil, failure: JobFailure? = nil, model: String? = nil,
        results: JobResults? = nil, uploads: [ResultUpload] = []
    ) {
        self.status = status
        self.detail = detail
        self.failure = failure
        self.model = model
        self.results = results
        self.uploads = uploads
    }
}
