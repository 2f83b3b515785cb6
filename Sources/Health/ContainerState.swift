/// What the container says about itself at one moment.
///
/// PID 1 is its only author. It is sent as JSON over the control socket to whoever answers for the container
/// (the API, the command line), so that all of them say the same.
package struct ContainerState: Codable, Sendable, Equatable {
    /// Grows by one with every change of content; a heartbeat repeats the last revision.
    package var revision: UInt64
    package var phase: Phase
    /// Work sent now will be done.
    package var ready: Bool
    /// Start-up has been over at least once in this life of the container.
    package var startedOnce: Bool
    /// A service is given up, and the container stays for somebody to look at it.
    package var held: Bool
    /// Pages may be sent to the engine: it runs, and what proves it has succeeded since its start.
    package var engineProven: Bool
    /// Ends of the engine that its work may have caused: not those that somebody asked for, or killed it.
    package var engineCrashes: Int
    /// Why the container is not ready, as one sentence; empty when it is.
    package var reason: String
    /// Share of the start-up that is done, 0…1.
    package var progress: Double
    /// Seconds until the container is expected to be ready; nil when that cannot be said.
    package var etaSeconds: Int?
    /// Start of the container, seconds since 1970.
    package var startedAt: Double
    package var services: [ServiceState]
    package var facts: Facts

    package init(
        revision: UInt64 = 0, phase: Phase = .starting, ready: Bool = false, startedOnce: Bool = false,
        held: Bool = false, engineProven: Bool = false, engineCrashes: Int = 0,
        reason: String = "the container is starting", progress: Double = 0, etaSeconds: Int? = nil,
        startedAt: Double = 0, services: [ServiceState] = [], facts: Facts = Facts()
    ) {
        self.revision = revision
        self.phase = phase
        self.ready = ready
        self.startedOnce = startedOnce
        self.held = held
        self.engineProven = engineProven
        self.engineCrashes = engineCrashes
        self.reason = reason
        self.progress = progress
        self.etaSeconds = etaSeconds
        self.startedAt = startedAt
        self.services = services
        self.facts = facts
    }

    /// The container as a whole; the same words as `Lifecycle`'s phases.
    package enum Phase: String, Codable, Sendable, CaseIterable {
        case preloading, starting, warming, ready, degraded, draining, stopped, failed
    }
}

/// One supervised process.
package struct ServiceState: Codable, Sendable, Equatable {
    package var name: String
    /// `waiting`, `starting`, `ready`, `unready`, `stopping`, `stopped`, `backoff`, `failed` or `done`.
    package var state: String
    /// Seconds since 1970 at which this state was entered.
    package var since: Double
    /// Process id of the running instance, in the container's PID namespace.
    package var pid: Int32?
    /// Times it was started again after the first start.
    package var restarts: Int
    /// What it last said of itself (`STATUS=` of sd_notify(3)); nil when it said nothing.
    package var status: String?
    package var lastFailure: Failure?
    /// When it is started again; seconds since 1970. Nil while it does not wait for that.
    package var retryAt: Double?
    /// When its start counts as failed, if it is not ready by then; seconds since 1970. Nil while it does not start.
    package var readyBy: Double?
    /// Which try after a failure this is, from 1; nil while there is nothing to retry.
    package var attempt: Int?
    /// Number of tries there are before it is given up.
    package var attemptLimit: Int?
    /// Resident memory of its processes, added up; measured only for whoever asks, and nil in what is pushed.
    package var memoryBytes: UInt64?

    /// All that `state` may be.
    package static let states = [
        "waiting", "starting", "ready", "unready", "stopping", "stopped", "backoff", "failed", "done",
    ]

    package init(
        name: String, state: String, since: Double, pid: Int32? = nil, restarts: Int = 0, status: String? = nil,
        lastFailure: Failure? = nil, retryAt: Double? = nil, readyBy: Double? = nil, attempt: Int? = nil,
        attemptLimit: Int? = nil, memoryBytes: UInt64? = nil
    ) {
        self.name = name
        self.state = state
        self.since = since
        self.pid = pid
        self.restarts = restarts
        self.status = status
        self.lastFailure = lastFailure
        self.retryAt = retryAt
        self.readyBy = readyBy
        self.attempt = attempt
        self.attemptLimit = attemptLimit
        self.memoryBytes = memoryBytes
    }

    /// Why the last instance ended.
    package struct Failure: Codable, Sendable, Equatable {
        /// What happened, for example `killed by SIGKILL`.
        package var cause: String
        /// What the operator can do; nil where nothing is known.
        package var hint: String?
        /// One word for machines, for example `gpuMemory`.
        package var kind: String
        /// Where it hung, innermost frame first; empty where that is unknown.
        package var stack: [String]
        /// Seconds since 1970.
        package var at: Double

        package init(cause: String, hint: String?, kind: String = "exit", stack: [String] = [], at: Double) {
            self.cause = cause
            self.hint = hint
            self.kind = kind
            self.stack = stack
            self.at = at
        }
    }
}

/// Settings that the replaced container's `/health` and `/` report.
package struct Facts: Codable, Sendable, Equatable {
    package var version: String
    /// As the client set it, for example `http://127.0.0.1:8080/v1/markdown`.
    package var vllmURL: String
    package var usesVLM: Bool
    package var modelsPath: String
    /// Names of model folders that are not there; empty for an engine that needs none.
    package var missingModels: [String]
    package var outputDirectory: String
    package var objectStoreConfigured: Bool
    /// Name of the service that reads pages.
    package var engineService: String
    /// Why documents may be lost with the container, as one sentence; nil where they are safe.
    package var notDurable: String?

    package init(
        version: String = "", vllmURL: String = "", usesVLM: Bool = true, modelsPath: String = "",
        missingModels: [String] = [], outputDirectory: String = "", objectStoreConfigured: Bool = false,
        engineService: String = "engine", notDurable: String? = nil
    ) {
        self.version = version
        self.vllmURL = vllmURL
        self.usesVLM = usesVLM
        self.modelsPath = modelsPath
        self.missingModels = missingModels
        self.outputDirectory = outputDirectory
        self.objectStoreConfigured = objectStoreConfigured
        self.engineService = engineService
        self.notDurable = notDurable
    }
}
