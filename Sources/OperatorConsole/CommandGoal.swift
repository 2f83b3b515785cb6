package import Health
import Readable

/// What an operator's command is to bring about, and whether it has.
package struct CommandGoal: Sendable, Equatable {
    package let command: String
    package let service: String
    private let before: ServiceState

    package enum Outcome: Sendable, Equatable {
        case reached(String)
        /// It did not come to it, and will not by itself.
        case missed(String)
    }

    /// - Parameter before: the service as it was when the command was given.
    package init(_ command: String, before: ServiceState) {
        self.command = command
        self.service = before.name
        self.before = before
    }

    /// - Returns: nil as long as nothing is decided.
    package func judge(_ state: ContainerState) -> Outcome? {
        guard let now = state.services.first(where: { $0.name == service }) else {
            return command == "stop"
                ? .reached("\(service) is gone") : .missed("\(service) is not in the settings any more")
        }
        if [.draining, .stopped].contains(state.phase) || state.phase == .failed && !state.held {
            return command == "stop" && now.pid == nil
                ? .reached("\(service) has stopped, and so does the container")
                : .missed("the container is stopping: \(state.reason)")
        }
        switch command {
        case "stop": return judgeStop(now)
        case "start": return judgeStart(now)
        default: return judgeRestart(now)
        }
    }

    /// What it is waiting for, when the time is over.
    package func soFar(_ state: ContainerState?) -> String {
        guard let now = state?.services.first(where: { $0.name == service }) else {
            return "nothing was heard of \(service)"
        }
        let doing = now.status.map { ": \($0)" } ?? ""
        return "\(service) is \(now.state)\(doing)"
    }

    private func judgeStop(_ now: ServiceState) -> Outcome? {
        switch now.state {
        case "stopped": .reached("\(service) has stopped")
        // A task that is over, and a service that was given up: there is nothing to stop.
        case "done", "failed":
            now == before ? .reached("\(service) was not running (\(now.state))") : .reached("\(service) has ended")
        default: nil
        }
    }

    private func judgeStart(_ now: ServiceState) -> Outcome? {
        switch now.state {
        case "ready": return .reached(now.since == before.since ? "\(service) is running already" : isReady(now))
        // What had succeeded before is to succeed again.
        case "done" where before.state != "done" || now.since > before.since: return .reached("\(service) is done")
        case "failed" where now.since > before.since: return .missed(gaveUp(now))
        default: return nil
        }
    }

    private func judgeRestart(_ now: ServiceState) -> Outcome? {
        // A first start is no restart, and has no process before it.
        let isNew = now.restarts > before.restarts || before.pid == nil && now.since > before.since
        switch now.state {
        case "ready" where isNew: return .reached(isReady(now))
        case "done" where isNew: return .reached("\(service) is done")
        case "failed" where now.since > before.since: return .missed(gaveUp(now))
        default: return nil
        }
    }

    private func isReady(_ now: ServiceState) -> String {
        "\(service) is ready" + (now.pid.map { " (pid \($0))" } ?? "")
    }

    private func gaveUp(_ now: ServiceState) -> String {
        "coxswain has given up on \(service)"
            + (now.lastFailure.map { ": \($0.cause)" + ($0.hint.map { "; \($0)" } ?? "") } ?? "")
    }
}
