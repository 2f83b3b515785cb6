import Lifecycle
import TOML
import VariableCatalog

extension Configuration {
    /// All settings as they hold, defaults included: as TOML, with secrets masked. Put into a file, those that are not masked
    /// give the same configuration again.
    package var effective: [EffectiveSetting] {
        var list = EffectiveList(origins: origins)
        list.add(["listen"], TOMLText.string("\(listen)"))
        list.add(["output-dir"], TOMLText.string(outputDirectory))
        list.add(["state-dir"], TOMLText.string(stateDirectory), else: "output-dir")
        if let logFormat { list.add(["log-format"], TOMLText.string(logFormat)) }
        list.add(["log-level"], TOMLText.string(logLevel ?? "info"))
        list.add(["engine"], TOMLText.string(engine.url ?? engine.profile))
        list.add(["start-within"], policy.startWithin)
        list.add(["before-ready"], TOMLText.string(beforeReady.rawValue))
        list.add(["unready-after"], policy.unreadyAfter)
        list.add(["drain-delay"], policy.drainDelay)
        list.add(["shutdown-grace"], policy.shutdownGrace)
        for name in switchedOff { list.add(["service", name, "enabled"], "false") }
        for service in services { list.add(service) }
        return list.settings
    }
}

/// Gathers effective settings.
struct EffectiveList {
    let origins: Origins
    private(set) var settings: [EffectiveSetting] = []

    init(origins: Origins) { self.origins = origins }

    /// - Parameter other: the key from which it follows where nobody said it.
    mutating func add(_ path: [String], _ value: String, masked: Bool = false, else other: String? = nil) {
        let source = origins[path.joined(separator: ".")] ?? other.flatMap { origins[$0] } ?? .standard
        settings.append(EffectiveSetting(key: TOMLText.key(path), value: value, source: source, isMasked: masked))
    }

    mutating func add(_ path: [String], _ duration: Duration) {
        add(path, "\"\(DurationText.write(duration))\"")
    }

    /// A text in which something may be hidden.
    private mutating func add(_ path: [String], text: String, shown: String) {
        add(path, TOMLText.string(shown), masked: shown != text)
    }

    mutating func add(_ service: ServiceDefinition) {
        let path = ["service", service.name]
        if !service.isElsewhere {
            let shown = CommandText.masked(service.command)
            add(path + ["command"], TOMLText.list(shown), masked: shown != service.command)
        }
        add(path + ["needs"], TOMLText.list(service.needs))
        if let proves = service.proves { add(path + ["proves"], TOMLText.string(proves)) }
        add(ready: service.ready, path + ["ready"])
        if let watch = service.watch { add(watch: watch, path + ["watch"]) }
        add(restart: service.restart, path + ["restart"])
        guard !service.isElsewhere else { return }
        if !service.isTask { add(path + ["watchdog"], service.watchdog ?? .zero) }
        add(path + ["stop", "signal"], TOMLText.string(TOMLText.signal(service.stop.signal)))
        add(path + ["stop", "grace"], service.stop.grace)
        add(path + ["log"], TOMLText.string(service.logFormat ?? "plain"))
        add(path + ["gpu"], String(service.usesGPU))
        add(path + ["forward"], TOMLText.list(service.forwards.map(TOMLText.signal)))
        add(path + ["sockets"], TOMLText.list(service.sockets))
        add(options: service.options, path)
        add(environmentOf: service, path + ["environment"])
    }

    private mutating func add(ready: Readiness, _ path: [String]) {
        switch ready.check {
        case .spawned: break
        case .notify: add(path + ["notify"], "true")
        case .exit: add(path + ["exit"], "true")
        case .http(let url, let every):
            add(path + ["http"], text: url, shown: SecretName.withoutCredentials(url))
            add(path + ["every"], every)
        }
        add(path + ["within"], ready.within)
        add(path + ["stall"], ready.stall ?? .zero)
    }

    private mutating func add(watch: Watch, _ path: [String]) {
        add(path + ["http"], text: watch.url, shown: SecretName.withoutCredentials(watch.url))
        add(path + ["every"], watch.every)
        add(path + ["timeout"], watch.timeout)
        add(path + ["failures"], String(watch.failures))
        add(path + ["silence"], watch.silence ?? .zero)
        guard let canary = watch.canary else { return add(path + ["canary", "after"], .zero) }
        add(path + ["canary", "url"], text: canary.url, shown: SecretName.withoutCredentials(canary.url))
        add(path + ["canary", "body"], text: canary.body, shown: SecretName.withoutCredentials(canary.body))
        add(path + ["canary", "after"], canary.after)
        add(path + ["canary", "timeout"], canary.timeout)
    }

    private mutating func add(restart: RestartPolicy, _ path: [String]) {
        let waits = [restart.first, restart.base, restart.maximum].map(DurationText.write)
        add(path + ["backoff"], TOMLText.list(waits))
        add(path + ["limit"], String(restart.limit))
        add(path + ["window"], restart.window)
        add(path + ["failed-starts"], String(restart.failedStarts))
        add(path + ["stable-after"], restart.stableAfter)
        add(path + ["hopeless-exits"], "[\(restart.hopelessExits.map(String.init).joined(separator: ", "))]")
        add(path + ["when-spent"], TOMLText.string(restart.whenSpent.rawValue))
    }

    private mutating func add(options: ProcessOptions, _ path: [String]) {
        if let user = options.user { add(path + ["user"], TOMLText.string(user)) }
        if let directory = options.directory { add(path + ["directory"], TOMLText.string(directory)) }
        if let score = options.outOfMemoryScore { add(path + ["oom-score-adjust"], String(score)) }
        if let nice = options.nice { add(path + ["nice"], String(nice)) }
        for (name, limit) in options.limits.sorted(by: { $0.key < $1.key }) {
            add(path + ["limits", name], TOMLText.limit(limit))
        }
    }

    private mutating func add(environmentOf service: ServiceDefinition, _ path: [String]) {
        // What nobody set: it is used all the same.
        var variables = Self.standards(of: service)
        variables.merge(service.environment) { $1.isEmpty ? $0 : $1 }
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
            // The text of a page is a document's, whosever page it is.
            let isSecret = SecretName.matches(name) || name == "WARMUP_TEXT"
            let shown = isSecret && !value.isEmpty ? SecretName.mask : SecretName.withoutCredentials(value)
            add(
                path + [name], TOMLText.string(shown), masked: shown != value,
                else: service.role == .engine ? nil : Self.follows[name])
        }
    }

    /// What PID 1 tells its services of its own settings.
    private static let follows = [
        "OUTPUT_DIR": "output-dir", "STATE_DIR": "state-dir", "USE_VLM_API": "engine", "COXSWAIN_ENGINE_URL": "engine",
    ]

    /// Defaults of the variables that a program of ours reads.
    private static func standards(of service: ServiceDefinition) -> [String: String] {
        let program = service.command.first?.split(separator: "/").last
        let reader: Variable.Reader
        switch (program, service.role) {
        case ("coxswain-ocr", .api): reader = .api
        case ("coxswain-ocr", .warmup): reader = .warmup
        case ("coxswain-tesseract", _): reader = .tesseract
        case ("coxswain-preload", _): reader = .preload
        default: return [:]
        }
        let own = Variable.all.filter { $0.readers.contains(reader) && $0.audience != .ourselves }
        return Dictionary(
            uniqueKeysWithValues: own.compactMap { variable in variable.standard.map { (variable.name, $0) } })
    }
}
