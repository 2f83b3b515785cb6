import Deliveries
import EngineClient
import HTTPTypes
import Health
import Intake
import Jobs
import Pipeline
import Prometheus
import PublicPort
import Rendering

/// What the api counts itself, and what it looks up when somebody asks. `docs/reference/metrics.md` lists it.
final class APIMetrics: Sendable {
    private let requests = Counters<RequestEnd>(
        "coxswain_http_requests_total", "Answers by route, method and status."
    ) {
        [.init("code", String($0.status)), .init("method", $0.method.rawValue), .init("route", $0.route)]
    }
    private let requestTimes = Histograms<String>(
        "coxswain_http_request_duration_seconds",
        "Time until an answer began, by route; what waits for a document's result waits here."
    ) { [.init("route", $0)] }
    private let accepted = Counters<DocumentKind>(
        "coxswain_documents_accepted_total", "Documents that became jobs, by their kind.", keys: DocumentKind.allCases
    ) { [.init("kind", $0.rawValue)] }
    private let receivedBytes = Counters(
        "coxswain_documents_received_bytes_total", "Bytes of the documents that were sent whole.")

    private let fetched = Counters<String>(
        "coxswain_documents_fetched_total",
        "Documents that were fetched from where their clients said, by what came of it.",
        keys: ["ok", "refused", "failed"]
    ) { [.init("outcome", $0)] }

    private let pipeline: PipelineMetrics
    private let deliveries: DeliveryMetrics

    init(pipeline: PipelineMetrics, deliveries: DeliveryMetrics) {
        self.pipeline = pipeline
        self.deliveries = deliveries
    }

    /// - Parameter route: the route's pattern, of which there are few; never the path that a client sent.
    func answered(_ request: HTTPRequest.Method, route: String?, status: Int, after time: Duration) {
        // Hummingbird's word for what no route takes.
        let route = route.flatMap { $0 == "NotFound" ? nil : $0 } ?? "none"
        requests.add(RequestEnd(route: route, method: .init(request), status: status))
        requestTimes.observe(time / .seconds(1), route)
    }

    func received(bytes: Int) { receivedBytes.add(Double(bytes)) }

    /// - Parameter refusal: nil for a document that came.
    func fetched(_ refusal: DocumentRefusal?) {
        fetched.add(refusal.map { $0 == .source ? "refused" : "failed" } ?? "ok")
    }

    func accepted(_ kind: DocumentKind) { accepted.add(kind) }

    func refused(_ reason: DocumentRefusal) { pipeline.refused(reason) }

    var families: [MetricFamily] {
        [requests.family, requestTimes.family, accepted.family, receivedBytes.family, fetched.family]
            + pipeline.families + deliveries.families
    }

    private struct RequestEnd: Hashable, Sendable {
        var route: String
        var method: Method
        var status: Int
    }

    /// Methods that somebody may mean; the rest are one.
    private enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case delete = "DELETE"
        case put = "PUT"
        case patch = "PATCH"
        case options = "OPTIONS"
        case other

        init(_ method: HTTPRequest.Method) { self = Method(rawValue: method.rawValue) ?? .other }
    }
}

extension DocumentRefusal {
    /// - Parameter error: what kept a document from becoming a job.
    init(_ error: any Error) {
        switch error {
        case let error as APIError: self = error.refusal ?? DocumentRefusal(status: error.status)
        case is ClientGone, is CancellationError, is RequestTooSlow: self = .cutOff
        default: self = .internal
        }
    }

    /// What a status means where nothing else was said.
    private init(status: HTTPResponse.Status) {
        switch status.code {
        case 400: self = .form
        case 403: self = .target
        case 413: self = .tooLarge
        case 422: self = .options
        case 429: self = .quota
        case 500: self = .cannotStore
        case 503: self = .notReady
        case 507: self = .noRoom
        default: self = .internal
        }
    }

    init(_ error: UploadError) {
        switch error {
        case .form: self = .form
        case .noBody, .noField: self = .noFile
        case .empty: self = .empty
        case .unsupported: self = .unsupported
        case .tooLarge: self = .tooLarge
        case .spool(let failure): self = failure.isFull ? .noRoom : .cannotStore
        }
    }
}
