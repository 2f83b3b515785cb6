import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Pipeline
import PublicPort

/// Turns every error into an answer, so that no client ever sees one without a reason; and refuses first what no route could
/// answer as it was asked.
struct ErrorAnswers: RouterMiddleware {
    typealias Context = APIContext

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        do {
            try RequestManners.check(request, context)
            return try await next(request, context)
        } catch let error as APIError {
            return answer(error, request, context)
        } catch let error as HTTPError where error.status == .notFound {
            guard let methods = Routes.methods(of: request.uri.path) else {
                return answer(APIError(.notFound, "Not Found"), request, context)
            }
            let headers = [HTTPField(name: .allow, value: methods)]
            return answer(APIError(.methodNotAllowed, "Method Not Allowed", headers: headers), request, context)
        } catch let error as HTTPError {
            return answer(APIError(error.status, error.body ?? error.status.reasonPhrase), request, context)
        } catch let delay as RequestTooSlow {
            return answer(APIError(.requestTimeout, delay.detail), request, context)
        } catch is ClientGone {
            // Nobody reads this; the log shows the status that nginx made usual for it.
            return Response(status: HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request"))
        } catch {
            context.logger.error(
                "a request failed in a way that was not foreseen; please report this",
                metadata: ["error": .string("\(type(of: error))")])
            let detail = "Internal error; the log has more under the id \(context.identifier)."
            return answer(APIError(.internalServerError, detail), request, context)
        }
    }

    private func answer(_ error: APIError, _ request: Request, _ context: APIContext) -> Response {
        DocumentationRoutes.advice(error, to: request) ?? error.response(on: request.uri.path, context.identifier)
    }
}

/// The client left before its answer was ready.
struct ClientGone: Error, Sendable {}
