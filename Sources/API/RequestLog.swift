import HTTPTypes
import Hummingbird
import Jobs
import Logging
import Pipeline
import Synchronization

/// What a route adds to its request's line in the log. Ids and numbers only.
package final class RequestNotes: Sendable {
    private let fields = Mutex<Logger.Metadata>([:])
    private let label = Mutex<String?>(nil)

    package func set(_ key: String, _ value: Int) {
        fields.withLock { $0[key] = .stringConvertible(value) }
    }

    func set(_ key: String, _ value: JobIdentifier) {
        fields.withLock { $0[key] = .string(value.description) }
    }

    package func set(_ key: String, word value: StaticString) {
        fields.withLock { $0[key] = .string("\(value)") }
    }

    /// The label of the key that the request came with.
    package var caller: String? {
        get { label.withLock { $0 } }
        set { label.withLock { $0 = newValue } }
    }

    var all: Logger.Metadata { fields.withLock { $0 } }
}

/// One line a request, when its answer is ready. Probes are written at debug level: they come every few seconds.
struct RequestLog: RouterMiddleware {
    typealias Context = APIContext

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let response = try await next(request, context)
        var fields = context.notes.all
        fields["status"] = .stringConvertible(response.status.code)
        fields["milliseconds"] = .stringConvertible(start.duration(to: .now).milliseconds)
        if let caller = context.notes.caller { fields["caller"] = .string(caller) }
        fields["method"] = .string(context.method.rawValue)
        // The route, not the path: what a client puts into a path may be a document's name.
        let route = context.coreContext.endpointPath.value
        fields["route"] = .string(route ?? "none")
        let isProbe = Routes.probes.contains(route ?? "")
        let level: Logger.Level =
            switch response.status.code {
            case 500...: isProbe ? .debug : .warning
            default: isProbe ? .debug : .info
            }
        context.logger.log(level: level, "request", metadata: fields)
        return response
    }
}
