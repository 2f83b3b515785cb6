import HTTPTypes
import Hummingbird
import NIOCore
import OpenAPI

/// `GET /openapi.json` and `/docs`: the api described, for programs, browsers and terminals.
struct DocumentationRoutes: Sendable {
    private let document: ByteBuffer
    private let page: ByteBuffer
    private let text = ByteBuffer(string: HelpText.text())

    /// - Parameter version: of this package.
    init(version: String) {
        document = ByteBuffer(string: APIDocument.document(version: version).page())
        page = ByteBuffer(string: HelpPage.page(version: version))
    }

    func add(to router: Router<APIContext>) {
        router.get("/openapi.json") { _, _ in
            Response(status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: document))
        }
        router.get("/docs") { request, _ in
            // curl and its like take anything, and get what a terminal can show; so does who takes neither.
            let isPage = Preferences(request.headers[.accept]).best(of: ["text/plain", "text/html"]) == 1
            var headers: HTTPFields = [
                .contentType: isPage ? "text/html; charset=utf-8" : "text/plain; charset=utf-8", .vary: "Accept",
            ]
            if isPage {
                headers[.contentSecurityPolicy] = HelpPage.policy
                headers[.xContentTypeOptions] = "nosniff"
                if let name = Self.referrerPolicy { headers[name] = "no-referrer" }
            }
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: isPage ? page : text))
        }
    }

    private static let referrerPolicy = HTTPField.Name("Referrer-Policy")
}
