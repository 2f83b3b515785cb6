import ControlProtocol
import EngineClient
import HTTPTypes
import Health
import Hummingbird
import NIOCore
import Pipeline
import Prometheus

/// `GET /metrics`: the whole container in one scrape. First what PID 1 says, then the api, then the engine in its own words;
/// `?engine=false` leaves those out.
struct MetricsRoute: Sendable {
    private let view: ContainerView
    private let metrics: APIMetrics
    private let gauges: APIGauges
    private let work: WorkInFlight
    private let stored: SharedAnswer<APIGauges.Stored>
    private let engine: SharedAnswer<ForeignMetrics?>
    /// Nil where nobody supervises us.
    private let supervisor: SharedAnswer<String?>?

    /// A scrape ends within Prometheus' ten seconds whatever hangs. PID 1 answers in milliseconds or not at all.
    private static let supervisorPatience = Duration.milliseconds(300)
    private static let storePatience = Duration.milliseconds(500)
    private static let enginePatience = Duration.milliseconds(1200)

    init(view: ContainerView, metrics: APIMetrics, gauges: APIGauges, work: WorkInFlight, controlSocket: String?) {
        self.view = view
        self.metrics = metrics
        self.gauges = gauges
        self.work = work
        stored = SharedAnswer { await gauges.stored() }
        engine = SharedAnswer { [engine = gauges.recogniser.engine] in
            guard let body = try? await engine.metrics() else { return nil }
            let metrics = ForeignMetrics(body, leavingOut: ContainerState.metricPrefix)
            // A page of something else is no answer.
            return metrics.text.isEmpty ? nil : metrics
        }
        supervisor = controlSocket.map { path in
            let client = ControlClient(socketPath: path)
            return SharedAnswer { await client.metrics(within: Self.supervisorPatience) }
        }
    }

    func add(to router: Router<APIContext>) {
        router.get("/metrics") { request, _ in await answer(request) }
    }

    private func answer(_ request: Request) async -> Response {
        let wantsEngine = !["false", "0"].contains(request.uri.queryParameters["engine"].map(String.init) ?? "")
        return APIError(.metrics(await text(withEngine: wantsEngine))).response
    }

    private func text(withEngine: Bool) async -> String {
        async let container = containerText()
        async let stored = stored.value(within: Self.storePatience)
        async let engine = withEngine ? engineMetrics() : nil
        let families = await gauges.families(stored) + metrics.families + requestMetrics
        var text = await container + MetricsText.text(families)
        if withEngine {
            let engine = await engine
            text += MetricsText.text(Self.scrapeMetrics(engine))
            if let engine { text += String(decoding: engine.text, as: UTF8.self) }
        }
        return text
    }

    /// PID 1's words, or, where it does not answer, what it last told us.
    private func containerText() async -> String {
        guard let supervisor else { return MetricsText.text(view.metrics(isSupervised: nil)) }
        if let text = await supervisor.value(within: Self.supervisorPatience * 2) ?? nil { return text }
        return MetricsText.text(view.metrics(isSupervised: false))
    }

    private func engineMetrics() async -> ForeignMetrics? { await engine.value(within: Self.enginePatience) ?? nil }

    private var requestMetrics: [MetricFamily] {
        [
            MetricFamily(
                "coxswain_http_requests_in_flight", .gauge, "Requests that are not answered yet, this one included.",
                Double(work.count))
        ]
    }

    private static func scrapeMetrics(_ engine: ForeignMetrics?) -> [MetricFamily] {
        [
            MetricFamily(
                "coxswain_engine_scrape_up", .gauge, "1 when the engine's own metrics stand below.",
                engine == nil ? 0 : 1),
            MetricFamily(
                "coxswain_engine_scrape_rejected_lines", .gauge,
                "Lines of the engine's own metrics that were left out: broken, said twice, or under a name of ours.",
                engine.map { Double($0.rejectedLines) }),
        ]
    }
}
