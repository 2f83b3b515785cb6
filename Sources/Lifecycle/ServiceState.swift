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
        /// Until when it must be ready.
        var readyBy: Instant
        package var readyAt: Instant?
        /// Failed watch checks in a row.
        var failures = 0
        /// When it last sent `WATCHDOG=1`.
        var heardAt: Instant?
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
