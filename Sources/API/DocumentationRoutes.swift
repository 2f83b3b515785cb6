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
        router.get(RouterPath(Self.path)) { request, _ in
            // curl and its like take anything, and get what a terminal can show; so does who takes neither.
            let isPage = Self.wantsPage(request)
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

    private static let path = "/docs"

    /// A browser does, and says so.
    private static func wantsPage(_ request: Request) -> Bool {
        Preferences(request.headers[.accept]).best(of: ["text/plain", "text/html"]) == 1
    }

    /// A browser sends no key, and who sits before it is told in words how to get the page.
    ///
    /// - Returns: nil for all other requests and errors.
    static func advice(_ error: APIError, to request: Request) -> Response? {
        guard error.status == .unauthorized, request.uri.path == path, wantsPage(request) else { return nil }
        var headers = HTTPFields(error.headers)
        headers[.contentType] = "text/plain; charset=utf-8"
        headers[.xContentTypeOptions] = "nosniff"
        headers[.vary] = "Accept"
        let address = (request.head.authority.flatMap(plain) ?? "HOST:PORT") + path
        let text =
            "This page needs an API key, which a browser does not send: `curl -H 'X-Api-Key: KEY' \(address)` prints it in "
            + "a terminal, and with `-H 'Accept: text/html' -o docs.html` as well it is a file that this browser shows.\n"
        return Response(
            status: .unauthorized, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// What the client calls this server, where that can stand in a command.
    private static func plain(_ authority: String) -> String? {
        let isPlain = authority.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":"):
                true
            default: false
            }
        }
        return isPlain && (1...255).contains(authority.utf8.count) && !authority.hasPrefix("-") ? authority : nil
    }

    private static let referrerPolicy = HTTPField.Name("Referrer-Policy")
}
