extension Schemas {
    package static let jobStates = ["queued", "running", "success", "partial", "failed", "cancelled"]

    /// A job as `JobBody` writes it.
    static let job: JSON = [
        "description": "A document and how far it is. Times are seconds since 1970.",
        "type": "object",
        "required": [
            "id", "status", "input_file", "pages_done", "pages_failed", "created_at", "status_url", "events_url",
        ],
        "properties": [
            "id": identifier,
            "status": choice(
                jobStates,
                "success, partial: there is a result. failed: no page was read; the result says of each why."),
            "detail": text("Why the status is not success, as one sentence."),
            "error": text("The same as a word for programs, for example password or too_many_pages."),
            "input_file": text("As the client named it."),
            "pages_total": [
                "description": "Pages that were asked for; absent until the document was opened.", "type": "integer",
                "minimum": 0,
            ],
            "pages_done": [
                "description": "Pages that are over, whatever their outcome.", "type": "integer", "minimum": 0,
            ],
            "pages_failed": ["description": "Those of them that could not be read.", "type": "integer", "minimum": 0],
            "eta_seconds": [
                "description": "Seconds left, at the pace of its pages so far.", "type": "integer", "minimum": 0,
            ],
            "created_at": ["type": "number"],
            "started_at": ["type": "number"],
            "finished_at": ["type": "number"],
            "status_url": ["type": "string"],
            "events_url": ["type": "string"],
            "result_url": text("Where the result is; absent while there is none."),
            "s3_files": uploaded,
            "deliveries": [
                "description": "What its end brings with it: results that are put elsewhere, and who is told.",
                "type": "array", "items": reference("Delivery"),
            ],
        ],
    ]

    static let delivery: JSON = [
        "type": "object", "required": ["kind", "target", "status", "attempts"],
        "properties": [
            "kind": choice(
                ["objects", "webhook"],
                "objects: the result's files, to an object store. webhook: the news of the end."),
            "target": text("s3://bucket/prefix/, or the webhook's URL without its query."),
            "status": choice(
                ["waiting", "done", "failed"], "waiting: it is tried, or tried again. failed: it was given up."),
            "attempts": ["description": "Tries that are over.", "type": "integer", "minimum": 0],
            "detail": text("What was in the way the last time."),
            "next_attempt_at": ["description": "Seconds since 1970.", "type": "number"],
        ],
        "additionalProperties": false,
    ]

    static let jobList: JSON = [
        "type": "object", "required": ["jobs", "next"],
        "properties": [
            "jobs": ["description": "The newest first.", "type": "array", "items": reference("Job")],
            "next": [
                "description": "Path and query of the list's next part; null at its end.", "type": ["string", "null"],
            ],
        ],
    ]

    /// What a webhook is sent (https://www.standardwebhooks.com).
    static let jobEnded: JSON = [
        "type": "object", "required": ["type", "timestamp", "data"],
        "properties": [
            "type": ["const": "job.finished"],
            "timestamp": ["description": "When the job ended.", "type": "string", "format": "date-time"],
            "data": reference("Job"),
        ],
    ]
}

// MARK: What a client asks

extension Schemas {
    package static let tasks = ["ocr", "table", "formula", "chart", "seal", "spotting"]

    static let pages: JSON = [
        "description": """
        Which pages are read: `1-5,8,-1`. They count from 1; negative ones from the end; `3-` goes on to the last. \
        Without it all.
        """,
        "type": "string", "maxLength": 1000,
        "pattern": "^ *-?[0-9]{1,9}(-(-?[0-9]{1,9})?)? *(, *-?[0-9]{1,9}(-(-?[0-9]{1,9})?)? *)*$",
    ]

    static let prompt = choice(tasks, "What to look for, as far as the engine knows it. Without it all text.")

    static let maximumPixels: JSON = [
        "description": "Most pixels of a page's picture; above the engine's own limit it has no effect.",
        "type": "integer", "minimum": 10_000, "maximum": 200_000_000,
    ]

    static let password: JSON = [
        "description": "Of an encrypted document.", "type": "string", "maxLength": 1024, "format": "password",
    ]

    private static let options: JSON = [
        "output": [
            "description": """
            `s3://bucket/prefix/`: where the result's files are put, beside OUTPUT_DIR. Only below prefixes of \
            COXSWAIN_S3_ALLOW.
            """,
            "type": "string", "format": "uri", "pattern": "^s3://",
        ],
        "webhook": [
            "description": "Who is told when the job has ended. Only where COXSWAIN_WEBHOOKS is set.",
            "type": "string", "format": "uri", "pattern": "^https?://",
        ],
        "pages": pages, "prompt": prompt, "max_pixels": maximumPixels, "password": password,
    ]

    private static let file: JSON = [
        "description": "A PDF or a picture: PNG, JPEG, TIFF, WebP, GIF, BMP. The content decides, not the name.",
        "type": "string", "format": "binary", "contentMediaType": "application/octet-stream",
    ]

    private static let url: JSON = [
        "description": """
        Where the document is, instead of `file`: `https://…`, `http://…` where COXSWAIN_URL_SOURCES is set, \
        `s3://bucket/key` below prefixes of COXSWAIN_S3_ALLOW. It is fetched while the request waits.
        """,
        "type": "string", "format": "uri", "pattern": "^(https?|s3)://",
    ]

    /// One of `file` and `url` is there. Said in words: what `oneOf` says of a form few programs understand.
    static let form: JSON = [
        "description": "A document, as `file` or as `url`, and what is asked of it.",
        "type": "object", "properties": JSON([("file", file), ("url", url)]).adding(options),
    ]

    /// A document that is fetched.
    static let link: JSON = [
        "description": "Where a document is, and what is asked of it.",
        "type": "object", "required": ["url"], "properties": JSON([("url", url)]).adding(options),
        "additionalProperties": false,
    ]
}

extension JSON {
    init(_ members: [(String, JSON)]) { self = .object(members.map { Member(name: $0.0, value: $0.1) }) }
}
