/// What one supervised process is and how it is to be treated. Values only: nothing here has happened yet.
package struct ServiceDefinition: Sendable, Equatable {
    package var name: String
    package var role: Role
    /// Program and arguments; empty for a service that runs elsewhere: nothing is started, it is only watched.
    package var command: [String]
    /// The process's whole environment: nothing else is inherited.
    package var environment: [String: String]
    /// Names of services that must be ready, and of tasks that must be done, before this one starts.
    package var needs: [String]
    package var ready: Readiness
    package var watch: Watch?
    /// Longest silence of a service that sends `WATCHDOG=1` (sd_notify(3)), counted from ready on.
    package var watchdog: Duration?
    package var restart: RestartPolicy
    package var stop: StopPolicy
    /// Signals that are passed on to its main process when they are sent to the supervisor.
    package var forwards: [Int32]
    /// Names of listening sockets that it inherits (`LISTEN_FDS`).
    package var sockets: [String]
    package var options: ProcessOptions
    /// It holds GPU memory: another one is not started before that of its predecessor is back.
    package var usesGPU: Bool
    /// How its log tells how far its start is: a name of `Progress`' log formats; nil when it does not.
    package var logFormat: String?
    /// Of a task: the service that it proves, and so needs. While it has not succeeded, that service counts as started but not as
    /// proven; when it ends with status 1, it found the service wanting, and the service is replaced.
    package var proves: String?

    package init(
        name: String, role: Role, command: [String], environment: [String: String] = [:], needs: [String] = [],
        ready: Readiness = Readiness(check: .spawned), watch: Watch? = nil, watchdog: Duration? = nil,
        restart: RestartPolicy = RestartPolicy(), stop: StopPolicy = StopPolicy(), forwards: [Int32] = [],
        sockets: [String] = [], options: ProcessOptions = ProcessOptions(), usesGPU: Bool = false,
        logFormat: String? = nil, proves: String? = nil
    ) {
        self.name = name
        self.role = role
        self.command = command
        self.environment = environment
        self.needs = needs
        self.ready = ready
        self.watch = watch
        self.watchdog = watchdog
        self.restart = restart
        self.stop = stop
        self.forwards = forwards
        self.sockets = sockets
        self.options = options
        self.usesGPU = usesGPU
        self.logFormat = logFormat
        self.proves = proves
    }

    /// What the process is for; decides which phase the container is in while it is not ready.
    package enum Role: String, Sendable, CaseIterable {
        case preload, engine, warmup, api, other
    }

    /// A task ends by itself, and its exit with status 0 is its success; a service never ends unasked.
    package var isTask: Bool { ready.check == .exit }

    /// It fetches what others need, for as long as that takes: it is not limited by the time for the container's start, which
    /// counts from its end on.
    package var isPreload: Bool { role == .preload && isTask }

    /// It runs somewhere else, and nothing of it here.
    package var isElsewhere: Bool { command.isEmpty }

    /// Whether a running instance of this definition would have to be replaced to be one of the other; what differs
    /// otherwise holds for the running instance as well.
    package func needsNewInstance(for other: ServiceDefinition) -> Bool {
        command != other.command || environment != other.environment || sockets != other.sockets
            || options != other.options || ready.check != other.ready.check || watchdog != other.watchdog
            || usesGPU != other.usesGPU || logFormat != other.logFormat || proves != other.proves
    }
}

/// What the kernel is asked for, beside program and environment. What it refuses is a warning, but for `user` and
/// `directory`, without which nothing is started.
package struct ProcessOptions: Sendable, Equatable {
    /// Working directory; nil is the supervisor's own.
    package var directory: String?
    /// `USER` or `USER:GROUP`, by name or number; nil is the supervisor's own.
    package var user: String?
    /// By the names of setrlimit(2) in small letters, for example `nofile`.
    package var limits: [String: Limit] = [:]
    /// `oom_score_adj`, -1000…1000 (proc(5)).
    package var outOfMemoryScore: Int?
    /// -20…19 (nice(2)).
    package var nice: Int?

    package init() {}

    /// Soft and hard limit; nil is unlimited.
    package struct Limit: Sendable, Equatable {
        package var soft: UInt64?
        package var hard: UInt64?

        package init(soft: UInt64?, hard: UInt64?) {
            self.soft = soft
            self.hard = hard
        }
    }
}

