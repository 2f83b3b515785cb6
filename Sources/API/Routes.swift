import HTTPTypes
import Health
import Hummingbird
import OpenAPI

/// The api's paths.
package enum Routes {
    /// The methods that a path takes, as `Allow` lists them; nil where there is none of that name.
    static func methods(of path: String) -> String? { APIDocument.methods(of: path) }

    /// What a router answers, for example `GET /jobs/{id}`.
    static func list(_ router: Router<APIContext>) -> [String] {
        Set(
            router.routes.flatMap { route in
                let path = route.path.description.split(separator: "/").map { part in
                    part.hasPrefix(":") ? "{\(part.dropFirst())}" : String(part)
                }.joined(separator: "/")
                // `HTTPServer` answers HEAD wherever there is GET.
                return [route.method.rawValue, route.method == .get ? "HEAD" : nil].compactMap { $0 }.map {
                    "\($0) /\(path)"
                }
            }
        ).sorted()
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
            router.get(RouterPath(path)) { request, _ in
                let query = request.uri.queryParameters.map { (key: String($0.key), value: String($0.value)) }
                guard let answer = view.answer(HealthRequest(path: path, query: query)) else {
                    throw HTTPError(.notFound)
                }
                return APIError(answer).response
            }
        }
        metrics.add(to: router)
        router.get("/") { _, _ in Response.json(.ok, Description(view.facts).json) }
        DocumentationRoutes(version: Version.current).add(to: router)
        jobs.add(to: router)
        for path in UploadPath.allCases {
            let route = upload(path)
            router.post(RouterPath(path.rawValue)) { request, context in
                try await route.respond(to: request, context: context)
            }
        }
        return router
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
        "docs": "/docs", "openapi": "/openapi.json", "health": "/health", "ocr_pdf": "/ocr/pdf",
        "ocr_image": "/ocr/image",
        "jobs": "/jobs", "livez": "/livez", "readyz": "/readyz", "startupz": "/startupz",
    ]

    init(_ facts: Facts) {
        version = facts.version
        vllmURL = facts.vllmURL
        usesVLM = facts.usesVLM
    }

    var json: String { JSONText.encode(self) }

    private enum CodingKeys: String, CodingKey {
        case service, version, description, endpoints
        case vllmURL = "vllm_url"
        case usesVLM = "use_vlm_api"
    }
}
