/// The states of a service. `States.md` beside this file draws them.
extension ServiceMachine {
    package enum State: Sendable, Equatable {
        /// It will start as soon as what it needs is there, and the GPU memory of its predecessor is back.
        case waiting
        case starting(Running)
        case ready(Running)
        /// It runs, and says that it is not well.
        case unready(Running)
        /// It is ending, by itself or because we said so, until nothing is left of it.
        case stopping(Stopping)
        case backoff(Backoff)
        /// Not running, because somebody wanted that.
        case stopped
        /// No further try is made; with this code the container ends, unless it holds.
        case failed(ExitCode)
        /// A task that succeeded.
        case done

        package var name: Name {
            switch self {
            case .waiting: .waiting
            case .starting: .starting
            case .ready: .ready
            case .unready: .unready
            case .stopping: .stopping
            case .backoff: .backoff
            case .stopped: .stopped
            case .failed: .failed
            case .done: .done
            }
        }

        /// The word for it in `/health` and on the command line.
        package enum Name: String, Sendable, CaseIterable {
            case waiting, starting, ready, unready, stopping, backoff, stopped, failed, done
        }
    }

    /// Every change of state there may be; a test holds the drawing against it, and the simulation each life.
    package static let transitions: [State.Name: Set<State.Name>] = [
        .waiting: [.starting, .stopped],
        .starting: [.ready, .stopping],
        .ready: [.unready, .stopping],
        .unready: [.ready, .stopping],
        .stopping: [.waiting, .backoff, .stopped, .failed, .done],
        .backoff: [.waiting, .stopped],
        .stopped: [.waiting],
        .failed: [.waiting],
        .done: [.waiting],
    ]

    /// An instance, from the decision to start it on.
    package struct Running: Sendable, Equatable {
        package var instance: InstanceID
        package var pid: Int32?
        package var spawnedAt: Instant
        /// Until when it must be ready, with the extensions that it asked for.
        var readyBy: Instant
        /// Until when the container as a whole must be; nil when this is not its first start.
        var latest: Instant?
        /// How far its start is.
        package var progress: Event.Progress?
        /// When its start last moved.
        var movedAt: Instant?
        /// Until when it is not given up for want of progress, since it said how much time it needs.
        var needsTimeUntil: Instant?
        package var readyAt: Instant?
        /// When it last did some work for somebody.
        var provedAt: Instant?
        /// How long somebody waited for it and gave up, since then.
        var waited = Duration.zero
        /// Failed watch checks in a row.
        var failures = 0
        /// When it last sent `WATCHDOG=1`.
        var heardAt: Instant?
        var canary = Canary()

        /// When it was last known to work; nil until it is ready.
        var aliveAt: Instant? { readyAt.map { max($0, provedAt ?? $0) } }
        package var startBy: Instant { latest.map { min($0, readyBy) } ?? readyBy }
    }

    package struct Stopping: Sendable, Equatable {
        package var running: Running
        package var reason: Reason
        /// What follows once nothing is left of it.
        package var next = Next.policy
        package var exit: Exit?
        var stoppedAt: Instant
        /// When the signal is repeated.
        var repeatAt: Instant?
        /// When the main process is told to abort.
        var abortAt: Instant?
        /// When the tree is killed; nil once it has been.
        var killAt: Instant?
        /// When a tree that outlives its kill is reported; nil once it has been.
        var stuckAt: Instant?
        /// The kill can no longer be put off.
        var firm = false

        var deadline: Instant? { [repeatAt, abortAt, killAt, stuckAt].compactMap { $0 }.min() }
    }

    package enum Reason: Sendable, Equatable {
        /// Somebody wants it to end: why.
        case asked(String)
        /// It ended by itself, or said that it will.
        case ended
        /// We end it, since it failed: why. One that hangs is asked where.
        case failed(String, hangs: Bool)
        /// We end it, since what proves it found that it does not do its work: why. A failed start.
        case wanting(String)

        var cause: String? {
            switch self {
            case .failed(let cause, _), .wanting(let cause): cause
            case .asked, .ended: nil
            }
        }
    }

    package enum Next: Sendable, Equatable {
        /// What the restart policy says.
        case policy
        case stay
        case startAgain
    }

    /// The time between two tries.
    package struct Backoff: Sendable, Equatable {
        package var until: Instant
    }

    package struct Failure: Sendable, Equatable {
        package var diagnosis: Diagnosis
        package var at: Instant

        package var cause: String { diagnosis.cause }
    }
}
