/// What operators and new settings want of a service.
extension ServiceMachine {
    /// Starts what does not run, with all its tries before it.
    mutating func start(at now: Instant) {
        switch state {
        case .stopped, .failed, .done, .backoff:
            budget = RestartBudget()
            enter(.waiting, at: now)
        case .stopping(var stopping):
            stopping.next = .startAgain
            budget = RestartBudget()
            state = .stopping(stopping)
        case .waiting, .starting, .ready, .unready: break
        }
    }

    /// Nothing of it runs, and nothing will before somebody says so.
    mutating func stayStopped(because why: String, at now: Instant) -> [Action] {
        switch state {
        case .waiting, .backoff:
            enter(.stopped, at: now)
            return []
        default:
            return stop(because: .asked(why), next: .stay, at: now)
        }
    }

    /// It does not run, or will not once it has ended, since somebody wanted that.
    var staysStopped: Bool {
        switch state {
        case .stopped: true
        case .stopping(let stopping): stopping.next == .stay
        default: false
        }
    }

    mutating func restart(because why: String, at now: Instant) -> [Action] {
        guard live != nil else {
            start(at: now)
            return []
        }
        if state.name == .stopping { start(at: now) }
        return stop(because: .asked(why), next: .startAgain, at: now)
    }

    /// Takes on another definition: at once what can be, with a new instance what cannot.
    mutating func redefine(_ other: ServiceDefinition, at now: Instant) -> [Action] {
        let returns = isRetired
        isRetired = false
        guard let running = live, fault != .reloadsInPlace else {
            let isOther = definition.needsNewInstance(for: other)
            definition = other
            if fault == .reloadsInPlace, live != nil { enter(.waiting, at: now) }
            // Other settings may cure what failed, and what a task proved was proved of the old ones.
            if returns || hasFailed || isOther && [.done, .backoff].contains(state.name) { start(at: now) }
            return []
        }
        // It was being stopped for good.
        if returns { start(at: now) }
        if (pending ?? definition).needsNewInstance(for: other) || pending != nil {
            pending = other
            // Two definitions of different ages could need each other in a circle.
            (definition.needs, definition.proves) = (other.needs, other.proves)
            // What an operator stopped stays so.
            if case .stopping(let stopping) = state, stopping.next == .stay { return [] }
            return stop(because: .asked("its settings changed"), next: .startAgain, at: now)
        }
        let watchChanged = definition.watch != other.watch
        definition = other
        guard watchChanged, isReady || state.name == .unready else { return [] }
        if var running = served {
            running.canary = Canary()
            served = running
        }
        if other.watch != nil { return [.unwatch(running.instance), .watch(running.instance)] }
        guard case .unready(let running) = state else { return [.unwatch(running.instance)] }
        // Nobody would ever say that it is well again.
        enter(.ready(running), at: now)
        return [.unwatch(running.instance), .report(.recovered(running.instance))]
    }
}
