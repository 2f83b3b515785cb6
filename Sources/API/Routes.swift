import HTTPTypes
import Health
import Hummingbird
import NIOCore

/// The api's paths.
package enum Routes {
    /// The methods that a path takes, as `Allow` lists them; nil where there is none of that name.
    static func methods(of path: String) -> String? {
        if (probes + ["/", "/docs"]).contains(path) { return "GET, HEAD" }
        if path == JobRoutes.collection { return "GET, POST" }
        if UploadPath(rawValue: path) != nil { return "POST" }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard parts.first == "jobs" else { return nil }
        switch parts.count {
        case 2: return "GET, DELETE"
        case 3 where ["events", "result"].contains(parts.last): return "GET"
        default: return nil
        }
    }

    static let probes = ["/livez", "/startupz", "/readyz", "/health", "/metrics"]

    /// Paths that ask nobody for a key: what probes ask for, and what this is.
    static func open(_ settings: APISettings) -> Set<String> {
        Set(probes + ["/"]).subtracting(settings.metricsAreOpen ? [] : ["/metrics"])
    }

    static func router(
        view: ContainerView, metrics: MetricsRoute, meter: RequestMeter, jobs: JobRoutes, check: KeyCheck,
        upload: (UploadPath) -> UploadRoute
    ) -> Router<APIContext> {
        let router = Router(context: APIContext.self)
        router.add(middleware: RequestLog())
        router.add(middleware: meter)
        router.add(middleware: ErrorAnswers())
        router.add(middleware: check)
        for path in probes where path != "/metrics" {
            readable(router, path) { request in
                let query = request.uri.queryParameters.map { (key: String($0.key), value: String($0.value)) }
                guard let answer = view.answer(HealthRequest(path: path, query: query)) else {
                    throw HTTPError(.notFound)
                }
                return APIError(answer).response
            }
        }
        metrics.add(to: router)
        readable(router, "/") { _ in .json(.ok, Description(view.facts).json) }
        readable(router, "/docs") { _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: Description.help)))
        }
        jobs.add(to: router)
        for path in UploadPath.allCases {
            let route = upload(path)
            router.post(RouterPath(path.rawValue)) { request, context in
                try await route.respond(to: request, context: context)
            }
        }
        return router
    }

    /// Answers GET, and HEAD with the same header.
    private static func readable(
        _ router: Router<APIContext>, _ path: String, _ answer: @escaping @Sendable (Request) throws -> Response
    ) {
        router.get(RouterPath(path)) { request, _ in try answer(request) }
        router.head(RouterPath(path)) { request, _ in try answer(request).createHeadResponse() }
    }
}

/// `GET /` in the replaced container's shape.
private struct Description: Encodable {
    private var service = "coxswain"
    private var version: String
    private var description = "Reads PDF documents and pictures and answers with Markdown"
    private var vllmURL: String
    private var usesVLM: Bool
    private var endpoints = [
        "docs": "/docs", "health": "/health", "ocr_pdf": "/ocr/pdf", "ocr_image": "/ocr/image", "jobs": "/jobs",
        "livez": "/livez",
        "readyz": "/readyz", "startupz": "/startupz",
    ]

    init(_ facts: Facts) {
        version = facts.version
        vllmURL = facts.vllmURL
        usesVLM = facts.usesVLM
    }

    var json: String { JSONText.encode(self) }

    static let help = """
        POST /ocr/pdf     form field "file": a PDF or a picture (PNG, JPEG, TIFF, WebP, GIF, BMP); waits for the result
        POST /ocr/image   the same
                          200: status (success, partial), markdown, pages[], local_files, timings
                          202: not done within ?wait=SECONDS, or the container stops: ask for the job in Location
                          400, 413, 415, 422: the document or the request, with "detail"
                          429: too much is waiting; 503: not now; 507: no room on the disk; with Retry-After
                          502: no page could be read
                          500, 507 with a result: its files could not be written; the text is in the answer
        POST /jobs        the same form; 202 at once, with the job's id
                          further form fields: pages (1-5,8,-1), prompt (ocr, table, formula, chart, seal, spotting),
                          max_pixels, password; header Idempotency-Key: sent again, it is the same job
        GET  /jobs        your jobs, where there are API keys; ?limit=50, ?status=running, ?before= as in "next"
        GET  /jobs/ID     status (queued, running, success, partial, failed, cancelled), pages done, failed, total
        GET  /jobs/ID/events   server-sent events, page by page; Last-Event-ID goes on from there
        GET  /jobs/ID/result   ?format=json, markdown or text
        DELETE /jobs/ID   cancels it; one that is finished is forgotten

        GET  /health      the container's state as JSON
        GET  /readyz      200 when work sent now will be done; /livez, /startupz likewise; ?verbose, ?format=json
        GET  /metrics     for Prometheus, with the engine's own; ?engine=false leaves those out

        Where API keys are set, all but the probes and / is answered 401 without one:
        Authorization: Bearer KEY, or X-Api-Key: KEY. Jobs belong to their key; 429 when it has had its share.

        curl -F file=@document.pdf http://localhost:8081/ocr/pdf

        """

    private enum CodingKeys: String, CodingKey {
        case service, version, description, endpoints
        case vllmURL = "vllm_url"
        case usesVLM = "use_vlm_api"
    }
}
