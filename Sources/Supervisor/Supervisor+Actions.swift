import Glibc
import Lifecycle
import OperatorLog
import ProcessHost
import Settings

/// What the core decides is done, and told.
extension Supervisor {
    func perform(_ action: Action) {
        switch action {
        case .spawn(let id):
            let definition = machine.services[id.service].definition
            memory.forget(id.service)
            if !machine.startedOnce { manager?.needsTime(definition.ready.within + .seconds(10)) }
            start.started(definition, at: Self.now())
            measured.starts(definition.name, at: Self.now())
            host.start(id, caches.prepare(definition))
        case .signal(let id, let number):
            host.signal(id, number)
            // One that is stopped could not say where it hangs.
            if number == SIGABRT { host.signal(id, SIGCONT) }
        case .signalDescendants(let id, let number):
            host.signalDescendants(id, number)
            if number == SIGABRT { host.signalDescendants(id, SIGCONT) }
        case .kill(let id): host.kill(id)
        case .checkReadiness(let id):
            let definition = machine.services[id.service].definition
            guard case .http(let url, let every) = definition.ready.check else { return }
            let checks = HealthChecker.Series(service: definition.name)
            host.setChecks(id, checks)
            checker?.untilReady(id, url: url, every: every, series: checks)
        case .watch(let id):
            let definition = machine.services[id.service].definition
            guard let watch = definition.watch else { return }
            let checks = HealthChecker.Series(service: definition.name)
            host.setChecks(id, checks)
            checker?.watch(id, watch, series: checks)
        case .sendCanary(let id):
            guard let canary = machine.services[id.service].definition.watch?.canary, let checks = host.checks(of: id)
            else { return }
            checker?.sendCanary(id, canary, series: checks)
        case .unwatch(let id): host.setChecks(id, nil)
        case .handOverPort: port?.release()
        case .takePortBack: port?.take()
        case .awaitMemory(let service): memory.awaitRelease(service, machine.services[service].definition)
        case .report(let report): tell(report)
        case .finish(let code):
            exitCode = code
            loop.stop()
        }
    }

    func checkNow(_ id: InstanceID) {
        let definition = machine.services[id.service].definition
        guard case .http(let url, let every) = definition.ready.check, let checks = host.checks(of: id) else { return }
        checker?.askNow(id, url: url, every: every, series: checks)
    }

    /// Once a step, however often its log says so.
    func tell(_ progress: Event.Progress, of id: InstanceID) {
        let service = machine.services[id.service]
        let isNew = service.live?.progress?.phase != progress.phase
        let now = Self.now()
        start.progressed(service.definition, progress, at: now)
        guard isNew, service.live?.instance == id else { return }
        measured.entered(service.definition.name, phase: progress.phase, at: now)
        let left = start.value(at: now).map { ", about \(Int($0.remaining.inSeconds.rounded(.up))) s more" } ?? ""
        log.log(.info, "\(service.definition.name): \(progress.phase)\(left)")
        manager?.status("\(machine.phase.rawValue): \(service.definition.name) is \(progress.phase)\(left)")
    }

    func tell(_ report: Report) {
        var summary: StartSummary?
        var last: [String] = []
        if case .phase(.ready, _) = report { summary = start.finished(at: Self.now()) }
        if case .failed(let id, let diagnosis, _) = report {
            last = lastLines[id.service] ?? []
            caches.failed(machine.services[id.service].definition, diagnosis, lines: last)
        }
        let line = Narrator.line(for: report, services: machine.services, start: summary, lastLines: last)
        log.log(line.level, line.message, line.fields)
        measured.note(report, of: machine.services, at: Self.now())
        desk.events.note(report, log.redacted(line), of: machine.services)
        switch report {
        case .reloaded(let added, let changed, let removed): reloaded = (added, changed, removed)
        case .ready(let id, _):
            host.becameReady(id)
            caches.isReady(machine.services[id.service].definition)
        case .done(let id, _):
            if configuration.readsAhead, drainRevision == nil {
                readAhead.begin(after: machine.services[id.service].definition)
            }
        case .phase(let phase, let reason):
            manager?.changed(phase, reason: reason, isReady: machine.isReady)
            if let folder { life.changed(phase.rawValue, in: folder.path) }
        default: break
        }
    }
}
