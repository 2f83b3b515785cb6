/// One method of one path: what it takes, and everything that it answers.
package struct Operation: Sendable {
    package enum Group: String, Sendable, CaseIterable {
        case documents = "Documents"
        case jobs = "Jobs"
        case container = "Container"

        var text: String {
            switch self {
            case .documents: "Send a document and wait for its result."
            case .jobs: "Send a document now and ask for it later; follow it page by page."
            case .container: "How the container is, and what this is."
            }
        }
    }

    /// In upper case.
    package var method: String
    /// With parameters in braces, for example `/jobs/{id}`.
    package var path: String
    /// Unique; `HEAD` is derived from it.
    package var name: String
    package var group: Group
    package var summary: String
    /// Paragraphs; names stand in backticks.
    package var text = ""
    package var parameters: [Parameter] = []
    package var body: Body?
    package var answers: [Answer]
    /// Probes and `/` ask nobody for a key.
    package var isOpen = false
    /// Command lines that do it, for a shell in a folder with a `document.pdf`, and with `id` set to a job's.
    package var examples: [Example] = []

    /// `GET` is answered for `HEAD` too, without the body.
    package var methods: [String] { method == "GET" ? ["GET", "HEAD"] : [method] }
}

/// Something that a request carries beside its body.
package struct Parameter: Sendable {
    package enum Place: String, Sendable {
        case path, query, header
    }

    package var name: String
    package var place: Place
    package var text: String
    package var schema: JSON
    package var isRequired: Bool { place == .path }

    static func query(_ name: String, _ text: String, _ schema: JSON) -> Parameter {
        Parameter(name: name, place: .query, text: text, schema: schema)
    }
}

/// A request's body: one of several forms of the same.
package struct Body: Sendable {
    package struct Form: Sendable {
        package var mediaType: String
        package var schema: JSON
        /// How the parts of a multipart body are sent.
        var encoding: JSON?
        /// By name.
        var examples: [(name: String, value: JSON)] = []
    }

    package var text: String
    package var forms: [Form]
}

/// What is answered with one status.
package struct Answer: Sendable {
    package struct Content: Sendable {
        package var mediaType: String
        /// Nil for text that has no schema.
        package var schema: JSON?
        package var example: JSON?

        init(_ mediaType: String, _ schema: JSON? = nil, example: JSON? = nil) {
            self.mediaType = mediaType
            self.schema = schema
            self.example = example
        }

        /// Plain text, in our own words.
        static let text = Content("text/plain", ["type": "string"])
    }

    package var status: Int
    package var text: String
    package var contents: [Content] = []
    /// Names of `APIDocument.headers`, beside X-Request-Id, which every answer has.
    package var headers: [String] = []
    /// Where to go on from it, as OpenAPI's links.
    var links: JSON?

    init(_ status: Int, _ text: String, _ contents: [Content] = [], headers: [String] = [], links: JSON? = nil) {
        self.status = status
        self.text = text
        self.contents = contents
        self.headers = headers
        self.links = links
    }
}

/// A command line, and what it is for.
package struct Example: Sendable {
    package var title: String
    package var line: String

    init(_ title: String, _ line: String) {
        self.title = title
        self.line = line
    }
}
