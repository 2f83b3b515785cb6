import Lifecycle

/// Reads `[service.NAME]` over what the service is by default.
enum ServiceTable {
    private static let keys = [
        "enabled", "command", "needs", "environment", "ready", "watch", "watchdog", "restart", "stop", "forward",
        "sockets", "gpu", "user", "directory", "limits", "oom-score-adjust", "nice",
    ]

    /// `enabled = false` leaves a service out of the container.
    static func isEnabled(_ tables: [String: SettingValue], _ name: String, reader: inout TableReader) -> Bool {
        guard case .table(let own)? = tables[name] else { return true }
        return reader.flag(own, "enabled", at: "service.\(name)") ?? true
    }

    /// A service that exists only in the settings.
    static func unknown(_ name: String, environment: [String: String], cores: Int) -> ServiceDefinition {
        let isPreload = name == "preload"
        var own = isPreload ? ServiceEnvironment.forPreload(environment) : ServiceEnvironment.forOthers(environment)
        own["OMP_NUM_THREADS"] = own["OMP_NUM_THREADS"] ?? String(cores)
        return ServiceDefinition(name: name, role: isPreload ? .preload : .other, command: [], environment: own)
    }

    static func apply(
        _ table: [String: SettingValue], to definition: inout ServiceDefinition, reader: inout TableReader
    ) {
        let path = "service.\(definition.name)"
        reader.checkKeys(table, at: path, known: keys)
        if let command = reader.texts(table, "command", at: path) {
            if command.isEmpty { reader.complain("\(path).command", "`\(path).command` is empty") }
            definition.command = command
        }
        if let needs = reader.texts(table, "needs", at: path) { definition.needs = needs }
        if let sockets = reader.texts(table, "sockets", at: path) { definition.sockets = sockets }
        if let environment = reader.table(table, "environment", at: path) {
            for key in environment.keys.sorted() {
                definition.environment[key] = reader.text(environment, key, at: "\(path).environment")
            }
        }
        if let ready = reader.table(table, "ready", at: path) { apply(ready: ready, path, &definition, &reader) }
        if let watch = reader.table(table, "watch", at: path) { apply(watch: watch, path, &definition, &reader) }
        if let restart = reader.table(table, "restart", at: path) {
            apply(restart: restart, path, &definition, &reader)
        }
        if let stop = reader.table(table, "stop", at: path) { apply(stop: stop, path, &definition, &reader) }
        definition.watchdog = reader.duration(table, "watchdog", at: path) ?? definition.watchdog
        definition.usesGPU = reader.flag(table, "gpu", at: path) ?? definition.usesGPU
        if let names = reader.texts(table, "forward", at: path) {
            definition.forwards = names.compactMap { name in
                if let number = Signal.number(name), Signal.forwardable.contains(number) { return number }
                let known = Signal.forwardable.map(Signal.name).joined(separator: ", ")
                reader.complain(
                    "\(path).forward", "`\(path).forward`: `\(name)` cannot be forwarded; these can: \(known)")
                return nil
            }
        }
        ProcessOptionsTable.apply(table, path, to: &definition.options, reader: &reader)
    }

    private static func apply(
        ready table: [String: SettingValue], _ path: String, _ definition: inout ServiceDefinition,
        _ reader: inout TableReader
    ) {
        let path = "\(path).ready"
        reader.checkKeys(table, at: path, known: ["http", "every", "notify", "exit", "within"])
        var (url, every) = ("", Duration.milliseconds(250))
        if case .http(let ownURL, let ownEvery) = definition.ready.check { (url, every) = (ownURL, ownEvery) }
        url = reader.text(table, "http", at: path) ?? url
        every = reader.duration(table, "every", at: path) ?? every
        if !url.isEmpty { definition.ready.check = .http(url: url, every: every) }
        if reader.flag(table, "notify", at: path) == true { definition.ready.check = .notify }
        if reader.flag(table, "exit", at: path) == true { definition.ready.check = .exit }
        if let within = reader.duration(table, "within", at: path) { definition.ready.within = within }
    }

    private static func apply(
        watch table: [String: SettingValue], _ path: String, _ definition: inout ServiceDefinition,
        _ reader: inout TableReader
    ) {
        let path = "\(path).watch"
        reader.checkKeys(table, at: path, known: ["http", "every", "timeout", "failures"])
        guard let url = reader.text(table, "http", at: path) ?? definition.watch?.url else {
            return reader.complain(path, "`\(path).http` is missing: the URL to check")
        }
        var watch =
            definition.watch ?? Watch(url: url, every: .seconds(5), timeout: .seconds(2), failures: 3)
        watch.url = url
        watch.every = reader.duration(table, "every", at: path) ?? watch.every
        watch.timeout = reader.duration(table, "timeout", at: path) ?? watch.timeout
        watch.failures = reader.integer(table, "failures", at: path, atLeast: 1) ?? watch.failures
        definition.watch = watch
    }

    private static func apply(
        restart table: [String: SettingValue], _ path: String, _ definition: inout ServiceDefinition,
        _ reader: inout TableReader
    ) {
        let path = "\(path).restart"
        reader.checkKeys(
            table, at: path, known: ["backoff", "limit", "window", "failed-starts", "stable-after", "when-spent"])
        var restart = definition.restart
        if let texts = reader.texts(table, "backoff", at: path) {
            let waits = texts.compactMap(DurationText.parse)
            if waits.count == 3, texts.count == 3 {
                (restart.first, restart.base, restart.maximum) = (waits[0], waits[1], waits[2])
            } else {
                reader.complain(
                    "\(path).backoff", "`\(path).backoff` must be three durations: first, second and longest wait")
            }
        }
        if let word = reader.text(table, "when-spent", at: path) {
            if let choice = RestartPolicy.WhenSpent(rawValue: word) {
                restart.whenSpent = choice
            } else {
                reader.complain(
                    "\(path).when-spent", "`\(path).when-spent` must be \"exit\" or \"hold\", not \"\(word)\"")
            }
        }
        restart.limit = reader.integer(table, "limit", at: path, atLeast: 0) ?? restart.limit
        restart.window = reader.duration(table, "window", at: path) ?? restart.window
        restart.failedStarts = reader.integer(table, "failed-starts", at: path, atLeast: 0) ?? restart.failedStarts
        restart.stableAfter = reader.duration(table, "stable-after", at: path) ?? restart.stableAfter
        definition.restart = restart
    }

    private static func apply(
        stop table: [String: SettingValue], _ path: String, _ definition: inout ServiceDefinition,
        _ reader: inout TableReader
    ) {
        let path = "\(path).stop"
        reader.checkKeys(table, at: path, known: ["signal", "grace"])
        if let name = reader.text(table, "signal", at: path) {
            if let number = Signal.number(name) {
                definition.stop.signal = number
            } else {
                reader.complain("\(path).signal", "`\(path).signal`: there is no signal `\(name)`")
            }
        }
        definition.stop.grace = reader.duration(table, "grace", at: path) ?? definition.stop.grace
    }
}
