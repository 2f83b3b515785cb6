extension Schemas {
    /// Every schema that has a name.
    package static var all: JSON {
        let named: JSON = [
            "Result": result, "DocumentForm": form, "DocumentLink": link, "Job": job, "JobList": jobList,
            "JobEnded": jobEnded, "Event": event, "PageEvent": pageEvent, "Problem": problem,
            "Detail": detail,
            "Health": health, "Probe": probe, "Service": service, "Description": description,
        ]
        return named.adding(.object(resultParts))
    }

    // MARK: Errors

    /// Members that a refusal has beside those of its form.
    private static let more: JSON = [
        "hint": text("What to do, where `detail` has to be the replaced container's."),
        "phase": phase,
        "progress": ["description": "Share of the start that is done.", "type": "number", "minimum": 0, "maximum": 1],
        "eta_seconds": [
            "description": "Until the container is expected to be ready.", "type": "integer", "minimum": 0,
        ],
    ]

    static let problem: JSON = [
        "description": "An error (RFC 9457).",
        "type": "object", "required": ["type", "title", "status", "detail"],
        "properties": JSON.object([]).adding([
            "type": ["type": "string"],
            "title": ["type": "string"],
            "status": ["type": "integer", "minimum": 400, "maximum": 599],
            "detail": text("What happened, and what to do."),
            "instance": text("`/requests/` and the request's id, which is in the log too."),
            "errors": ["description": "What is wrong with which fields.", "type": "array", "items": validation],
        ]).adding(more),
    ]

    /// FastAPI's, on the replaced container's paths.
    static let detail: JSON = [
        "description": "An error as the replaced container answers it.",
        "type": "object", "required": ["detail"],
        "properties": JSON.object([]).adding([
            "detail": [
                "description": "A sentence; or what is wrong with which fields.",
                "oneOf": [["type": "string"], ["type": "array", "items": validation]],
            ]
        ]).adding(more),
    ]

    private static let validation: JSON = [
        "type": "object", "required": ["loc", "msg", "type"],
        "properties": [
            "loc": ["type": "array", "items": ["type": "string"]], "msg": ["type": "string"],
            "type": ["type": "string"],
        ],
    ]

    // MARK: Events

    /// As a reader of the stream gets them: the fields of each.
    static let event: JSON = [
        "description": "A server-sent event (WHATWG HTML, 9.2).",
        "type": "object",
        "properties": [
            "event": choice(["page", "status", "end"], "What it tells."),
            "id": ["description": "Of `page`: its place.", "type": "string"],
            "retry": ["type": "integer"],
            "data": [
                "type": "string", "contentMediaType": "application/json",
                "contentSchema": ["anyOf": [reference("PageEvent"), reference("Job")]],
            ],
        ],
    ]

    static let pageEvent: JSON = [
        "description": "The data of an event `page`.",
        "type": "object", "required": ["page", "pages_done"],
        "properties": [
            "page": reference("Page"),
            "pages_done": ["description": "Also the event's id.", "type": "integer", "minimum": 1],
            "pages_total": count,
        ],
    ]

    // MARK: The container

    private static let phase = choice(
        ["preloading", "starting", "warming", "ready", "degraded", "draining", "stopped", "failed"],
        "What the container is doing.")

    static let health: JSON = [
        "description": "The replaced container's fields, told truthfully, and more.",
        "type": "object",
        "required": [
            "status", "phase", "ready", "progress", "uptime_seconds", "version", "services", "models_present",
            "missing_models", "models_path", "vllm_status", "vllm_url", "use_vlm_api", "output_dir", "s3_storage",
            "durable",
        ],
        "properties": [
            "status": choice(["healthy", "degraded", "starting", "failed"], "In one word."),
            "phase": phase,
            "ready": ["description": "Work sent now will be done.", "type": "boolean"],
            "reason": text("Why it is not ready."),
            "progress": [
                "description": "Share of the start that is done.", "type": "number", "minimum": 0, "maximum": 1,
            ],
            "eta_seconds": count,
            "uptime_seconds": count,
            "version": ["type": "string"],
            "services": ["type": "array", "items": reference("Service")],
            "models_present": ["type": "boolean"],
            "missing_models": ["type": "array", "items": ["type": "string"]],
            "models_path": ["type": "string"],
            "vllm_status": choice(["available", "unavailable", "not_checked"], "The engine."),
            "vllm_url": ["type": "string"],
            "use_vlm_api": ["type": "boolean"],
            "output_dir": ["type": "string"],
            "s3_storage": choice(["configured", "not_configured"], "Whether results are put into a bucket."),
            "durable": ["description": "Documents outlive the container.", "type": "boolean"],
            "durable_reason": text("Why they do not."),
        ],
    ]

    static let service: JSON = [
        "description": "One supervised process. Times are seconds since 1970.",
        "type": "object", "required": ["name", "state", "since", "restarts"],
        "properties": [
            "name": ["type": "string"],
            "state": choice(
                ["waiting", "starting", "ready", "unready", "stopping", "stopped", "backoff", "failed", "done"],
                "done: a task that has succeeded."),
            "since": ["type": "number"],
            "pid": ["type": "integer"],
            "restarts": count,
            "status": text("What it last said of itself."),
            "last_failure": [
                "type": "object", "required": ["cause", "kind", "at"],
                "properties": [
                    "cause": ["type": "string"], "hint": ["type": "string"], "kind": ["type": "string"],
                    "stack": ["type": "array", "items": ["type": "string"]], "at": ["type": "number"],
                ],
            ],
        ],
    ]

    static let probe: JSON = [
        "type": "object", "required": ["status", "phase", "progress"],
        "properties": [
            "status": choice(["ok", "failed"], "The status code as a word."),
            "reason": text("Why it failed."),
            "phase": phase,
            "progress": ["type": "number", "minimum": 0, "maximum": 1],
            "eta_seconds": count,
            "services": ["description": "With `?verbose`.", "type": "array", "items": reference("Service")],
        ],
    ]

    static let description: JSON = [
        "type": "object",
        "required": ["service", "version", "description", "endpoints", "vllm_url", "use_vlm_api"],
        "properties": [
            "service": ["const": "coxswain"],
            "version": ["type": "string"],
            "description": ["type": "string"],
            "endpoints": ["type": "object", "additionalProperties": ["type": "string"]],
            "vllm_url": ["type": "string"],
            "use_vlm_api": ["type": "boolean"],
        ],
    ]
}
