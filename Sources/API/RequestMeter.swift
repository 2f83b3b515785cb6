import HTTPTypes
import Hummingbird

/// Counts every answer, when it is ready.
struct RequestMeter: RouterMiddleware {
    typealias Context = APIContext

    let metrics: APIMetrics

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let response = try await next(request, context)
        metrics.answered(
            context.method, route: context.coreContext.endpointPath.value, status: response.status.code,
            after: start.duration(to: .now))
        return response
    }
}
