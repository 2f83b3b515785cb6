import HTTPTypes
import Health
import Hummingbird
import Logging
import NIOCore
import Pipeline

/// An answer that is an error, in FastAPI's shape: `{"detail": …}`.
struct APIError: Error, Sendable, Equatable {
    var status: HTTPResponse.Status
    var body: String
    var headers: [HTTPField]
    /// Why the document was not taken, where the status does not tell.
    var refusal: DocumentRefusal?

    /// - Parameters:
    ///   - detail: what happened and what to do, for the client to read; never an engine's own words.
    ///   - hint: more, where the detail has to be the replaced container's.
    init(_ status: HTTPResponse.Status, _ detail: String, hint: String? = nil, headers: [HTTPField] = []) {
        self.status = status
        self.headers = headers
        body = JSONText.encode(hint.map { ["detail": detail, "hint": $0] } ?? ["detail": detail])
    }

    /// A missing form field, as FastAPI reports it.
    init(missingField name: String) {
        status = .unprocessableContent
        headers = []
        body = JSONText.encode(
            Validation(detail: [.init(loc: ["body", name], msg: "Field required", type: "missing")]))
    }

    /// An answer of the container's state.
    init(_ answer: HealthAnswer) {
        status = HTTPResponse.Status(code: answer.status)
        body = answer.body
        headers = answer.headers.compactMap { field in
            HTTPField.Name(field.name).map { HTTPField(name: $0, value: field.value) }
        }
    }

    func refusing(_ reason: DocumentRefusal) -> APIError {
        var copy = self
        copy.refusal = reason
        return copy
    }

    var response: Response {
        Response.json(status, body, headers: headers)
    }

    private struct Validation: Encodable {
        struct Item: Encodable {
            var loc: [String]
            var msg: String
            var type: String
        }
        var detail: [Item]
    }
}

/// Turns every error into an answer, so that no client ever sees one without a reason.
struct ErrorAnswers: RouterMiddleware {
    typealias Context = APIContext

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let response = try await answer(request, context, next)
        // What follows the header of an answer to HEAD would be taken for the next answer.
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(
        _ request: Request, _ context: APIContext, _ next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as APIError {
            return error.response
        } catch let error as HTTPError where error.status == .notFound {
            if let methods = Routes.methods(of: request.uri.path) {
                return APIError(
                    .methodNotAllowed, "Method Not Allowed", headers: [HTTPField(name: .allow, value: methods)]
                ).response
            }
            return APIError(.notFound, "Not Found").response
        } catch is ClientGone {
            // Nobody reads this; the log shows the status that nginx made usual for it.
            return Response(status: HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request"))
        } catch {
            context.logger.error(
                "a request failed in a way that was not foreseen; please report this",
                metadata: ["id": .string(context.identifier.description), "error": .string("\(type(of: error))")])
            return APIError(
                .internalServerError, "Internal error; the log has more under the id \(context.identifier)."
            ).response
        }
    }
}

/// The client left before its answer was ready.
struct ClientGone: Error, Sendable {}

extension Response {
    /// - Parameter body: JSON.
    static func json(_ status: HTTPResponse.Status, _ body: String, headers: [HTTPField] = []) -> Response {
        var fields = HTTPFields(headers)
        if fields[.contentType] == nil { fields[.contentType] = "application/json" }
        return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
    }
}
