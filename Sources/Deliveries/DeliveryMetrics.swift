import Jobs
package import Prometheus

/// What is counted of deliveries, from the start of this process on. `docs/reference/metrics.md` lists it.
package final class DeliveryMetrics: Sendable {
    private let ends = Counters<End>(
        "coxswain_deliveries_total", "Deliveries that are over: results to an object store, news to webhooks.",
        keys: Delivery.Kind.allCases.flatMap { [End(kind: $0, isDone: true), End(kind: $0, isDone: false)] }
    ) { [.init("kind", $0.kind.rawValue), .init("outcome", $0.isDone ? "done" : "failed")] }
    private let failures = Counters<Delivery.Kind>(
        "coxswain_delivery_failures_total", "Tries to deliver something that failed; most are repeated.",
        keys: Delivery.Kind.allCases
    ) { [.init("kind", $0.rawValue)] }
    private let times = Histograms<Delivery.Kind>(
        "coxswain_delivery_duration_seconds", "Time that one try to deliver something took.",
        keys: Delivery.Kind.allCases
    ) { [.init("kind", $0.rawValue)] }

    package init() {}

    package var families: [MetricFamily] { [ends.family, failures.family, times.family] }

    func tried(_ kind: Delivery.Kind, _ outcome: DeliveryOutcome, seconds: Double) {
        times.observe(seconds, kind)
        switch outcome {
        case .done: ends.add(End(kind: kind, isDone: true))
        case .again: failures.add(kind)
        case .failed:
            failures.add(kind)
            ends.add(End(kind: kind, isDone: false))
        }
    }

    private struct End: Hashable, Sendable {
        var kind: Delivery.Kind
        var isDone: Bool
    }
}
