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
    /// The main process ended; what it left of its tree may still be there.
    case exited(InstanceID, Exit)
    /// Nothing is left of the instance.
    case gone(InstanceID)
    /// Time has come to look at the deadlines.
    case tick
    case stopRequested(by: String)
    /// A person at the terminal has no patience: 1 shortens the graces, 2 kills.
    case hurry(Int)
    /// Whoever holds the port answers "not ready" by now.
    case unreadyAnnounced

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
}

/// What is to be done, in this order.
package enum Action: Sendable, Equatable {
    case spawn(InstanceID)
    /// Begin the checks whose passing is `ready`.
    case checkReadiness(InstanceID)
    case watch(InstanceID)
    /// End checks and watch of this instance.
    case unwatch(InstanceID)
    case signal(InstanceID, Int32)
    /// Kill the whole tree.
    case kill(InstanceID)
    /// The instance accepts on the listening sockets it inherited: stop accepting ourselves.
    case handOverPort(InstanceID)
    /// Accept ourselves again.
    case takePortBack
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
    case failed(InstanceID, cause: String, ran: Duration)
    case restarting(service: Int, in: Duration, attempt: Int, of: Int)
    case gaveUp(service: Int, String)
    case stopping(InstanceID, String)
    case stopped(InstanceID, Exit?, took: Duration)
    case killing(InstanceID, after: Duration)
    /// Killed, and still there.
    case stuck(InstanceID)
}

/// The container as a whole.
package enum Phase: String, Sendable, CaseIterable {
    case preloading, starting, warming, ready, degraded, draining, stopped, failed
}
