import Document
import Health
import Intake
package import Jobs
import TimeOfDay

/// A finished job's result as text, read from the store page by page: a long document is never in memory as a whole.
package struct ResultText: Sendable {
    package enum Format: String, Sendable, CaseIterable {
        case json, markdown, text

        package var mediaType: String {
            switch self {
            case .json: "application/json"
            case .markdown: "text/markdown; charset=utf-8"
            case .text: "text/plain; charset=utf-8"
            }
        }
    }

    package typealias Sink = (String) async throws -> Void

    let store: JobStore
    let job: Job
    let usesVLM: Bool
    let showsDeliveries: Bool

    /// - Parameter showsDeliveries: what became of the result since it was written, in its JSON. Files do without: they are the
    ///   same wherever they are.
    package init(store: JobStore, job: Job, usesVLM: Bool, showsDeliveries: Bool = false) {
        self.store = store
        self.job = job
        self.usesVLM = usesVLM
        self.showsDeliveries = showsDeliveries
    }

    package func write(_ format: Format, to sink: Sink) async throws {
        switch format {
        case .json: try await writeJSON(to: sink)
        case .markdown: try await writeMarkdown(to: sink)
        case .text: try await writeText(to: sink)
        }
    }

    func writeMarkdown(to sink: Sink) async throws {
        var assembly = Markdown.Assembly()
        try await forEachPage { try await sink(assembly.append($0)) }
        try await sink(assembly.end)
    }

    /// The text of the pages alone; a form feed stands between two, as pdftotext puts it.
    private func writeText(to sink: Sink) async throws {
        var isFirst = true
        try await forEachPage { page in
            let text = page.outcome == .failed ? "" : Markdown.normalise(page.text)
            try await sink((isFirst ? "" : "\u{0C}") + text + "\n")
            isFirst = false
        }
    }

    /// The head of the answer, then the Markdown and the pages, which may be long.
    func writeJSON(to sink: Sink) async throws {
        let head = JSONText.encode(ResultHead(job, usesVLM: usesVLM, showsDeliveries: showsDeliveries))
        try await sink(head.dropLast() + ",\"markdown\":\"")
        try await writeMarkdown { try await sink(String(JSONText.encode($0).dropFirst().dropLast())) }
        try await sink("\",\"pages\":[")
        var isFirst = true
        // JSON they are, or the Markdown could not have been taken out of them: here they are taken over as they stand.
        try await inBatches { next in
            let pages = try await store.writtenPages(of: job.id, fromNumber: next, limit: Self.batch)
            for page in pages {
                try await sink((isFirst ? "" : ",") + page.json)
                isFirst = false
            }
            return pages.map(\.number)
        }
        try await sink("]}")
    }

    /// Pages that are held at once.
    private static let batch = 32

    /// - Parameter body: is told what was read of a page, and nothing else of it.
    private func forEachPage(_ body: (Page) async throws -> Void) async throws {
        try await inBatches { next in
            let pages = try await store.readPages(of: job.id, fromNumber: next, limit: Self.batch)
            for page in pages { try await body(page) }
            return pages.map(\.number)
        }
    }

    /// - Parameter body: takes a batch of pages from a number on, and says which they were.
    private func inBatches(_ body: (_ next: Int) async throws -> [Int]) async throws {
        var next = 1
        while true {
            let numbers = try await body(next)
            guard let last = numbers.last, numbers.count == Self.batch else { return }
            next = last + 1
        }
    }
}

/// What a document's answer says before its text; the fields of the replaced container, and what its clients lacked.
private struct ResultHead: Encodable {
    private let job: Job
    private let usesVLM: Bool
    private let showsDeliveries: Bool

    init(_ job: Job, usesVLM: Bool, showsDeliveries: Bool) {
        self.job = job
        self.usesVLM = usesVLM
        self.showsDeliveries = showsDeliveries
    }

    /// Milliseconds.
    private struct Timings: Encodable {
        var waiting: Int
        var reading: Int
        var total: Int

        private enum CodingKeys: String, CodingKey {
            case waiting = "waiting_ms"
            case reading = "reading_ms"
            case total = "total_ms"
        }
    }

    func encode(to encoder: any Encoder) throws {
        let processed = job.pagesDone - job.pagesFailed
        let files = job.results.map { FilesBody($0) }
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(job.status.rawValue, forKey: .status)
        try container.encode(job.fileName ?? "", forKey: .inputFile)
        try container.encode(processed, forKey: .pagesProcessed)
        // Written as null rather than left out: a client that expects files must see that there are none.
        try container.encode(files, forKey: .localFiles)
        try container.encode(usesVLM && processed > 0, forKey: .vlMarkdownUsed)
        try container.encode(usesVLM && processed > 0, forKey: .vllmUsed)
        try container.encode(LocalTime(seconds: Int(job.createdAt)).iso, forKey: .timestamp)
        try container.encode(job.id.description, forKey: .id)
        try container.encodeIfPresent(job.detail, forKey: .detail)
        try container.encode(DocumentResult.currentSchemaVersion, forKey: .schemaVersion)
        try container.encode(job.model, forKey: .model)
        try container.encode(timings, forKey: .timings)
        guard showsDeliveries, !job.deliveries.isEmpty else { return }
        try container.encodeIfPresent(job.uploadedFiles.map { FilesBody($0) }, forKey: .s3Files)
        try container.encode(job.deliveries.map { DeliveryBody($0) }, forKey: .deliveries)
    }

    private var timings: Timings {
        let end = job.finishedAt ?? job.createdAt
        let start = job.startedAt ?? end
        func milliseconds(_ from: Double, _ to: Double) -> Int { max(0, Int((to - from) * 1000)) }
        return Timings(
            waiting: milliseconds(job.createdAt, start), reading: milliseconds(start, end),
            total: milliseconds(job.createdAt, end))
    }

    private enum CodingKeys: String, CodingKey {
        case status, timestamp, id, detail, model, timings, deliveries
        case s3Files = "s3_files"
        case inputFile = "input_file"
        case pagesProcessed = "pages_processed"
        case localFiles = "local_files"
        case vlMarkdownUsed = "vl_markdown_used"
        case vllmUsed = "vllm_used"
        case schemaVersion = "schema_version"
    }
}
