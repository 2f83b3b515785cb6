import Glibc
import Health
import Lifecycle
import OperatorLog
import ProcessHost
import Settings

/// What happens, from wherever it comes, becomes an event of the core; time passes by itself.
extension Supervisor {
    func handle(_ event: Event) {
        log.lookAtStandardError()
        queue.append(event)
        // What is done about one event may be the next one; they are handled in the order in which they happened.
        guard !handling else { return }
        handling = true
        while !queue.isEmpty {
            let event = queue.removeFirst()
            if case .progressed(let id, .some(let progress)) = event { tell(progress, of: id) }
            if case .gone(let id, let evidence) = event {
                lastLines[id.service] = LastLines.readable(
                    evidence.lines, format: machine.services[id.service].definition.logFormat, count: 8)
            }
            for action in machine.handle(event, at: Self.now()) { perform(action) }
        }
        handling = false
        publish()
        scheduleTick()
    }

    /// While something is being started the time left is told every second, since it passes.
    private func publish() {
        let isStarting = [.preloading, .starting, .warming, .degraded].contains(machine.phase)
        keeper.update(from: machine, start: isStarting ? start.value(at: Self.now()) : nil)
        guard isStarting, estimating == nil else { return }
        estimating = loop.after(.seconds(1)) { [unowned self] in
            estimating = nil
            publish()
        }
    }

    private func scheduleTick() {
        let deadline = machine.nextDeadline.map { instant in
            let parts = instant.sinceBeginning.components
            return UInt64(parts.seconds) * 1_000_000_000 + UInt64(parts.attoseconds / 1_000_000_000)
        }
        loop.setDeadline(deadline) { [unowned self] in
            excuseTheStarved()
            handle(.tick)
        }
    }

    private func excuseTheStarved() {
        for id in machine.overdueWatchdogs(at: Self.now()) where host.excuse(id) {
            let name = machine.services[id.service].definition.name
            log.log(
                .warning,
                "\(name) was not heard in time because it was not given a processor: it gets more time; this container "
                    + "needs more cores, or an engine that leaves it one (OMP_NUM_THREADS)")
            handle(.notified(id, .alive))
        }
    }

    func receive(_ message: Message) {
        switch message {
        case .event(let event):
            handle(event)
            if case .watched = event { keeper.heartbeat() }
        case .command(let command, let name):
            let service = machine.services.firstIndex { $0.definition.name == name && !$0.isRetired }
            if let service { handle(.command(command, service: service)) }
        case .gpusWanted: memory.refresh()
        case .reload(let answer): answer(reload(by: "an operator"))
        case .acknowledged(let revision):
            if let drainRevision, revision >= drainRevision { handle(.unreadyAnnounced) }
        }
    }

    func signalled(_ number: CInt) {
        switch number {
        case SIGCHLD:
            host.reap { [unowned self] in
                memory.ended($0)
                readAhead.ended($0)
            }
        case SIGTERM, SIGQUIT:
            requestStop(Signal.name(number))
        case SIGINT:
            interrupts += 1
            if interrupts == 1 { requestStop("SIGINT") } else { handle(.hurry(interrupts - 1)) }
        case SIGHUP:
            reload(by: "SIGHUP")
        case SIGUSR1:
            log.log(.info, "state", [("state", .text(JSONText.encode(keeper.current.state)))])
        default:
            host.forward(number)
        }
    }

    private func requestStop(_ by: String) {
        handle(.stopRequested(by: "asked to stop by \(by)"))
        // A second request changes nothing: orchestrators send it twice.
        if drainRevision == nil {
            drainRevision = keeper.current.state.revision
            let grace = configuration.policy.shutdownGrace
            graceEnds = ProcessHost.EventLoop.now() + UInt64(max(0, grace.inSeconds) * 1e9)
            manager?.needsTime(configuration.policy.shutdownGrace)
        }
    }

    func notified(by sender: ProcessID, _ fields: [(key: String, value: String)]) {
        // Anybody in the container may reach the socket; only a service's own processes may speak for it.
        guard let id = host.owner(of: sender) else { return }
        let isAsked = machine.services[id.service].definition.ready.check == .notify
        for event in NotifyMessage.events(of: id, fields, isAskedForReady: isAsked) {
            if case .notified(_, .alive) = event { host.beat(id) }
            handle(event)
        }
    }
}
