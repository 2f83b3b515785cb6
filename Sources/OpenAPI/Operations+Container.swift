extension Operation {
    /// Probes, metrics, and what describes the api.
    static let container: [Operation] = {
        let always = Refusals.problem.always
        return [
            probe("/livez", "isAlive", "200 while the container can heal itself"),
            probe("/startupz", "isStarted", "200 once the start is over"),
            probe("/readyz", "isReady", "200 when work sent now will be done"),
            Operation(
                method: "GET", path: "/health", name: "getHealth", group: .container,
                summary: "The container's state, in the replaced container's fields",
                answers: [
                    Answer(
                        200, "It was ready at least once, and can be again: `healthy` or `degraded`.", [json("Health")]),
                    Answer(503, "It starts, or has given up.", [json("Health")], headers: ["Retry-After"]),
                ],
                isOpen: true, examples: [Example("How it is", "curl {server}/health | jq")]),
            Operation(
                method: "GET", path: "/metrics", name: "getMetrics", group: .container, summary: "For Prometheus",
                text:
                    "The container's, the api's and the engine's own on one scrape. COXSWAIN_METRICS_OPEN: without a key.",
                parameters: [
                    .query("engine", "`false` leaves the engine's own out.", ["type": "boolean", "default": true])
                ],
                answers: always.adding([Answer(200, "In Prometheus' text format, 0.0.4.", [.text])]),
                examples: [Example("Without the engine's", "curl '{server}/metrics?engine=false'")]),
            Operation(
                method: "GET", path: "/", name: "describe", group: .container, summary: "What this is",
                answers: [
                    Answer(200, "Name, version, where to go on.", [json("Description")]), Refusals.problem.unavailable,
                ],
                isOpen: true),
            Operation(
                method: "GET", path: "/docs", name: "getDocumentation", group: .container,
                summary: "This, to be read",
                text: "A page for browsers, which needs no other server and no script; plain text for all others.",
                answers: always.adding([
                    Answer(
                        200, "As `Accept` says.", [.init("text/html", ["type": "string"]), .text], headers: ["Vary"]),
                    Answer(
                        401, "API keys are set, and the request has none, or a wrong one; in words for a browser.",
                        [Refusals.problem.content, .text], headers: ["WWW-Authenticate"]),
                ]),
                examples: [Example("As plain text", "curl {server}/docs")]),
            Operation(
                method: "GET", path: "/openapi.json", name: "getOpenAPI", group: .container,
                summary: "This, for programs: OpenAPI 3.1",
                answers: always.adding([
                    Answer(
                        200, "The document.",
                        [
                            .init(
                                "application/json",
                                ["type": "object", "required": ["openapi", "info", "paths"]])
                        ])
                ]),
                examples: [Example("What there is", "curl {server}/openapi.json | jq '.paths | keys'")]),
        ]
    }()

    private static func probe(_ path: String, _ name: String, _ summary: String) -> Operation {
        let contents = [Answer.Content.text, json("Probe")]
        return Operation(
            method: "GET", path: path, name: name, group: .container, summary: summary,
            parameters: [
                .query("verbose", "A line for each service.", ["type": "string"]),
                .query("format", "`json`: as JSON.", ["enum": ["json", "text"]]),
            ],
            answers: [
                Answer(200, "Yes.", contents),
                Answer(503, "No, and why.", contents, headers: ["Retry-After"]),
            ],
            isOpen: true, examples: path == "/readyz" ? [Example("Ask", "curl '{server}/readyz?verbose'")] : [])
    }

    private static func json(_ schema: String) -> Answer.Content {
        .init("application/json", Schemas.reference(schema))
    }
}
