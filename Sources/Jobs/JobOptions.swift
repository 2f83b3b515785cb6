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

    package init(pages: String? = nil, task: Task = .ocr, maxPixels: Int? = nil, password: Secret? = nil) {
        self.pages = pages
        self.task = task
        self.maxPixels = maxPixels
        self.password = password
    }

    /// What is kept with the job for as long as that is kept, and compared when a request is repeated.
    var withoutPassword: JobOptions {
        var copy = self
        copy.password = nil
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
