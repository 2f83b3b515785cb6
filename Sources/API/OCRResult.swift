import Document
import Health
import Intake

/// What a document's answer says, and its JSON file as well.
///
/// The fields of the replaced container come first; the others are what its clients lacked.
struct OCRResult: Encodable, Sendable {
    enum Status: String, Encodable, Sendable {
        /// Every page was read.
        case success
        /// Some pages were not read, or not wholly.
        case partial
        /// No page was read.
        case failed
    }

    var status: Status
    /// As the client named it.
    var inputFile: String
    /// Pages with text, be it doubtful.
    var pagesProcessed: Int
    /// nil when they could not be written.
    var localFiles: LocalFiles?
    var usesVLM: Bool
    /// Local time at which the document was taken, as in the files' names.
    var timestamp: String

    var id: String
    /// Why the status is not `success`, as one sentence; nil when it is.
    var detail: String?
    var markdown: String
    var reading: PageReader.Reading
    var timings: Timings

    struct LocalFiles: Encodable, Sendable {
        var markdown: String
        var json: String
    }

    /// Milliseconds.
    struct Timings: Encodable, Sendable {
        var upload = 0
        var open = 0
        var pages = 0
        var total = 0

        private enum CodingKeys: String, CodingKey {
            case upload = "upload_ms"
            case open = "open_ms"
            case pages = "pages_ms"
            case total = "total_ms"
        }
    }

    init(id: String, inputFile: String, reading: PageReader.Reading, usesVLM: Bool, takenAt: LocalTime) {
        let pages = reading.pages
        let failed = pages.filter { $0.outcome == .failed }
        let degraded = pages.filter { $0.outcome == .degraded }
        if failed.count == pages.count {
            status = .failed
            detail = "No page could be read: \(failed.first?.reason ?? "the document has no pages")."
        } else if !failed.isEmpty {
            status = .partial
            detail = "\(failed.count) of \(pages.count) pages could not be read: \(Self.list(failed))."
        } else if !degraded.isEmpty {
            status = .partial
            detail = "\(degraded.count) of \(pages.count) pages may be incomplete: \(Self.list(degraded))."
        } else {
            status = .success
        }
        self.id = id
        self.inputFile = inputFile
        self.reading = reading
        self.usesVLM = usesVLM
        pagesProcessed = pages.count - failed.count
        timestamp = takenAt.iso
        markdown = Markdown.assemble(pages)
        timings = Timings()
    }

    var json: String { JSONText.encode(self) }

    private static func list(_ pages: [Page]) -> String {
        let shown = pages.prefix(20).map { String($0.number) }.joined(separator: ", ")
        return pages.count > 20 ? "\(shown) …" : shown
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(status, forKey: .status)
        try container.encode(inputFile, forKey: .inputFile)
        try container.encode(pagesProcessed, forKey: .pagesProcessed)
        // Written as null rather than left out: a client that expects files must see that there are none.
        try container.encode(localFiles, forKey: .localFiles)
        try container.encode(usesVLM && pagesProcessed > 0, forKey: .vlMarkdownUsed)
        try container.encode(usesVLM && pagesProcessed > 0, forKey: .vllmUsed)
        try container.encode(timestamp, forKey: .timestamp)
        try container.encode(id, forKey: .id)
        try container.encodeIfPresent(detail, forKey: .detail)
        try container.encode(DocumentResult.currentSchemaVersion, forKey: .schemaVersion)
        try container.encode(reading.model, forKey: .model)
        try container.encode(markdown, forKey: .markdown)
        try container.encode(reading.pages, forKey: .pages)
        try container.encode(timings, forKey: .timings)
    }

    private enum CodingKeys: String, CodingKey {
        case status, timestamp, id, detail, model, markdown, pages, timings
        case inputFile = "input_file"
        case pagesProcessed = "pages_processed"
        case localFiles = "local_files"
        case vlMarkdownUsed = "vl_markdown_used"
        case vllmUsed = "vllm_used"
        case schemaVersion = "schema_version"
    }
}
