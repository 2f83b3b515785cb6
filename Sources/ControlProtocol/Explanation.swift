package import Health
import Readable
import TimeOfDay

/// Why the container is as it is, in plain words: the answer to "why is it not ready?".
package struct Explanation: Codable, Sendable, Equatable {
    /// Work sent now will be done.
    package var ready: Bool
    /// The service that it is about; nil where it is about the container as a whole.
    package var service: String?
    /// What is the case, and since when.
    package var what: String
    /// How that came about; nil where nothing is known or there is nothing to say.
    package var why: String?
    /// What happens next, and when.
    package var next: String?
    /// What the operator could do.
    package var advice: String?

    /// One paragraph.
    package var text: String { [what, why, next, advice].compactMap { $0 }.joined(separator: " ") }

    /// A file system with so little room that new work is refused.
    package struct ShortDisk: Sendable, Equatable {
        package var folder: String
        package var freeBytes: Int

        package init(folder: String, freeBytes: Int) {
            self.folder = folder
            self.freeBytes = freeBytes
        }
    }
}

extension ContainerState {
    /// Explains this state.
    ///
    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - disks: what the asker has found short; PID 1 itself never asks a file system, which may hang.
    package func explanation(now: Double, disks: [Explanation.ShortDisk] = []) -> Explanation {
        var explanation = ExplanationWriter(state: self, now: now).write()
        if !disks.isEmpty {
            let found = disks.map { "\($0.folder) has \(ByteCount.text($0.freeBytes)) left" }
            let sentence =
                "The disk is low: \(found.joined(separator: ", ")), so new documents are refused with 507."
            explanation.why = [explanation.why, sentence].compactMap { $0 }.joined(separator: " ")
            let room = "Make room there, or mount a larger volume."
            explanation.advice = [explanation.advice, room].compactMap { $0 }.joined(separator: " ")
        }
        return explanation
    }
}

/// The words.
private struct ExplanationWriter {
    let state: ContainerState
    let now: Double

    func write() -> Explanation {
        switch state.phase {
        case .draining, .stopped: return stopping
        case .failed where !state.held: return failing
        default: break
        }
        guard let service = blocking else { return state.ready ? ready : unknown }
        var explanation = about(service)
        if state.ready {
            explanation.what =
                "The container still counts as ready (`unready-after`), and is being healed. \(explanation.what)"
        }
        return explanation
    }

    /// The one that has been given up, else the first that is not there: each comes after what it needs.
    private var blocking: ServiceState? {
        state.services.first { $0.state == "failed" } ?? state.services.first { !["ready", "done"].contains($0.state) }
    }

    // MARK: The container as a whole

    private var ready: Explanation {
        let since = state.services.map(\.since).max() ?? state.startedAt
        let failures = state.services.compactMap { service in service.lastFailure.map { (service, $0) } }
            .sorted { $0.1.at > $1.1.at }
        return Explanation(
            ready: true, what: "The container is ready, and has been \(span(since)).",
            why: failures.isEmpty ? nil : failures.map(history).joined(separator: " "),
            advice: state.facts.notDurable.map {
                "Documents in work would not survive the end of this container: \($0)."
            })
    }

    /// What is over: how often, and the last time of it.
    private func history(of service: ServiceState, _ last: ServiceState.Failure) -> String {
        let times = service.restarts == 1 ? "once" : "\(service.restarts) times"
        return
            (service.restarts > 0 ? "\(service.name) was started again \(times): its" : "\(service.name)'s")
            + " last failure was \(TimeSpan.text(now - last.at)) ago: \(sentence(last.cause))"
    }

    private var stopping: Explanation {
        let left = state.services.filter { $0.pid != nil }.map(\.name)
        let over = state.phase == .stopped || left.isEmpty
        return Explanation(
            ready: false,
            what: over
                ? "The container has stopped\(reason)."
                : "The container is being stopped\(reason).",
            next: over
                ? "coxswain is about to exit."
                : "Work under way is finished as far as the grace allows; still running: \(left.joined(separator: ", ")). "
                    + "Then coxswain exits.",
            advice: "Nothing that is on the disk is lost: the next start of the container goes on with it.")
    }

    private var failing: Explanation {
        let failed = blocking
        return Explanation(
            ready: false, service: failed?.name, what: "The container has failed and is about to exit\(reason).",
            why: failed.flatMap { failure($0, verb: "It last failed") }, next: "Whoever runs it may start it anew.",
            advice: failed?.lastFailure?.hint.map { "What may help: \(sentence($0))" }
                ?? "Read what its log says last; with `restart = { when-spent = \"hold\" }` it would stay for you to look at."
        )
    }

    private var unknown: Explanation {
        Explanation(
            ready: false,
            what: "The container is \(state.phase.rawValue)\(reason), \(span(state.startedAt)) after its start.",
            next: start, advice: "`coxswain status` shows its services.")
    }

    // MARK: One service

