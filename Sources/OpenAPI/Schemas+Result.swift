/// Schemas (JSON Schema 2020-12) of what is sent and answered.
package enum Schemas {
    static func reference(_ name: String) -> JSON { ["$ref": "#/components/schemas/\(name)"] }

    /// Milliseconds, bytes, numbers of things.
    static let count: JSON = ["type": "integer", "minimum": 0]

    static func text(_ description: String) -> JSON { ["description": .string(description), "type": "string"] }

    static func choice(_ values: [String], _ description: String) -> JSON {
        ["description": .string(description), "enum": .array(values.map(JSON.string))]
    }

    static let identifier: JSON = ["description": "The job.", "type": "string", "pattern": "^[0-9a-f]{32}$"]
}

// MARK: A document's result

extension Schemas {
    /// `etc/schema/result.json`: the contract of the result alone, for whoever reads the files in OUTPUT_DIR.
    package static var resultFile: JSON {
        let head: JSON = [
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "https://coxswain.invalid/schema/result-1.json",
            "title": "Result of a document, version 1",
        ]
        let parts = resultParts.map { JSON.Member(name: $0.name.lowercased(), value: $0.value) }
        let schema = head.adding(result).adding(["$defs": .object(parts)])
        return schema.mappingReferences { target in
            "#/$defs/" + (target.split(separator: "/").last.map { $0.lowercased() } ?? "")
        }
    }

    static let result: JSON = [
        "description": """
        The answer of POST /ocr/pdf, POST /ocr/image and GET /jobs/{id}/result, and the .json file in OUTPUT_DIR. New \
        fields may be added within a version; schema_version is raised when a reader of an older version would misread \
        a newer one.
        """,
        "type": "object",
        "required": [
            "schema_version", "id", "status", "input_file", "pages_processed", "local_files", "vl_markdown_used",
            "vllm_used", "timestamp", "markdown", "pages", "timings",
        ],
        "properties": [
            "schema_version": ["const": 1],
            "id": identifier,
            "status": choice(
                ["success", "partial", "failed"],
                "success: every page was read. partial: some were not, or not wholly. failed: none was."),
            "detail": text("Why the status is not success, or why there are no files, as one sentence."),
            "input_file": text("As the client named it."),
            "pages_processed": [
                "description": "Pages with text, be it doubtful.", "type": "integer", "minimum": 0,
            ],
            "local_files": [
                "description":
                    "Where the result is in OUTPUT_DIR; null where it could not be written, or no page was read.",
                "anyOf": [files, ["type": "null"]],
            ],
            "s3_files": uploaded,
            "deliveries": [
                "description": """
                What the document's end brought with it, as it stands now. Absent where that is nothing, and in the files \
                themselves.
                """,
                "type": "array", "minItems": 1, "items": reference("Delivery"),
            ],
            "vl_markdown_used": [
                "description": "A vision-language model read the pages.", "type": "boolean",
            ],
            "vllm_used": ["description": "The same; the replaced container had both.", "type": "boolean"],
            "timestamp": [
                "description": "Local time at which the document came in.", "type": "string",
                "pattern": #"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$"#,
            ],
            "model": [
                "description": "The engine's name of its model; null where that is not known.",
                "type": ["string", "null"],
            ],
            "markdown": text("All pages."),
            "pages": [
                "description": "Those that were asked for, in order of their numbers.", "type": "array",
                "items": reference("Page"),
            ],
            "timings": [
                "description": "Milliseconds.", "type": "object",
                "required": ["waiting_ms", "reading_ms", "total_ms"],
                "properties": ["waiting_ms": count, "reading_ms": count, "total_ms": count],
                "additionalProperties": false,
            ],
        ],
        "additionalProperties": false,
    ]

    private static let files: JSON = [
        "type": "object", "required": ["markdown", "json"],
        "properties": ["markdown": ["type": "string"], "json": ["type": "string"]],
        "additionalProperties": false,
    ]

    /// Also of a job.
    static let uploaded = JSON([
        (
            "description",
            """
            Where the result is in an object store, as s3:// URLs: where the request's `output` wanted it, or else where all \
            results go. Absent until it is there, and in the files themselves.
            """
        )
    ]).adding(files)

    /// What the result refers to.
    static let resultParts: [JSON.Member] = [
        .init(
            name: "Outcome",
            value: choice(
                ["ok", "degraded", "failed"],
                "ok. degraded: there is text, and a reason to doubt that it is all or right. failed: there is no text.")
        ),
        .init(name: "Delivery", value: delivery),
        .init(name: "Page", value: page),
        .init(name: "Block", value: block),
    ]

    private static let page: JSON = [
        "type": "object",
        "required": ["number", "outcome", "text", "width", "height", "dpi", "timings", "attempts"],
        "properties": [
            "number": ["type": "integer", "minimum": 1],
            "outcome": reference("Outcome"),
            "reason": text("Why the outcome is not ok."),
            "text": text("As the engine gave it."),
            "width": [
                "description": "Of the rendered page, in pixels; 0 where it was not rendered.", "type": "integer",
                "minimum": 0,
            ],
            "height": count,
            "dpi": [
                "description": "Of the rendered page; 0 where that is not known.", "type": "number", "minimum": 0,
            ],
            "timings": [
                "type": "object", "required": ["render_ms", "engine_ms"],
                "properties": ["render_ms": ["type": "integer"], "engine_ms": ["type": "integer"]],
                "additionalProperties": false,
            ],
            "attempts": ["description": "Requests to the engine.", "type": "integer", "minimum": 0],
            "blocks": [
                "description": "What the page was cut into, in reading order; absent where it was read whole.",
                "type": "array", "items": reference("Block"),
            ],
        ],
        "additionalProperties": false,
    ]

    private static let block: JSON = [
        "type": "object", "required": ["box", "text", "outcome"],
        "properties": [
            "box": [
                "description": "Pixels of the rendered page, from its upper left corner.",
                "type": "object", "required": ["x", "y", "width", "height"],
                "properties": [
                    "x": count, "y": count,
                    "width": ["type": "integer", "minimum": 1], "height": ["type": "integer", "minimum": 1],
                ],
                "additionalProperties": false,
            ],
            "text": ["type": "string"],
            "outcome": reference("Outcome"),
            "reason": ["type": "string"],
        ],
        "additionalProperties": false,
    ]
}
