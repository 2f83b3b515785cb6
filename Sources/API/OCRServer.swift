import APIKeys
import ControlProtocol
import Deliveries
import EngineClient
import Health
import Intake
import Jobs
package import Logging
package import NIOCore
import NIOPosix
import Notify
import ObjectStore
import Pipeline
package import Rendering
import Storage
import StoreSettings
import TimeOfDay
import VariableCatalog

/// The api as a whole: state, engine, renderers, routes and the server.
package struct OCRServer: Sendable {
    private let recogniser: Recogniser
    private let store: JobStore
    private let pipeline: JobPipeline
    private let deliverer: Deliverer
    private let view: ContainerView
    private let server: HTTPServer
    private let link: SupervisorLink?
    private let keys: KeyKeeper
    private let settings: APISettings
    private let logger: Logger
    /// Methods and paths that there are, for whoever holds the api's description against them.
    package let routes: [String]

    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - version: shown by `/` and `/health` when nobody supervises this process.
    /// - Throws: `KeyProblem` for API keys that cannot be used, ``VariableProblem`` and `EngineError` for settings that cannot
    ///   work, `FileFailure` for a state folder that cannot be made.
    package init(
        settings: APISettings, renderers: RendererPool, logger: Logger, now: Double, version: String
    ) throws {
        self.settings = settings
        self.logger = logger
        let keys = try KeyKeeper(
            settings.keys, at: KeyCheck.now, report: KeyReporter(logger: logger).report)
        self.keys = keys
        let outside = try OutsideWorld(settings.outside)
        recogniser = try Recogniser(settings: settings.pipeline, renderers: renderers, logger: logger)
        let store = try JobStore(folder: settings.stateDirectory, limits: settings.jobLimits, at: now)
        self.store = store
        let view =
            settings.controlSocket == nil
            ? ContainerView(
                own: Self.ownState(
                    settings, uploads: outside.store.results != nil, now: now, version: version))
            : ContainerView(supervisedSince: now)
        self.view = view
        for warning in store.warnings { logger.warning("\(warning)") }
        let results = ResultFiles(folder: settings.outputDirectory)
        do {
            try results.prepare()
        } catch {
            // Not an end: the text is in the answers too, and the folder may be repaired while we run.
            logger.warning(
                "OUTPUT_DIR cannot be written: answers will have no files", metadata: ["error": .string("\(error)")])
        }
        let spool = try Spool(stateDirectory: settings.stateDirectory)
        let deliverer = Deliverer(
            store: store, channels: outside.channels(store, spool, usesVLM: settings.usesVLM),
            policy: outside.deliveryPolicy, logger: logger)
        self.deliverer = deliverer
        let pipeline = JobPipeline(
            recogniser: recogniser, store: store,
            results: ResultWriter(
                store: store, files: results, usesVLM: settings.usesVLM, uploads: outside.store.results?.url,
                logger: logger),
            logger: logger, whenFinished: { await deliverer.take($0) })
        self.pipeline = pipeline
        outside.announce(to: logger)
        let work = WorkInFlight()
        let metrics = APIMetrics(pipeline: recogniser.metrics, deliveries: deliverer.metrics)
        let scrape = MetricsRoute(
            view: view, metrics: metrics,
            gauges: APIGauges(
                store: store, pipeline: pipeline, recogniser: recogniser, deliverer: deliverer, settings: settings),
            work: work, controlSocket: settings.controlSocket)
        let forms = FormReader(uploads: UploadReader(spool: spool, maximumBytes: settings.maximumUploadBytes))
        let fetcher = outside.fetcher(into: spool, maximumBytes: settings.maximumUploadBytes)
        let answers = JobAnswers(store: store, usesVLM: settings.usesVLM)
        let desk = JobDesk(
            store: store, pipeline: pipeline, deliverer: deliverer, view: view,
            options: JobOptionsReader(
                prompts: settings.pipeline.prompts, maximumPixels: settings.pipeline.pagePixels,
                targets: outside.targets),
            settings: settings, metrics: metrics)
        let jobs = JobRoutes(
            store: store, pipeline: pipeline, deliverer: deliverer, answers: answers,
            events: EventsRoute(
                store: store, changes: pipeline.changes, stopping: work.stopping, keys: keys))
        let router = Routes.router(
            view: view, metrics: scrape, meter: RequestMeter(metrics: metrics), jobs: jobs,
            check: KeyCheck(keys: keys, open: Routes.open(settings))
        ) { path in
            UploadRoute(path: path, desk: desk, forms: forms, fetcher: fetcher, answers: answers, work: work)
        }
        routes = Routes.list(router)
        server = HTTPServer(
            router: router, view: view, work: work, logger: logger, maximumConnections: settings.maximumConnections,
            pace: settings.requestPace)
        link = settings.controlSocket.map { [recogniser] in
            SupervisorLink(client: ControlClient(socketPath: $0), view: view, engine: recogniser.engine)
        }
    }

    /// Serves until ``stop()`` has ended.
    ///
    /// - Parameter whenAccepting: told the local address once connections are accepted.
    package func run(
        on endpoint: HTTPServer.Endpoint, whenAccepting: @escaping @Sendable (SocketAddress?) async -> Void
    ) async throws {
        let accompanying = accompany()
        defer { for task in accompanying { task.cancel() } }
        // So that the first answers are already PID 1's word; a silent PID 1 must not keep the port closed.
        if let link { await first(of: { await link.firstHeard.wait() }, orAfter: .seconds(2)) }
        try await resume()
        try await server.run(on: endpoint) { address in
            await whenAccepting(address)
            KeyReporter(logger: logger).announce(keys, at: address)
        }
        // First: it writes down what was delivered, and the store is closed below.
        await deliverer.stop()
        await pipeline.stop()
        recogniser.shutdown()
    }

    /// Goes on with what an earlier life left.
    private func resume() async throws {
        let (left, givenUp) = try await store.recover(at: WallClock.now())
        for job in givenUp {
            recogniser.metrics.ended(.failed)
            logger.error(
                "a document ended this process again and again, and was given up",
                metadata: ["job": .string(job.id.description), "starts": .stringConvertible(job.starts)])
        }
        // One that may be what ended the last life must not hold up the others.
        for recovered in left.filter({ $0.job.starts < 2 }) + left.filter({ $0.job.starts >= 2 }) {
            await pipeline.submit(recovered.job, crashes: recovered.crashes)
        }
        if !left.isEmpty {
            logger.info(
                "going on with documents that were not finished",
                metadata: ["jobs": .stringConvertible(left.count)])
        }
        // After the jobs that ended just now, by being given up.
        try await deliverer.resume()
    }

    /// Removes what is old, or too much, for as long as this process lives.
    private func clean() async {
        while !Task.isCancelled {
            do {
                _ = try await store.clean(at: WallClock.now())
            } catch {
                logger.warning(
                    "finished jobs cannot be cleaned away; trying again", metadata: ["error": .string("\(error)")])
            }
            try? await Task.sleep(for: .seconds(60))
        }
    }

    /// What goes on beside serving: PID 1 is followed, and told how its engine and this process are doing.
    private func accompany() -> [Task<Void, Never>] {
        var tasks = [Task { await clean() }]
        recogniser.engine.observePlaces { [pipeline] in Task { await pipeline.placesChanged() } }
        if let link { tasks.append(Task { await link.run() }) }
        guard Notify.isWanted else { return tasks }
        let engine = recogniser.engine
        let reporter = ActivityReporter(activity: engine.activity) { Notify.send($0) }
        tasks.append(Task { await reporter.run() })
        if let interval = WatchdogInterval.current() {
            let watchdog = Watchdog(
                interval: interval, loops: Array(HTTPServer.group.makeIterator()), others: { await engine.turn() },
                send: { Notify.send($0) })
            tasks.append(Task { await watchdog.run() })
        }
        return tasks
    }

    /// Stops as `HTTPServer.stop(grace:)` says, with the settings' grace.
    package func stop() async { await server.stop(grace: settings.stopGrace) }

    private func first(
        of body: @escaping @Sendable () async -> Void, orAfter limit: Duration
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await body() }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }

    private static func ownState(
        _ settings: APISettings, uploads: Bool, now: Double, version: String
    ) -> ContainerState {
        ContainerState(
            phase: .ready, ready: true, startedOnce: true, reason: "", progress: 1, startedAt: now,
            facts: Facts(
                version: version, vllmURL: SecretName.withoutCredentials(settings.vllmURL), usesVLM: settings.usesVLM,
                outputDirectory: settings.outputDirectory, objectStoreConfigured: uploads,
                notDurable: StorageDurability.of(folder: settings.stateDirectory).weakness))
    }
}
