import ControlProtocol
import Health
import Lifecycle
import OperatorLog
import Settings
import Synchronization
import TimeOfDay

/// Writes down what the container says about itself, and tells everybody who answers for it.
final class StateKeeper {
    /// The last state, for other threads.
    let current = Snapshot()
    private var facts: Facts
    private let startedAt: Double
    /// Seconds since 1970 at the core's beginning of time.
    private let beginning: Double
    private var server: ControlServer?

    final class Snapshot: Sendable {
        private let value = Mutex(ContainerState())
        var state: ContainerState { value.withLock { $0 } }
        fileprivate func set(_ state: ContainerState) { value.withLock { $0 = state } }
    }

    /// Takes secrets out of a text.
    private let mask: (String) -> String

    /// - Parameter mask: takes secrets out of what services say, which everybody may read here.
    init(configuration: Configuration, now: Instant, mask: @escaping (String) -> String) {
        self.mask = mask
        startedAt = WallClock.now()
        beginning = startedAt - now.sinceBeginning.inSeconds
        facts = Facts(
            version: Version.current, vllmURL: mask(configuration.legacy.vllmURL),
            usesVLM: configuration.engine.usesVLM, modelsPath: configuration.legacy.modelsPath,
            missingModels: [], outputDirectory: configuration.outputDirectory,
            objectStoreConfigured: configuration.legacy.objectStoreConfigured, engineService: "engine")
        current.set(ContainerState(startedAt: startedAt, facts: facts))
    }

    /// - Parameter why: documents may be lost with the container; nil where they are safe.
    func noteDurability(_ why: String?) { facts.notDurable = why }

    func connect(_ server: ControlServer) {
        self.server = server
        server.publish(current.state)
    }

    /// Publishes the machine's state if it has changed; returns its revision.
    ///
    /// - Parameter start: how far what is being started is, and the time left; nil when nothing is.
    @discardableResult
    func update(from machine: ContainerMachine, start: (share: Double, remaining: Duration)?) -> UInt64 {
        let last = current.state
        let progress = start.map { ($0.share * 1000).rounded(.down) / 1000 } ?? machine.progress
        var next = ContainerState(
            revision: last.revision, phase: ContainerState.Phase(rawValue: machine.phase.rawValue) ?? .starting,
            ready: machine.isCalledReady, startedOnce: machine.startedOnce, held: machine.isHeld,
            engineProven: machine.isProven(facts.engineService),
            engineCrashes: machine.services.first { $0.definition.name == facts.engineService }?.crashes ?? 0,
            reason: mask(reason(machine)),
            progress: progress, etaSeconds: start.map { Int($0.remaining.inSeconds.rounded(.up)) },
            startedAt: startedAt,
            services: machine.services.filter { !$0.isRetired }.map(serviceState), facts: facts)
        guard next != last else { return last.revision }
        next.revision += 1
        current.set(next)
        server?.publish(next)
        return next.revision
    }

    /// Says the last state again, so that who hears it knows that we are here.
    func heartbeat() { server?.publish(current.state) }

    private func serviceState(_ service: ServiceMachine) -> ServiceState {
        ServiceState(
            name: service.definition.name, state: service.state.name.rawValue, since: wall(service.since),
            pid: service.live?.pid.flatMap { $0 > 0 ? $0 : nil }, restarts: service.restarts,
            status: (service.status ?? progress(service)).map(mask),
            lastFailure: service.lastFailure.map { failure in
                .init(
                    cause: mask(failure.cause), hint: failure.diagnosis.hint.map(mask),
                    kind: failure.diagnosis.kind.rawValue, stack: failure.diagnosis.stack.map(mask),
                    at: wall(failure.at))
            }, retryAt: retryAt(service), readyBy: readyBy(service), attempt: retry(service)?.attempt,
            attemptLimit: retry(service)?.limit)
    }

    private func retryAt(_ service: ServiceMachine) -> Double? {
        guard case .backoff(let backoff) = service.state else { return nil }
        return wall(backoff.until)
    }

    private func readyBy(_ service: ServiceMachine) -> Double? {
        guard case .starting(let running) = service.state else { return nil }
        return wall(running.startBy)
    }

    /// While it is being healed only: of a service that runs again, the former tries are old news.
    private func retry(_ service: ServiceMachine) -> RestartBudget.Retry? {
        service.isSatisfied ? nil : service.budget.lastRetry
    }

    /// With what the service that is waited for does.
    private func reason(_ machine: ContainerMachine) -> String {
        guard machine.phase != .ready, let starting = machine.services.first(where: { progress($0) != nil }),
            let progress = progress(starting), machine.reason == "\(starting.definition.name) is starting"
        else { return machine.reason }
        return "\(machine.reason): \(starting.status ?? progress)"
    }

    private func progress(_ service: ServiceMachine) -> String? {
        guard service.state.name == .starting else { return nil }
        return service.live?.progress?.description
    }

    /// Milliseconds are enough, and make equal states equal.
    private func wall(_ instant: Instant) -> Double {
        ((beginning + instant.sinceBeginning.inSeconds) * 1000).rounded() / 1000
    }
}
