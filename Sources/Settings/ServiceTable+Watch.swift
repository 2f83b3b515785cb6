import Lifecycle
import TOML

/// `ready` and `watch`: how a service is asked whether it is well. `"0s"` switches a limit off.
extension ServiceTable {
    /// Nobody needs to be asked more often, and a mistyped unit would keep a core busy.
    private static let shortest = Duration.milliseconds(10)

    static func apply(
        ready table: [String: TOMLValue], _ path: String, _ definition: inout ServiceDefinition,
        _ reader: inout TableReader
    ) {
        let path = "\(path).ready"
        reader.checkKeys(table, at: path, as: "service.*.ready")
        var (url, every) = ("", Duration.milliseconds(250))
        if case .http(let ownURL, let ownEvery) = definition.ready.check { (url, every) = (ownURL, ownEvery) }
        url = reader.url(table, "http", at: path) ?? url
        every = reader.duration(table, "every", at: path, atLeast: shortest) ?? every
        if !url.isEmpty { definition.ready.check = .http(url: url, every: every) }
        apply(flag: "notify", .notify, table, path, &definition, &reader)
        apply(flag: "exit", .exit, table, path, &definition, &reader)
        let said = ["http", "notify", "exit"].filter { table[$0] != nil && table[$0] != .flag(false) }
        if said.count > 1 {
            reader.complain(
                path, "`\(path)` says \(said.joined(separator: " and ")): one of them decides when it is ready",
                at: .key)
        }
        if table["every"] != nil, said.first ?? "http" != "http" || url.isEmpty {
            reader.complain(
                "\(path).every", "`\(path).every` is the time between two questions at `http`, which is missing",
                at: .key)
        }
        definition.ready.within =
            reader.duration(table, "within", at: path, atLeast: shortest) ?? definition.ready.within
        definition.ready.stall = reader.limit(table, "stall", at: path) ?? definition.ready.stall
    }

    /// `false` takes it back where it was the default.
    private static func apply(
        flag key: String, _ check: Readiness.Check, _ table: [String: TOMLValue], _ path: String,
        _ definition: inout ServiceDefinition, _ reader: inout TableReader
    ) {
        guard let flag = reader.flag(table, key, at: path) else { return }
        if flag {
            definition.ready.check = check
        } else if definition.ready.check == check {
            definition.ready.check = .spawned
        }
    }

    static func apply(
        watch table: [String: TOMLValue], _ path: String, _ definition: inout ServiceDefinition,
        _ reader: inout TableReader
    ) {
        let path = "\(path).watch"
        reader.checkKeys(table, at: path, as: "service.*.watch")
        guard let url = reader.url(table, "http", at: path) ?? definition.watch?.url else {
            // One that is there and wrong was complained of.
            if table["http"] == nil { reader.complain(path, "`\(path).http` is missing: the URL to check", at: .key) }
            return
        }
        var watch =
            definition.watch ?? Watch(url: url, every: .seconds(5), timeout: .seconds(2), failures: 3)
        watch.url = url
        watch.every = reader.duration(table, "every", at: path, atLeast: shortest) ?? watch.every
        watch.timeout = reader.duration(table, "timeout", at: path, atLeast: shortest) ?? watch.timeout
        watch.failures = reader.integer(table, "failures", at: path, atLeast: 1) ?? watch.failures
        watch.silence = reader.limit(table, "silence", at: path) ?? watch.silence
        if let canary = reader.table(table, "canary", at: path) {
            watch.canary = Self.canary(canary, "\(path).canary", watch, &reader)
        }
        definition.watch = watch
    }

    private static func canary(
        _ table: [String: TOMLValue], _ path: String, _ watch: Watch, _ reader: inout TableReader
    ) -> Watch.Canary? {
        reader.checkKeys(table, at: path, as: "service.*.watch.canary")
        let after: Duration?? = reader.limit(table, "after", at: path)
        if case .some(.none) = after { return nil }
        let url = reader.url(table, "url", at: path) ?? watch.canary?.url ?? completions(beside: watch.url)
        guard let body = reader.text(table, "body", at: path) ?? watch.canary?.body else {
            reader.complain(path, "`\(path).body` is missing: the JSON that is sent to \(url)", at: .key)
            return nil
        }
        return Watch.Canary(
            url: url, body: body, after: (after ?? nil) ?? watch.canary?.after ?? .seconds(60),
            timeout: reader.duration(table, "timeout", at: path, atLeast: shortest) ?? watch.canary?.timeout
                ?? .seconds(20))
    }

    /// OpenAI's API lies in the folder in which the health endpoint does.
    private static func completions(beside health: String) -> String {
        guard let url = HTTPURL(health) else { return health }
        let folder = url.path.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        return "\(url.scheme)://\(url.host):\(url.port)\(folder)/v1/chat/completions"
    }
}
