extension Operation {
    /// What takes documents.
    static let documents = [
        waiting(
            path: "/ocr/pdf", name: "readPDF", "Reads a document and waits for its result",
            examples: [
                Example(
                    "Read a document, print its Markdown",
                    "curl -F file=@document.pdf {server}/ocr/pdf | jq -r .markdown"),
                Example("Its first page and its last", "curl -F file=@document.pdf -F pages=1,-1 {server}/ocr/pdf"),
                Example(
                    "Wait no longer than a minute: 202, and where to ask, where that does not suffice",
                    "curl -i -F file=@document.pdf '{server}/ocr/pdf?wait=60'"),
            ]),
        waiting(
            path: "/ocr/image", name: "readImage", "The same; it takes every kind of document too",
            examples: [Example("Read a picture", "curl -F file=@page.png {server}/ocr/image")]),
    ]

    static let newJob = Operation(
        method: "POST", path: "/jobs", name: "createJob", group: .jobs,
        summary: "Takes a document and answers at once",
        text: """
            The document is on the container's disk when 202 is answered: whatever dies, work on it goes on. With an \
            `Idempotency-Key` a request that is sent again is the same job.
            """,
        parameters: requestParameters, body: body, answers: Refusals.problem.document.adding([accepted]),
        examples: [
            Example("A job", "curl -F file=@document.pdf {server}/jobs"),
            Example(
                "The same as often as you like: it stays one job",
                "curl -F file=@document.pdf -H 'Idempotency-Key: invoice-4711' {server}/jobs"),
            Example(
                "A document from elsewhere, and who is told of its end",
                "curl -F url=https://example.com/document.pdf -F webhook=https://example.com/hook {server}/jobs"),
            Example(
                "The same as JSON",
                """
                curl -H 'Content-Type: application/json' {server}/jobs \
                  -d '{"url": "https://example.com/document.pdf", "pages": "1-5"}'
                """),
        ])

    private static func waiting(
        path: String, name: String, _ summary: String, examples: [Example]
    ) -> Operation {
        let result = Answer.Content("application/json", Schemas.reference("Result"))
        let refusal = Refusals.detail
        let both = Answer.Content(
            "application/json", ["anyOf": [Schemas.reference("Result"), Schemas.reference("Detail")]])
        let answers =
            refusal.document.adding([
                Answer(200, "The result. `status` says whether every page was read.", [result]),
                accepted,
                refusal(410, "The job was cancelled or removed while this request waited."),
                Answer(
                    500,
                    "The document cannot be stored; or the result, which this is, could not be written to OUTPUT_DIR.",
                    [both]),
                Answer(
                    502, "No page could be read, and this is what became of each; or `url` could not be fetched.",
                    [both]),
                Answer(
                    507, "There is no room: for the document; or for the result's files, and this is the result.",
                    [both], headers: ["Retry-After?"]),
            ])
        return Operation(
            method: "POST", path: path, name: name, group: .documents, summary: summary,
            text: """
                The answer is the result: all pages as Markdown, and of each what became of it. A page that cannot be \
                read does not fail its document. A client that leaves cancels the work, unless it gave an \
                `Idempotency-Key`: it may come again. A container that stops answers 202; the job goes on in its next \
                life. Errors have the replaced container's form.
                """,
            parameters: [
                .query(
                    "wait", "Seconds after which the answer is 202 and where to ask; without it there is no limit.",
                    ["type": "number", "minimum": 0, "maximum": 86_400])
            ] + requestParameters,
            body: body, answers: answers, examples: examples)
    }

    private static let accepted = Answer(
        202, "The job, which goes on: ask for it at `Location`.",
        [.init("application/json", Schemas.reference("Job"))], headers: ["Location"],
        links: [
            "status": ["operationId": "getJob", "parameters": ["id": "$response.body#/id"]],
            "events": ["operationId": "followJob", "parameters": ["id": "$response.body#/id"]],
            "result": ["operationId": "getResult", "parameters": ["id": "$response.body#/id"]],
            "end": ["operationId": "endJob", "parameters": ["id": "$response.body#/id"]],
        ])

    private static let requestParameters: [Parameter] = [
        .query("pages", "As the form field, which wins.", Schemas.pages),
        .query("prompt", "As the form field, which wins.", Schemas.prompt),
        .query("max_pixels", "As the form field, which wins.", Schemas.maximumPixels),
        Parameter(
            name: "Idempotency-Key", place: .header,
            text: "Your name for this request: sent again, it is the same job, and not a second one.",
            schema: ["type": "string", "minLength": 1, "maxLength": 255]),
        Parameter(
            name: "X-Request-Id", place: .header,
            text:
                "Your name for it in our log and in the answer; anything but letters, digits, `.`, `_` and `-` is not taken over.",
            schema: ["type": "string", "maxLength": 128, "pattern": "^[A-Za-z0-9._-]+$"]),
        Parameter(
            name: "traceparent", place: .header,
            text: "W3C Trace Context; handed on to the engine with each page.",
            schema: ["type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"]),
    ]

    private static let body = Body(
        text: "The document itself as `file`, or where it is as `url`; beside it where its result goes, and options.",
        forms: [
            Body.Form(
                mediaType: "multipart/form-data",
                schema: Schemas.reference("DocumentForm"),
                encoding: ["file": ["contentType": "application/pdf, image/*, application/octet-stream"]]),
            Body.Form(
                mediaType: "application/x-www-form-urlencoded", schema: Schemas.reference("DocumentLink")),
            Body.Form(
                mediaType: "application/json", schema: Schemas.reference("DocumentLink"),
                examples: [
                    (
                        "bucket",
                        [
                            "url": "s3://documents/in/scan.pdf", "output": "s3://documents/out/",
                            "webhook": "https://example.com/hooks/ocr", "pages": "1-5",
                        ]
                    )
                ]),
        ])
}

extension [Answer] {
    /// Answers by their statuses; those of `more` take the place of ours.
    func adding(_ more: [Answer]) -> [Answer] {
        (filter { answer in !more.contains { $0.status == answer.status } } + more).sorted { $0.status < $1.status }
    }
}