    private func about(_ service: ServiceState) -> Explanation {
        let name = service.name
        var explanation = Explanation(ready: state.ready, service: name, what: "")
        let hint = service.lastFailure?.hint.map { "What may help: \(sentence($0))" }
        switch service.state {
        case "starting":
            explanation.what = "\(name) has been starting \(span(service.since))\(doing(service))."
            explanation.why = failure(service, verb: "The one before it failed")
            explanation.next = [start, lateness(service), budget(service)].compactMap { $0 }.joined(separator: " ")
            explanation.advice = service.lastFailure == nil ? "Nothing needs to be done yet." : hint
        case "backoff":
            explanation.what = "\(name) has not been running \(span(service.since))."
            explanation.why = failure(service, verb: "It failed")
            explanation.next = [retry(service), budget(service)].compactMap { $0 }.joined(separator: " ")
            explanation.advice =
                hint ?? "`coxswain start \(name)` starts it at once; `coxswain logs \(name)` shows its last words."
        case "waiting":
            explanation.what = "\(name) has been waiting to be started \(span(service.since))."
            explanation.why = failure(service, verb: "It failed")
            explanation.next =
                "It starts as soon as what it needs is there, and the GPU memory of the one before it is back (that is "
                + "waited for at most a minute)." + (budget(service).map { " \($0)" } ?? "")
            explanation.advice = hint
        case "unready":
            explanation.what =
                "\(name) runs (pid \(service.pid.map(String.init) ?? "unknown")) and has said \(span(service.since)) that it is not well\(doing(service))."
            explanation.why = failure(service, verb: "It last failed")
            explanation.next =
                "It is asked again every few seconds; if it stops answering, it is stopped and started again."
            explanation.advice = "`coxswain logs \(name)` shows its last words; `coxswain restart \(name)` replaces it."
        case "stopping":
            explanation.what = "\(name) has been ending \(span(service.since))\(whyEnding(service))."
            explanation.why = failure(service, verb: "It last failed")
            explanation.next =
                "When nothing is left of it, or when its time for that is over and it has been killed, the next step is taken."
            explanation.advice = "If this lasts, it may be stuck in a driver, and the node needs attention."
        case "stopped":
            explanation.what = "\(name) was stopped by an operator, or by other settings, \(ago(service.since))."
            explanation.next = "Nothing starts it again by itself."
            explanation.advice = "`coxswain start \(name)` does."
        case "failed":
            explanation.what =
                "coxswain has given up on \(name), \(ago(service.since)), and the container stays for you to look at it: alive, and not ready."
            explanation.why = failure(service, verb: "It failed")
            explanation.next = "No further try is made."
            explanation.advice = [
                hint,
                "Once the cause is gone, `coxswain start \(name)` tries again, and `coxswain reload` does so with other settings.",
            ].compactMap { $0 }.joined(separator: " ")
        default:
            explanation.what = "\(name) has been \(service.state) \(span(service.since))."
        }
        return explanation
    }

    /// What it says of itself, or is known to do.
    private func doing(_ service: ServiceState) -> String { service.status.map { ": \($0)" } ?? "" }

    private func failure(_ service: ServiceState, verb: String) -> String? {
        service.lastFailure.map { "\(verb) \(ago($0.at)): \(sentence($0.cause))" }
    }

    /// What the container's reason says behind "… is stopping".
    private func whyEnding(_ service: ServiceState) -> String {
        let prefix = "\(service.name) is stopping"
        return state.reason.hasPrefix(prefix) ? String(state.reason.dropFirst(prefix.count)) : reason
    }

    private func retry(_ service: ServiceState) -> String? {
        service.retryAt.map { at in
            at - now >= 1
                ? "It is started again in \(TimeSpan.text(at - now)), at \(clock(at))." : "It is started again now."
        }
    }

    private func budget(_ service: ServiceState) -> String? {
        guard let attempt = service.attempt, let limit = service.attemptLimit else { return nil }
        return attempt < limit
            ? "This is try \(attempt) of \(limit)." : "This is the last of \(limit) tries: after it coxswain gives up."
    }

    private func lateness(_ service: ServiceState) -> String? {
        service.readyBy.map {
            $0 > now
                ? "If it is not ready by \(clock($0)) (in \(TimeSpan.text($0 - now))), that counts as a failed start."
                : "Its time for that is over."
        }
    }

    /// How far the start is.
    private var start: String? {
        let done = "\(Int((max(0, min(1, state.progress)) * 100).rounded(.down))) % of the start is done"
        return state.etaSeconds.map { "\(done); about \(TimeSpan.text(Double($0))) more." } ?? "\(done)."
    }

    private var reason: String { state.reason.isEmpty ? "" : ": \(state.reason)" }

    // MARK: Time

    private func span(_ since: Double) -> String { "for \(TimeSpan.text(now - since))" }

    private func ago(_ time: Double) -> String { "\(TimeSpan.text(now - time)) ago (at \(clock(time)))" }

    private func clock(_ time: Double) -> String { "\(WallClock.rfc3339(time).dropFirst(11).prefix(8)) UTC" }

    /// With one full stop at its end.
    private func sentence(_ text: String) -> String {
        let trimmed = text.last == "." ? String(text.dropLast()) : text
        return "\(trimmed)."
    }
}
