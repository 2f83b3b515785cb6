import Deliveries
import EngineClient
import Jobs
import Pipeline
import Prometheus
import Rendering
import Storage

/// How things stand in the api at one moment.
struct APIGauges: Sendable {
    let store: JobStore
    let pipeline: JobPipeline
    let recogniser: Recogniser
    let deliverer: Deliverer
    let settings: APISettings

    /// What the store's thread and its disk have to be asked for.
    struct Stored: Sendable {
        var counts: JobCounts?
        var usage: JobUsage?
        var freeBytes: Int?
    }

    func stored() async -> Stored {
        async let counts = try? store.counts()
        async let usage = try? store.usage()
        return Stored(counts: await counts, usage: await usage, freeBytes: store.room.freeBytes())
    }

    /// - Parameter stored: nil where the disk does not answer in time.
    func families(_ stored: Stored?) async -> [MetricFamily] {
        storeMetrics(stored) + queueMetrics(await pipeline.queue) + deliveryMetrics(await deliverer.load)
            + engineMetrics + rendererMetrics
    }

    private func storeMetrics(_ stored: Stored?) -> [MetricFamily] {
        [
            MetricFamily(
                "coxswain_jobs", .gauge, "Documents that are not finished.",
                stored?.counts.map {
                    [
                        .init([.init("status", JobStatus.queued.rawValue)], Double($0.queued)),
                        .init([.init("status", JobStatus.running.rawValue)], Double($0.running)),
                    ]
                } ?? []),
            gauge(
                "state_database_bytes", "Bytes of the job database that hold something.",
                stored?.usage.map { Double($0.databaseBytes) }),
            gauge(
                "state_spool_bytes", "Bytes of the documents that wait or are worked on.",
                stored?.usage.map { Double($0.spoolBytes) }),
            gauge(
                "state_limit_bytes", "Bytes of jobs and documents above which finished jobs are removed early.",
                Double(settings.maximumStateBytes)),
            gauge(
                "state_free_bytes", "Bytes that the state folder's disk still takes.",
                stored?.freeBytes.map { Double($0) }),
            gauge(
                "state_reserve_bytes", "Free bytes below which no new documents are taken.",
                Double(settings.minimumFreeBytes)),
        ]
    }

    private func queueMetrics(_ queue: JobPipeline.Queue) -> [MetricFamily] {
        [
            gauge("pages_waiting", "Pages of opened documents that are not begun.", Double(queue.pagesWaiting)),
            gauge(
                "pages_in_progress", "Pages that are drawn, read or written, and documents that are opened.",
                Double(queue.pagesUnderWay)),
            gauge(
                "queue_oldest_age_seconds", "Age of the oldest document that is not finished; 0 when there is none.",
                queue.oldestAge),
        ]
    }

    private func deliveryMetrics(_ load: Deliverer.Load) -> [MetricFamily] {
        [
            MetricFamily(
                "coxswain_deliveries_waiting", .gauge, "Deliveries that are not over.",
                load.waiting.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                    .init([.init("kind", $0.key.rawValue)], Double($0.value))
                }),
            gauge(
                "deliveries_oldest_age_seconds", "Age of the oldest delivery that is not over; 0 when there is none.",
                load.oldestAge),
        ]
    }

    private var engineMetrics: [MetricFamily] {
        let engine = recogniser.engine
        return [
            gauge("engine_places", "Requests that may be at the engine at once now.", Double(engine.places)),
            gauge("engine_requests_in_flight", "Requests that are at the engine.", Double(engine.inFlight)),
            gauge(
                "engine_requests_waiting", "Requests that wait for a place at the engine, or for the engine.",
                Double(engine.waiting)),
            gauge(
                "engine_silence_seconds",
                "Time since the last token or answer while requests are at the engine, else 0.",
                engine.activity.reading.silence / .seconds(1)),
        ]
    }

    private var rendererMetrics: [MetricFamily] {
        let statistics = recogniser.renderers.statistics
        let losses = [
            ("crashed", statistics.crashed), ("timed_out", statistics.timedOut),
            ("out_of_memory", statistics.outOfMemory), ("nested_too_deeply", statistics.nestedTooDeeply),
            ("given_up", statistics.givenUp),
        ]
        return [
            gauge(
                "renderer_processes", "Renderers that live now.",
                Double(recogniser.renderers.processIdentifiers.count)),
            counter("renderer_starts_total", "Renderers that were started.", statistics.started),
            counter(
                "renderer_recycled_total", "Renderers that were replaced since they had done their share.",
                statistics.recycled),
            MetricFamily(
                "coxswain_renderer_losses_total", .counter, "Renderers that ended or were killed over their work.",
                losses.map { .init([.init("cause", $0.0)], Double($0.1)) }),
            counter("renderer_documents_opened_total", "Documents that were opened.", statistics.documentsOpened),
            counter("renderer_pages_total", "Pages that were drawn.", statistics.pagesRendered),
        ]
    }

    private func gauge(_ name: String, _ help: String, _ value: Double?) -> MetricFamily {
        MetricFamily("coxswain_" + name, .gauge, help, value)
    }

    private func counter(_ name: String, _ help: String, _ value: Int) -> MetricFamily {
        MetricFamily("coxswain_" + name, .counter, help, Double(value))
    }
}
