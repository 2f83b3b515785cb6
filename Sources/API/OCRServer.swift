import ControlProtocol
import EngineClient
import Health
import Intake
package import Logging
package import NIOCore
import NIOPosix
import Notify
package import Rendering

/// The api as a whole: state, engine, renderers, routes and the server.
package struct OCRServer: Sendable {
    private let recogniser: Recogniser
    private let view: ContainerView
    private let server: HTTPServer
    private let link: SupervisorLink?
    private let settings: APISettings
    private let logger: Logger

    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - version: shown by `/` and `/health` when nobody supervises this process.
    /// - Throws: `EngineError` for settings that cannot work, `FileFailure` for a state folder that cannot be made.
    package init(
        settings: APISettings, renderers: RendererPool, logger: Logger, now: Double, version: String
    ) throws {
        self.settings = settings
        self.logger = logger
        let view =
            settings.controlSocket == nil
            ? ContainerView(own: Self.ownState(settings, now: now, version: version))
            : ContainerView(supervisedSince: now)
        self.view = view
        recogniser = try Recogniser(settings: settings, renderers: renderers, logger: logger)
        let work = WorkInFlight()
        let uploads = UploadReader(
            spool: try Spool(stateDirectory: settings.stateDirectory), maximumBytes: settings.maximumUploadBytes)
        let results = ResultFiles(folder: settings.outputDirectory)
        do {
            try results.prepare()
        } catch {
            // Not an end: the text is in the answers too, and the folder may be repaired while we run.
            logger.warning(
                "OUTPUT_DIR cannot be written: answers will have no files", metadata: ["error": .string("\(error)")])
        }
        let router = Routes.router(view: view) { [recogniser] path in
            RecognitionRoute(
                path: path, view: view, uploads: uploads, recogniser: recogniser, results: results, settings: settings,
                work: work)
        }
        server = HTTPServer(router: router, view: view, work: work, logger: logger)
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
        try await server.run(on: endpoint, whenAccepting: whenAccepting)
        recogniser.shutdown()
    }

    /// What goes on beside serving: PID 1 is followed, and told how its engine and this process are doing.
    private func accompany() -> [Task<Void, Never>] {
        var tasks: [Task<Void, Never>] = []
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

    private static func ownState(_ settings: APISettings, now: Double, version: String) -> ContainerState {
        ContainerState(
            phase: .ready, ready: true, startedOnce: true, reason: "", progress: 1, startedAt: now,
            facts: Facts(
                version: version, vllmURL: settings.vllmURL, usesVLM: settings.usesVLM,
                outputDirectory: settings.outputDirectory))
    }
}
