/// The api described for programs: OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1).
package enum APIDocument {
    /// Every operation, in the order in which people read them.
    package static let operations = Operation.documents + Operation.jobs + Operation.container

    /// The methods of a path as `Allow` lists them; nil where there is none of that name.
    ///
    /// - Parameter path: of a request, for example `/jobs/0123`.
    package static func methods(of path: String) -> String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let methods = operations.filter { operation in
            let template = operation.path.split(separator: "/", omittingEmptySubsequences: false)
            return template.count == parts.count
                && zip(template, parts).allSatisfy { $0 == $1 || ($0.hasPrefix("{") && !$1.isEmpty) }
        }.flatMap(\.methods)
        let known = ["GET", "HEAD", "POST", "DELETE"].filter(methods.contains)
        return known.isEmpty ? nil : known.joined(separator: ", ")
    }

    /// - Parameter version: of this package.
    package static func document(version: String) -> JSON {
        [
            "openapi": "3.1.1",
            "info": [
                "title": "coxswain", "version": .string(version),
                "summary": "Reads PDF documents and pictures and answers with Markdown",
                "description": .string(introduction),
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            // Whatever name and port this was asked for by.
            "servers": [["url": "/"]],
            "tags": .array(
                Operation.Group.allCases.map { ["name": .string($0.rawValue), "description": .string($0.text)] }),
            // Where no keys are set none is asked for.
            "security": [[:], ["bearer": []], ["key": []]],
            "paths": paths,
            "webhooks": webhooks,
            "components": [
                "schemas": Schemas.all, "headers": headers,
                "securitySchemes": [
                    "bearer": ["type": "http", "scheme": "bearer", "description": "`Authorization: Bearer KEY`."],
                    "key": ["type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "The same key."],
                ],
            ],
        ]
    }

    package static let introduction = """
        Where API keys are set, everything but the probes and `/` needs one: `Authorization: Bearer KEY` or `X-Api-Key: \
        KEY`. A job belongs to the key that it was made with.

        Every answer has an `X-Request-Id`, which is in the container's log too. Errors are problem details (RFC 9457), \
        on `/ocr/pdf` and `/ocr/image` the replaced container's `{"detail": …}`. A method that a path does not take is \
        answered 405, with `Allow`; a header that asks for what is not done here 415 or 417; what cannot be read as HTTP 400 \
        or 431. 429, 503 and 507 say in `Retry-After` after how many seconds to come again.
        """

    static let headers: JSON = [
        "X-Request-Id": [
            "description": "The request's name in the container's log: yours, or one of ours.",
            "required": true, "schema": ["type": "string", "minLength": 1, "maxLength": 128],
        ],
        "Location": [
            "description": "Path of the job.", "required": true,
            "schema": ["type": "string", "pattern": "^/jobs/[0-9a-f]{32}$"],
        ],
        "Retry-After": [
            "description": "Seconds.", "required": true, "schema": ["type": "integer", "minimum": 1],
        ],
        "WWW-Authenticate": [
            "description": "RFC 6750.", "required": true, "schema": ["type": "string", "pattern": "^Bearer "],
        ],
        "Vary": ["description": "What the answer depends on.", "required": true, "schema": ["type": "string"]],
    ]

    private static var webhooks: JSON {
        func header(_ name: String, _ text: String) -> JSON {
            [
                "name": .string(name), "in": "header", "required": true, "description": .string(text),
                "schema": ["type": "string"],
            ]
        }
        return [
            "jobEnded": [
                "post": [
                    "operationId": "jobEnded", "summary": "A job has ended",
                    "description": .string(webhookText), "security": [],
                    "parameters": [
                        header("webhook-id", "The same for every try of one message: take it once."),
                        header("webhook-timestamp", "Of this try, in seconds since 1970: refuse what is old."),
                        header(
                            "webhook-signature",
                            "`v1,` and the base64 HMAC-SHA-256, under COXSWAIN_WEBHOOK_SECRET, of id, timestamp and body, joined by dots."
                        ),
                    ],
                    "requestBody": [
                        "required": true,
                        "content": ["application/json": ["schema": Schemas.reference("JobEnded")]],
                    ],
                    "responses": [
                        "2XX": ["description": "It has arrived."],
                        "default": [
                            "description": "It has not: it is sent again, later and later; `Retry-After` is heeded."
                        ],
                    ],
                ]
            ]
        ]
    }

    static let webhookText = """
        Sent to the URL that was given as `webhook`, signed as https://www.standardwebhooks.com says. Redirects are not \
        followed. A try that fails is followed by others for COXSWAIN_DELIVERY_TIME.
        """
}
