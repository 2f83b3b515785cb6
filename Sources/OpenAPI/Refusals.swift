/// How a path says no.
enum Refusals {
    /// RFC 9457.
    case problem
    /// As the replaced container did.
    case detail

    var content: Answer.Content {
        switch self {
        case .problem: .init("application/problem+json", Schemas.reference("Problem"))
        case .detail: .init("application/json", Schemas.reference("Detail"))
        }
    }

    func callAsFunction(_ status: Int, _ text: String, headers: [String] = []) -> Answer {
        Answer(status, text, [content], headers: headers)
    }

    /// Of everything but probes: before the api serves PID 1 answers, and then when all connections are taken.
    var unavailable: Answer {
        self(503, "The container starts, stops or has given up; or too many are connected.", headers: ["Retry-After"])
    }

    /// Of everything that asks for a key.
    var always: [Answer] {
        [
            self(401, "API keys are set, and the request has none, or a wrong one.", headers: ["WWW-Authenticate"]),
            self(429, "The key has had its requests of this minute.", headers: ["Retry-After"]),
            unavailable,
        ]
    }

    /// Of everything that asks the store.
    var broken: Answer { self(500, "The container cannot read or write its state; its log says why.") }

    /// Of everything that looks for a job.
    var job: [Answer] {
        always + [broken, self(404, "There is no such job, it is forgotten, or it belongs to another key.")]
    }

    /// Of a document that is not taken.
    var document: [Answer] {
        always.adding([
            self(
                400, "The body cannot be read, is empty, or is neither a PDF nor a picture; the Idempotency-Key is odd."
            ),
            self(403, "`url`, `output` or `webhook` names what is not allowed here, or is off."),
            self(408, "The body came too slowly."),
            self(413, "The document has too many bytes or pages."),
            self(415, "The body is none of the forms above, or is compressed."),
            self(417, "`Expect` is something else than `100-continue`."),
            self(
                422,
                "A field or option is missing or wrong; the document is damaged, encrypted or at odds with its `pages`."
            ),
            self(
                429, "Too many documents wait, or the key has had its requests or pages; come again later.",
                headers: ["Retry-After"]),
            self(500, "The document cannot be stored; the container's log says why."),
            self(502, "The document could not be fetched from `url`."),
            self(504, "The document could not be fetched from `url` in time."),
            self(507, "There is no room on the container's disk.", headers: ["Retry-After"]),
        ])
    }
}
