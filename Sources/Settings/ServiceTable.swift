import Lifecycle
import Readable
import TOML
import VariableCatalog

/// Reads `[service.NAME]` over what the service is by default.
enum ServiceTable {
    /// Those that mean something for a process of ours alone.
    private static let processKeys = [
        "command", "environment", "log", "watchdog", "stop", "forward", "sockets", "gpu", "user", "directory", "limits",
        "oom-score-adjust", "nice",
    ]

    private static let signals = ["TERM", "INT", "QUIT", "HUP", "KILL", "USR1", "USR2"].flatMap { [$0, "SIG\($0)"] }

    /// `enabled = false` leaves a service out of the container.
    static func isEnabled(_ tables: [String: TOMLValue], _ name: String, reader: inout TableReader) -> Bool {
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
    static func ignored(_ table: inout [String: TOMLValue], isWatched: Bool) -> [String] {
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
        _ table: [String: TOMLValue], at path: String, isProfile: Bool = false,
        to definition: inout ServiceDefinition, reader: inout TableReader
    ) {
        reader.checkKeys(table, at: path, as: "service.*", except: isProfile ? ["enabled"] : [])
        if let command = reader.texts(table, "command", at: path) {
            if command.first?.isEmpty ?? true {
                reader.complain("\(path).command", "`\(path).command` names no program")
            }
            definition.command = command
        }
        if let needs = reader.texts(table, "needs", at: path) { definition.needs = needs }
        if let sockets = reader.texts(table, "sockets", at: path) {
            definition.sockets = sockets
            for (index, name) in sockets.enumerated() where name != "http" {
                reader.complain(
                    "\(path).sockets[\(index)]",
                    "`\(path).sockets`: there is no socket `\(PlainText.short(name))`; there is one, `http`")
            }
        }
        if let environment = reader.table(table, "environment", at: path) {
            apply(environment: environment, "\(path).environment", &definition, &reader)
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
                    "\(path).forward",
                    "`\(path).forward`: `\(PlainText.short(name))` cannot be forwarded; these can: \(known)")
                return nil
            }
        }
        ProcessOptionsTable.apply(table, path, to: &definition.options, reader: &reader)
    }

    private static func apply(
        environment table: [String: TOMLValue], _ path: String, _ definition: inout ServiceDefinition,
        _ reader: inout TableReader
    ) {
        for name in table.keys.sorted() {
            guard let value = reader.text(table, name, at: path) else { continue }
            definition.environment[name] = value
            if name.isEmpty || name.utf8.contains(where: { $0 == UInt8(ascii: "=") || $0 == 0 }) {
                reader.complain(
                    "\(path).\(name)", "`\(PlainText.short(name))` cannot be the name of a variable", at: .key)
            } else if !value.isEmpty, let problem = VariableCheck.problem(name, value) {
                reader.complain("\(path).\(name)", "`\(name)` \(problem)")
            } else if let near = VariableCheck.probable(name) {
                reader.complain(
                    "\(path).\(name)", "no program of ours reads `\(name)`; did you mean `\(near)`?", at: .key)
            }
        }
    }

    private static func apply(
        restart table: [String: TOMLValue], _ path: String, _ definition: inout ServiceDefinition,
        _ reader: inout TableReader
    ) {
        let path = "\(path).restart"
        reader.checkKeys(table, at: path, as: "service.*.restart")
        var restart = definition.restart
        if let texts = reader.texts(table, "backoff", at: path) {
            let waits = texts.compactMap(DurationText.parse)
            if waits.count == 3, texts.count == 3 {
                (restart.first, restart.base, restart.maximum) = (waits[0], waits[1], waits[2])
                if waits[2] < max(waits[0], waits[1]) {
                    reader.complain(
                        "\(path).backoff",
                        "`\(path).backoff`: the third, the longest wait, is shorter than one before it")
                }
            } else {
                reader.complain(
                    "\(path).backoff", "`\(path).backoff` must be three durations: first, second and longest wait")
            }
        }
        let choices = RestartPolicy.WhenSpent.allCases.map(\.rawValue)
        restart.whenSpent =
            reader.choice(table, "when-spent", at: path, of: choices).flatMap(RestartPolicy.WhenSpent.init)
            ?? restart.whenSpent
        restart.limit = reader.integer(table, "limit", at: path, atLeast: 0) ?? restart.limit
        restart.window = reader.duration(table, "window", at: path) ?? restart.window
        restart.failedStarts = reader.integer(table, "failed-starts", at: path, atLeast: 0) ?? restart.failedStarts
        restart.hopelessExits =
            reader.integers(table, "hopeless-exits", at: path, in: 1...255)?.map(Int32.init) ?? restart.hopelessExits
        restart.stableAfter = reader.duration(table, "stable-after", at: path) ?? restart.stableAfter
        definition.restart = restart
    }

    private static func apply(
        stop table: [String: TOMLValue], _ path: String, _ definition: inout ServiceDefinition,
        _ reader: inout TableReader
    ) {
        let path = "\(path).stop"
        reader.checkKeys(table, at: path, as: "service.*.stop")
        if let name = reader.text(table, "signal", at: path) {
            switch Signal.number(name) {
            case .some(18...20): reader.complain("\(path).signal", "`\(path).signal`: `\(name)` ends nobody")
            case .some(let number): definition.stop.signal = number
            case nil:
                let near =
                    NearestWord.find(name.uppercased(), among: Self.signals).map { "; did you mean `\($0)`?" } ?? ""
                reader.complain(
                    "\(path).signal", "`\(path).signal`: there is no signal `\(PlainText.short(name))`\(near)")
            }
        }
        definition.stop.grace = reader.duration(table, "grace", at: path) ?? definition.stop.grace
    }
}
