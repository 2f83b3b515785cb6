extension Operation {
    static let jobs: [Operation] = {
        let refusal = Refusals.problem
        let job = Answer.Content("application/json", Schemas.reference("Job"))
        let result = Answer.Content("application/json", Schemas.reference("Result"))
        let id = Parameter(
            name: "id", place: .path, text: "The job's, as `POST /jobs` answered it.",
            schema: ["type": "string", "pattern": "^[0-9a-fA-F]{32}$"])
        return [
            newJob,
            Operation(
                method: "GET", path: "/jobs", name: "listJobs", group: .jobs, summary: "Your jobs, the newest first",
                text:
                    "Those of your API key. Where no keys are set nobody gets a list: whoever knows a job's id may ask for it.",
                parameters: [
                    .query(
                        "limit", "How many at once.", ["type": "integer", "minimum": 1, "maximum": 200, "default": 50]),
                    .query("before", "As the link `next` has it.", ["type": "integer", "minimum": 0]),
                    .query("status", "Only jobs of that status.", ["enum": .array(Schemas.jobStates.map(JSON.string))]),
                ],
                answers: refusal.always.adding([
                    Answer(200, "A part of the list.", [.init("application/json", Schemas.reference("JobList"))]),
                    refusal(403, "No API keys are set."), refusal.broken,
                    refusal(422, "A parameter is wrong."),
                ]),
                examples: [Example("Those that are being read", "curl '{server}/jobs?status=running'{key}")]),
            Operation(
                method: "GET", path: "/jobs/{id}", name: "getJob", group: .jobs, summary: "How far a job is",
                parameters: [id], answers: refusal.job.adding([Answer(200, "The job.", [job])]),
                examples: [Example("Ask", "curl {server}/jobs/$id")]),
            Operation(
                method: "DELETE", path: "/jobs/{id}", name: "endJob", group: .jobs,
                summary: "Cancels a job, or forgets a finished one", parameters: [id],
                answers: refusal.job.adding([
                    Answer(200, "It is cancelled.", [job]), Answer(204, "It was finished, and is forgotten."),
                    refusal(409, "It is just being finished.", headers: ["Retry-After"]),
                ]),
                examples: [Example("Cancel it", "curl -X DELETE {server}/jobs/$id")]),
            Operation(
                method: "GET", path: "/jobs/{id}/events", name: "followJob", group: .jobs,
                summary: "Follows a job as server-sent events",
                text: """
                    `page` for each page in the order in which they are finished, with a number as id; `status` with the \
                    job now and then; `end` with the job as it ended, and then the stream ends. A client that comes back \
                    with `Last-Event-ID` misses no page and gets none twice. A comment comes when nothing has come for 15 s.
                    """,
                parameters: [
                    id,
                    Parameter(
                        name: "Last-Event-ID", place: .header, text: "The id of the last event that came.",
                        schema: ["type": "string", "pattern": "^[0-9]{1,9}$"]),
                ],
                answers: refusal.job.adding([
                    Answer(
                        200,
                        """
                        Events (WHATWG HTML, 9.2). The data of `page` is a PageEvent, that of `status` and `end` a Job, \
                        each JSON on one line.
                        """, [.init("text/event-stream", Schemas.reference("Event"))])
                ]),
                examples: [Example("Follow it", "curl -N {server}/jobs/$id/events")]),
            Operation(
                method: "GET", path: "/jobs/{id}/result", name: "getResult", group: .jobs,
                summary: "The result of a job",
                parameters: [
                    id,
                    .query(
                        "format", "Without it `Accept` decides; without that it is JSON.",
                        ["enum": ["json", "markdown", "text"]]),
                ],
                answers: refusal.job.adding([
                    Answer(
                        200, "All pages; as plain text with a form feed between two.", [result] + texts,
                        headers: ["Vary"]),
                    refusal(406, "`Accept` takes none of these."),
                    refusal(409, "The job is not finished.", headers: ["Retry-After"]),
                    refusal(410, "The job was cancelled."),
                    refusal(413, "The document has too many pages."),
                    refusal(
                        422, "`format` is none; or the document is damaged, encrypted or at odds with its `pages`."),
                    Answer(
                        500, "The result, which could not be written to OUTPUT_DIR; or the document was lost.",
                        [result] + texts + [refusal.content]),
                    Answer(502, "No page could be read: what became of each.", [result] + texts + [refusal.content]),
                    refusal(
                        503, "As everywhere; or no document could be opened, and this one has to be sent again.",
                        headers: ["Retry-After"]),
                    Answer(
                        507, "The result; there was no room for its files in OUTPUT_DIR.",
                        [result] + texts + [refusal.content]),
                ]),
                examples: [
                    Example("As Markdown", "curl \"{server}/jobs/$id/result?format=markdown\""),
                    Example("The same", "curl -H 'Accept: text/markdown' {server}/jobs/$id/result"),
                ]),
        ]
    }()

    private static let texts = [
        Answer.Content("text/markdown", ["type": "string"]), Answer.Content("text/plain", ["type": "string"]),
    ]
}
