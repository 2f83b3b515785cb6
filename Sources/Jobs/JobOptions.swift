/// What a client wants of a document.
package struct JobOptions: Codable, Sendable, Equatable {
    /// What the engine is asked to read.
    package enum Task: String, Codable, Sendable, CaseIterable {
        case ocr, table, formula, chart, seal, spotting
    }

    /// As ``PageSelection`` reads it; nil for the whole document.
    package var pages: String?
    package var task: Task
    /// Pixels that a picture for the engine may have; nil leaves it to the settings.
    package var maxPixels: Int?
    /// Opens the document. Kept only while the job is not finished.
    package var password: Secret?
    /// Where the result goes beside the user's folder: `s3://bucket/prefix/`.
    package var output: String?
    /// A URL that is told of the job's end.
    package var webhook: String?
    /// The request's place in somebody's trace (W3C Trace Context), for those who are asked on its behalf.
    package var traceparent: String?

    package init(
        pages: String? = nil, task: Task = .ocr, maxPixels: Int? = nil, password: Secret? = nil,
        output: String? = nil, webhook: String? = nil, traceparent: String? = nil
    ) {
        self.pages = pages
        self.task = task
        self.maxPixels = maxPixels
        self.password = password
        self.output = output
        self.webhook = webhook
        self.traceparent = traceparent
    }

    /// What is kept with the job for as long as that is kept.
    var withoutPassword: JobOptions {
        var copy = self
        copy.password = nil
        return copy
    }

    /// What is compared when a request is repeated: a repeat has a trace of its own.
    var compared: JobOptions {
        var copy = withoutPassword
        copy.traceparent = nil
        return copy
    }
}

/// A text that no log shows, not even by mistake.
package struct Secret: Codable, Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    package var text: String

    package init(_ text: String) { self.text = text }

    package init(from decoder: any Decoder) throws { text = try String(from: decoder) }
    package func encode(to encoder: any Encoder) throws { try text.encode(to: encoder) }

    package var description: String { "(hidden)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
