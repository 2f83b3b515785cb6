import HTTPTypes
import Health
import Hummingbird
import NIOCore

/// The api's paths.
package enum Routes {
    /// Paths and the methods that they take, as `Allow` lists them.
    static let methods: [String: String] = {
        var methods = Dictionary(uniqueKeysWithValues: (probes + ["/", "/docs"]).map { ($0, "GET, HEAD") })
        for path in RecognitionPath.allCases { methods[path.rawValue] = "POST" }
        return methods
    }()

    static let probes = ["/livez", "/startupz", "/readyz", "/health", "/metrics"]

    static func router(
        view: ContainerView, recognition: (RecognitionPath) -> RecognitionRoute
    ) -> Router<APIContext> {
        let router = Router(context: APIContext.self)
        router.add(middleware: RequestLog())
        router.add(middleware: ErrorAnswers())
        for path in probes {
            readable(router, path) { request in
                let query = request.uri.queryParameters.map { (key: String($0.key), value: String($0.value)) }
                guard let answer = view.answer(HealthRequest(path: path, query: query)) else {
                    throw HTTPError(.notFound)
                }
                return APIError(answer).response
            }
        }
        readable(router, "/") { _ in .json(.ok, Description(view.facts).json) }
        readable(router, "/docs") { _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: Description.help)))
        }
        for path in RecognitionPath.allCases {
            let route = recognition(path)
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
        "docs": "/docs", "health": "/health", "ocr_pdf": "/ocr/pdf", "ocr_image": "/ocr/image", "livez": "/livez",
        "readyz": "/readyz", "startupz": "/startupz",
    ]

    init(_ facts: Facts) {
        version = facts.version
        vllmURL = facts.vllmURL
        usesVLM = facts.usesVLM
    }

    var json: String { JSONText.encode(self) }

    static let help = """
        POST /ocr/pdf     form field "file": a PDF or a picture (PNG, JPEG, TIFF, WebP)
        POST /ocr/image   the same
                          200: status (success, partial), markdown, pages[], local_files, timings
                          400, 413, 415, 422: the document or the request, with "detail"
                          502: no page could be read; 503: not now, with Retry-After
                          500, 507: the result files could not be written; the text is in the answer
        GET  /health      the container's state as JSON
        GET  /readyz      200 when work sent now will be done; /livez, /startupz likewise; ?verbose, ?format=json
        GET  /metrics     for Prometheus

        curl -F file=@document.pdf http://localhost:8081/ocr/pdf

        """

    private enum CodingKeys: String, CodingKey {
        case service, version, description, endpoints
        case vllmURL = "vllm_url"
        case usesVLM = "use_vlm_api"
    }
}