/// When a started process counts as ready, and how long that may take.
package struct Readiness: Sendable, Equatable {
    package var check: Check
    /// Longest time from the start of the process to ready.
    package var within: Duration
    /// Longest time without any progress, while its log tells of progress; nil: `within` alone limits the start.
    package var stall: Duration?

    package init(check: Check, within: Duration = .seconds(60), stall: Duration? = nil) {
        self.check = check
        self.within = within
        self.stall = stall
    }

    package enum Check: Sendable, Equatable {
        /// As soon as the program runs.
        case spawned
        /// When it sends `READY=1` (sd_notify(3)).
        case notify
        /// When `GET url` answers 200.
        case http(url: String, every: Duration)
        /// It is a task: when it exits with status 0.
        case exit
    }
}

/// How a ready service is looked after.
package struct Watch: Sendable, Equatable {
    package var url: String
    package var every: Duration
    package var timeout: Duration
    /// Failed checks in a row after which the service is replaced.
    package var failures: Int
    /// Longest time without a token or an answer while requests are in flight at it; nil: nobody counts them.
    package var silence: Duration?
    /// A small request that proves it alive when no other does; nil: none is sent.
    package var canary: Canary?

    package init(
        url: String, every: Duration, timeout: Duration, failures: Int, silence: Duration? = nil, canary: Canary? = nil
    ) {
        self.url = url
        self.every = every
        self.timeout = timeout
        self.failures = failures
        self.silence = silence
        self.canary = canary
    }

    /// `POST url` with a JSON body. Sent only while nothing is in flight.
    package struct Canary: Sendable, Equatable {
        package var url: String
        package var body: String
        /// Time without any proof of life after which it is sent.
        package var after: Duration
        package var timeout: Duration

        package init(url: String, body: String, after: Duration, timeout: Duration) {
            self.url = url
            self.body = body
            self.after = after
            self.timeout = timeout
        }
    }
}

/// Whether, when and how often a process that failed is started again.
package struct RestartPolicy: Sendable, Equatable {
    /// Wait before the first try; zero is at once.
    package var first: Duration
    /// Wait before the second try; doubled from then on.
    package var base: Duration
    package var maximum: Duration
    /// Crashes of a service that had been ready, inside `window`, after which the container gives up.
    package var limit: Int
    package var window: Duration
    /// Starts in a row that failed before ready, after which the container gives up. Counted apart, since a few stalled
    /// starts take longer than any window.
    package var failedStarts: Int
    /// Time of being ready after which the count of failures begins anew.
    package var stableAfter: Duration
    package var whenSpent: WhenSpent = .exit
    /// Exit statuses by which the program itself says that no retry can help. Where there are any, every other end of it is
    /// worth a retry, whatever its log looks like.
    package var hopelessExits: [Int32] = []

    /// What follows when no further try is made.
    package enum WhenSpent: String, Sendable, CaseIterable {
        /// The container stops, and its exit code says why: the orchestrator decides.
        case exit
        /// The container stays, alive and not ready, for somebody to look at it.
        case hold
    }

    package init(
        first: Duration = .zero, base: Duration = .seconds(1), maximum: Duration = .seconds(30), limit: Int = 5,
        window: Duration = .seconds(600), failedStarts: Int = 5, stableAfter: Duration = .seconds(60)
    ) {
        self.first = first
        self.base = base
        self.maximum = maximum
        self.limit = limit
        self.window = window
        self.failedStarts = failedStarts
        self.stableAfter = stableAfter
    }
}

/// How a process is asked to end.
package struct StopPolicy: Sendable, Equatable {
    /// Signal number.
    package var signal: Int32
    /// Time between the signal and the kill of the whole tree.
    package var grace: Duration

    package init(signal: Int32 = 15, grace: Duration = .seconds(10)) {
        self.signal = signal
        self.grace = grace
    }
}

/// What holds for the container as a whole.
package struct ContainerPolicy: Sendable, Equatable {
    /// Time between "not ready" and the first stop, in which load balancers take the container out.
    package var drainDelay: Duration
    /// Longest time from the request to stop to the exit of PID 1, whatever hangs.
    package var shutdownGrace: Duration
    /// Longest time from the beginning to the first ready, for everything together; where something is preloaded, from the
    /// end of that on. It is below the time that an orchestrator gives, so that our diagnosis comes first.
    package var startWithin: Duration
    /// How long the container goes on calling itself ready while something that had been ready is being healed.
    package var unreadyAfter: Duration

    package init(
        drainDelay: Duration = .seconds(3), shutdownGrace: Duration = .seconds(25),
        startWithin: Duration = .seconds(540), unreadyAfter: Duration = .zero
    ) {
        self.drainDelay = drainDelay
        self.shutdownGrace = shutdownGrace
        self.startWithin = startWithin
        self.unreadyAfter = unreadyAfter
    }
}
