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
    private let facts: Facts
    private let startedAt: Double
    /// Seconds since 1970 at the core's beginning of time.
    private let beginning: Double
    private var server: ControlServer?

    final class Snapshot: Sendable {
        private let value = Mutex(ContainerState())
        var state: ContainerState { value.withLock { $0 } }
        fileprivate func set(_ state: ContainerState) { value.withLock { $0 = state } }
    }

    init(configuration: Configuration, now: Instant) {
        startedAt = WallClock.now()
        beginning = startedAt - now.sinceBeginning.inSeconds
        facts = Facts(
            version: Version.current, vllmURL: configuration.legacy.vllmURL,
            usesVLM: configuration.engine != .tesseract, modelsPath: configuration.legacy.modelsPath,
            missingModels: [], outputDirectory: configuration.outputDirectory,
            objectStoreConfigured: configuration.legacy.objectStoreConfigured, engineService: "engine")
        current.set(ContainerState(startedAt: startedAt, facts: facts))
    }

    func connect(_ server: ControlServer) {
        self.server = server
        server.publish(current.state)
    }

    /// Publishes the machine's state if it has changed; returns its revision.
    @discardableResult
    func update(from machine: ContainerMachine) -> UInt64 {
        let last = current.state
        var next = ContainerState(
            revision: last.revision, phase: ContainerState.Phase(rawValue: machine.phase.rawValue) ?? .starting,
            ready: machine.isReady, startedOnce: machine.startedOnce, held: machine.isHeld, reason: machine.reason,
            progress: machine.progress, etaSeconds: nil, startedAt: startedAt,
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
            pid: service.live?.pid, restarts: service.restarts, status: service.status,
            lastFailure: service.lastFailure.map { failure in
                .init(
                    cause: failure.cause, hint: failure.diagnosis.hint, kind: failure.diagnosis.kind.rawValue,
                    stack: failure.diagnosis.stack, at: wall(failure.at))
            })
    }

    /// Milliseconds are enough, and make equal states equal.
    private func wall(_ instant: Instant) -> Double {
        ((beginning + instant.sinceBeginning.inSeconds) * 1000).rounded() / 1000
    }
}
