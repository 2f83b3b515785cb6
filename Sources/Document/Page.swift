/// One page of a document after it was read, or after that was given up.
package struct Page: Codable, Sendable, Equatable {
    package enum Outcome: String, Codable, Sendable {
        case ok
        /// There is text, and a reason to doubt that it is all or right.
        case degraded
        /// There is no text.
        case failed
    }

    /// How long the stages took, in milliseconds. The last attempt of each counts.
    package struct Timings: Codable, Sendable, Equatable {
        package var renderMilliseconds: Int
        package var engineMilliseconds: Int

        package init(renderMilliseconds: Int = 0, engineMilliseconds: Int = 0) {
            self.renderMilliseconds = renderMilliseconds
            self.engineMilliseconds = engineMilliseconds
        }

        private enum CodingKeys: String, CodingKey {
            case renderMilliseconds = "render_ms"
            case engineMilliseconds = "engine_ms"
        }
    }

    /// From 1.
    package var number: Int
    package var outcome: Outcome
    /// Why the outcome is not `ok`: for the user to read, so without addresses or paths of the service.
    package var reason: String?
    /// As the engine gave it; `Markdown` normalises it.
    package var text: String
    /// The rendered page in pixels; 0 where it was never rendered.
    package var width: Int
    package var height: Int
    /// The resolution of the rendered page in dots per inch.
    package var dpi: Double
    package var timings: Timings
    /// Requests to the engine made for this page.
    package var attempts: Int
    /// What the page was cut into, in reading order; nil where it was read whole.
    package var blocks: [Block]?

    package init(
        number: Int, outcome: Outcome, reason: String? = nil, text: String = "", width: Int = 0, height: Int = 0,
        dpi: Double = 0, timings: Timings = Timings(), attempts: Int = 0, blocks: [Block]? = nil
    ) {
        self.number = number
        self.outcome = outcome
        self.reason = reason
        self.text = text
        self.width = width
        self.height = height
        self.dpi = dpi
        self.timings = timings
        self.attempts = attempts
        self.blocks = blocks
    }
}

/// A part of a page that was read by itself.
package struct Block: Codable, Sendable, Equatable {
    /// Where it stands, in pixels of the rendered page, from its upper left corner.
    package struct Box: Codable, Sendable, Equatable {
        package var x: Int
        package var y: Int
        package var width: Int
        package var height: Int

        package init(x: Int, y: Int, width: Int, height: Int) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
        }
    }

    package var box: Box
    package var text: String
    package var outcome: Page.Outcome
    /// As a page's.
    package var reason: String?

    package init(box: Box, text: String, outcome: Page.Outcome, reason: String? = nil) {
        self.box = box
        self.text = text
        self.outcome = outcome
        self.reason = reason
    }
}

/// What was made of a whole document: the JSON file beside the Markdown.
package struct DocumentResult: Codable, Sendable, Equatable {
    /// Raised when a reader of an older version would misread a newer one; new fields alone do not raise it.
    package static let currentSchemaVersion = 1

    package var schemaVersion: Int
    /// The engine's name of its model; nil where no page was read.
    package var model: String?
    /// In order of their numbers.
    package var pages: [Page]

    package init(model: String?, pages: [Page]) {
        schemaVersion = Self.currentSchemaVersion
        self.model = model
        self.pages = pages
    }

    /// The document as Markdown.
    package var markdown: String { Markdown.assemble(pages) }

    private enum CodingKeys: String, CodingKey {
        case schemaVersion = "schema_version"
        case model
        case pages
    }
}
