import Lifecycle

/// Reads `[service.NAME]` over what the service is by default.
enum ServiceTable {
    private static let keys = [
        "command", "needs", "environment", "log", "ready", "watch", "watchdog", "proves", "restart", "stop", "forward",
        "sockets", "gpu", "user", "directory", "limits", "oom-score-adjust", "nice",
    ]
    /// Those that mean something for a process of ours alone.
    private static let processKeys = [
        "command", "environment", "log", "watchdog", "stop", "forward", "sockets", "gpu", "user", "directory", "limits",
        "oom-score-adjust", "nice",
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

    /// Takes out of `[service.engine]` what means nothing for an engine that runs elsewhere.
    ///
    /// - Parameter isWatched: false for an engine of which nothing is a service.
    /// - Returns: notes for the log. That the engine is elsewhere may be the environment's word, which wins.
    static func ignored(_ table: inout [String: SettingValue], isWatched: Bool) -> [String] {
        let names = table.keys.filter { !isWatched || processKeys.contains($0) }.sorted()
        for name in names { table[name] = nil }
        guard !names.isEmpty else { return [] }
        return [
            "the engine runs elsewhere\(isWatched ? "" : ", and is not watched"): not used of [service.engine]: \(names.joined(separator: ", "))"
        ]
    }

    /// - Parameters:
    ///   - path: where the table stands in its file.
    ///   - isProfile: it stands in an engine's profile.
    static func apply(
        _ table: [String: SettingValue], at path: String, isProfile: Bool = false,
        to definition: inout ServiceDefinition, reader: inout TableReader
    ) {
        reader.checkKeys(table, at: path, known: isProfile ? keys : keys + ["enabled"])
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
        definition.watchdog = reader.limit(table, "watchdog", at: path) ?? definition.watchdog
        if let format = reader.choice(table, "log", at: path, of: ["vllm", "json", "plain"]) {
            definition.logFormat = format == "plain" ? nil : format
        }
        if let proved = reader.text(table, "proves", at: path) { definition.proves = proved }
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
