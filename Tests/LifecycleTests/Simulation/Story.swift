import Lifecycle

/// Events and actions as one reads them in a trace.
enum Story {
    static func of(_ event: Event, _ machine: ContainerMachine) -> String {
        switch event {
        case .spawned(let id, let pid): "\(name(id, machine)) is spawned, pid \(pid)"
        case .ready(let id): "\(name(id, machine)) is ready"
        case .watched(let id, let problem): "\(name(id, machine)) is watched: \(problem.map { "\($0)" } ?? "well")"
        case .progressed(let id, let progress):
            "\(name(id, machine)) makes progress: \(progress?.description ?? "?")"
        case .requests(let id, let count, let silent):
            "\(name(id, machine)) has \(count) requests, silent for \(silent.readable)"
        case .canaryAnswered(let id, let answer): "the canary at \(name(id, machine)) is answered: \(answer)"
        case .notified(let id, let notice): "\(name(id, machine)) says \(notice)"
        case .exited(let id, let exit): "\(name(id, machine)) \(exit)"
        case .gone(let id, let evidence): "\(name(id, machine)) is gone \(evidence.lines)"
        case .memoryReleased(let service): "memory of \(name(service, machine)) is released"
        case .command(let command, let service): "an operator says \(command) \(name(service, machine))"
        case .reload(let definitions):
            definitions.reduce("the settings are read again:") { text, definition in
                text + "\n        \(brief(definition))"
            }
        case .begin:
            machine.services.reduce("it begins:") { text, service in text + "\n        \(brief(service.definition))" }
        case .tick, .stopRequested, .hurry, .unreadyAnnounced: "\(event)"
        }
    }

    static func of(_ action: Action, _ machine: ContainerMachine) -> String {
        switch action {
        case .spawn(let id): "spawn \(name(id, machine))"
        case .checkReadiness(let id): "check readiness of \(name(id, machine))"
        case .watch(let id): "watch \(name(id, machine))"
        case .sendCanary(let id): "send a canary to \(name(id, machine))"
        case .unwatch(let id): "end checks of \(name(id, machine))"
        case .signal(let id, let number): "signal \(Signal.name(number)) to \(name(id, machine))"
        case .signalDescendants(let id, let number): "signal \(Signal.name(number)) below \(name(id, machine))"
        case .kill(let id): "kill \(name(id, machine))"
        case .handOverPort(let id): "hand the port over to \(name(id, machine))"
        case .awaitMemory(let service): "await memory of \(name(service, machine))"
        case .report(let report): "report \(report)"
        case .takePortBack, .finish: "\(action)"
        }
    }

    private static func name(_ id: InstanceID, _ machine: ContainerMachine) -> String {
        "\(name(id.service, machine)) #\(id.number)"
    }

    private static func name(_ service: Int, _ machine: ContainerMachine) -> String {
        guard machine.services.indices.contains(service) else { return "service \(service)" }
        return "\(machine.services[service].definition.name) (\(service), \(machine.services[service].state.name))"
    }

    private static func brief(_ definition: ServiceDefinition) -> String {
        let restart = definition.restart
        var text =
            "\(definition.name): \(definition.command.joined(separator: " ")), needs \(definition.needs), "
            + "ready \(definition.ready.check) within \(definition.ready.within.readable), "
            + "stop \(definition.stop.signal) \(definition.stop.grace.readable), restart \(restart.limit) in "
            + "\(restart.window.readable), \(restart.failedStarts) starts, stable \(restart.stableAfter.readable), "
            + "\(restart.whenSpent)"
        if !restart.hopelessExits.isEmpty { text += ", hopeless \(restart.hopelessExits)" }
        if let watch = definition.watch { text += ", watch \(watch.every.readable) ×\(watch.failures)" }
        if let watchdog = definition.watchdog { text += ", watchdog \(watchdog.readable)" }
        if let silence = definition.watch?.silence { text += ", silence \(silence.readable)" }
        if let canary = definition.watch?.canary {
            text += ", canary after \(canary.after.readable) in \(canary.timeout.readable)"
        }
        if let stall = definition.ready.stall { text += ", stall \(stall.readable)" }
        if let subject = definition.proves { text += ", proves \(subject)" }
        if definition.usesGPU { text += ", GPU" }
        if !definition.sockets.isEmpty { text += ", sockets" }
        return text
    }
}
