/// Names one start of one service; a restart is another instance.
package struct InstanceID: Sendable, Hashable {
    /// Index of the service among the definitions.
    package var service: Int
    /// Counts the starts of all services together, from 1.
    package var number: Int

    package init(service: Int, number: Int) {
        self.service = service
        self.number = number
    }
}

/// What happened.
package enum Event: Sendable, Equatable {
    case begin
    case spawned(InstanceID, pid: Int32)
    /// A readiness check passed, or it said so itself.
    case ready(InstanceID)
    /// A watch check ended; `problem` is nil when it passed.
    case watched(InstanceID, problem: Problem?)
    /// Its log tells how far its start is; nil when it says something new that nobody understands.
    case progressed(InstanceID, Progress?)
    /// What `InstanceID` says of its requests at the engine: how many are in flight, and how long ago the last token or
    /// answer of any of them came. While it is above zero this is said every second or so.
    case requests(by: InstanceID, inFlight: Int, silentFor: Duration)
    case canaryAnswered(InstanceID, CanaryAnswer)
    /// It said something of itself (sd_notify(3)).
    case notified(InstanceID, Notice)
    /// The main process ended; what it left of its tree may still be there.
    case exited(InstanceID, Exit)
    /// Nothing is left of the instance; what is known about its end.
    case gone(InstanceID, Evidence)
    /// The GPU memory that the last instance held is back, or nothing more is to be expected.
    case memoryReleased(service: Int)
    /// Time has come to look at the deadlines.
    case tick
    case stopRequested(by: String)
    /// A person at the terminal has no patience: 1 shortens the graces, 2 kills.
    case hurry(Int)
    /// Whoever holds the port answers "not ready" by now.
    case unreadyAnnounced
    case command(Command, service: Int)
    /// The settings were read again: all services that there are to be.
    case reload([ServiceDefinition])

    package enum Problem: Sendable, Equatable {
        /// It answered, and said that it is not well.
        case unwell(String)
        /// It did not answer in time, or not at all.
        case silent(String)

        package var text: String {
            switch self {
            case .unwell(let text), .silent(let text): text
            }
        }
    }

    package struct Progress: Sendable, Equatable, CustomStringConvertible {
        /// What it does, for example `loading weights`.
        package var phase: String
        /// Share of that phase, 0…1, where its log says so.
        package var fraction: Double?
        /// How long it still takes, where it knows.
        package var remaining: Duration?

        package init(phase: String, fraction: Double? = nil, remaining: Duration? = nil) {
            self.phase = phase
            self.fraction = fraction
            self.remaining = remaining
        }

        package var description: String {
            let parts = [percent.map { "\($0) %" }, remaining.map { "\($0.readable) left" }].compactMap { $0 }
            return phase + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
        }

        /// Whatever was read: also what is no number.
        private var percent: Int? { fraction.map { $0 > 0 ? Int(min($0, 1) * 100) : 0 } }
    }

    package enum CanaryAnswer: Sendable, Equatable {
        case alive
        /// None came in time.
        case silent
        /// An error of the service's, or no connection.
        case failed(String)
        /// The request is wrong for this service: no proof of anything.
        case refused(String)
    }

    package enum Notice: Sendable, Equatable {
        /// `STATUS=`: one line for people.
        case status(String)
        /// `WATCHDOG=1`: it is alive.
        case alive
        /// `WATCHDOG=trigger`: it found itself hung.
        case trouble
        /// `EXTEND_TIMEOUT_USEC=`: it needs more time for starting or stopping.
        case extend(Duration)
        /// `STOPPING=1`: it is about to end.
        case stopping
    }

    package enum Command: String, Sendable, CaseIterable {
        case start, stop, restart
    }
}

/// What is to be done, in this order.
package enum Action: Sendable, Equatable {
    case spawn(InstanceID)
    /// Begin the checks whose passing is `ready`.
    case checkReadiness(InstanceID)
    case watch(InstanceID)
    /// Send one small request, and tell how it ended: `canaryAnswered`.
    case sendCanary(InstanceID)
    /// End checks and watch of this instance.
    case unwatch(InstanceID)
    /// To the main process.
    case signal(InstanceID, Int32)
    /// To all of the tree but the main process.
    case signalDescendants(InstanceID, Int32)
    /// Kill the whole tree.
    case kill(InstanceID)
    /// The instance accepts on the listening sockets it inherited: stop accepting ourselves.
    case handOverPort(InstanceID)
    /// Accept ourselves again.
    case takePortBack
    /// Find out when the GPU memory that the last instance held is back: `memoryReleased`.
    case awaitMemory(service: Int)
    case report(Report)
    /// All is over: leave with this code.
    case finish(ExitCode)
}

/// Something an operator wants to read once.
package enum Report: Sendable, Equatable {
    case phase(Phase, reason: String)
    case started(InstanceID, pid: Int32)
    case ready(InstanceID, after: Duration)
    case done(InstanceID, after: Duration)
    case unwell(InstanceID, String)
    case recovered(InstanceID)
    /// The service cannot understand the canary: only its health endpoint is left to prove it alive while it is idle.
    case canaryRefused(InstanceID, String)
    case failed(InstanceID, Diagnosis, ran: Duration)
    case restarting(service: Int, in: Duration, attempt: Int, of: Int)
    case gaveUp(service: Int, String, RestartPolicy.WhenSpent)
    case stopping(InstanceID, String)
    case stopped(InstanceID, Exit?, took: Duration)
    case aborting(InstanceID)
    case killing(InstanceID, after: Duration)
    /// Killed, and still there.
    case stuck(InstanceID)
    /// The GPU memory of the last instance did not come back in this time; the next one is started all the same.
    case memoryHeld(service: Int, after: Duration)
    case commanded(Event.Command, service: Int)
    /// Names of the services whose definitions are new, other, or gone.
    case reloaded(added: [String], changed: [String], removed: [String])
}

/// The container as a whole.
package enum Phase: String, Sendable, CaseIterable {
    case preloading, starting, warming, ready, degraded, draining, stopped, failed

    /// Every change of phase there may be; held by tests as ``ServiceMachine/transitions`` is.
    package static let transitions: [Phase: Set<Phase>] = [
        .preloading: [.starting, .warming, .ready, .failed, .draining, .stopped],
        .starting: [.preloading, .warming, .ready, .failed, .draining, .stopped],
        .warming: [.preloading, .starting, .ready, .failed, .draining, .stopped],
        .ready: [.degraded, .failed, .draining, .stopped],
        .degraded: [.ready, .failed, .draining, .stopped],
        // Held, and then started again by an operator or by other settings.
        .failed: [.preloading, .starting, .warming, .ready, .degraded, .draining, .stopped],
        .draining: [.stopped],
        .stopped: [],
    ]
}
