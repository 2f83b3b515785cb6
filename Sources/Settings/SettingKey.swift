/// One key of the settings file or of an engine profile: the one table behind what is accepted, what a reload does, and what
/// the documentation says.
package struct SettingKey: Sendable, Equatable {
    /// `service.*.ready.within`: the star is a service's name.
    package var path: String
    /// In words, for the documentation.
    package var value: String
    package var reload: Reload
    package var meaning: String

    /// When a changed value takes effect, once the settings are read again.
    package enum Reload: String, Sendable, CaseIterable {
        /// At once, and nothing is started anew.
        case atOnce = "at once"
        /// The service is started anew with it, and no other one.
        case restart = "restarts the service"
        case containerStart = "at the container's next start"
    }

    init(_ path: String, _ value: String, _ reload: Reload, _ meaning: String) {
        self.path = path
        self.value = value
        self.reload = reload
        self.meaning = meaning
    }

    /// Names of the keys right below a table, given by its path with stars.
    static func names(below table: String) -> [String] { byTable[table] ?? [] }

    private static let byTable = Dictionary(grouping: settings + profile + limits, by: \.table).mapValues {
        $0.map(\.name)
    }

    private var table: String { path.lastIndex(of: ".").map { String(path[..<$0]) } ?? "" }
    package var name: String { String(path[(path.lastIndex(of: ".").map(path.index(after:)) ?? path.startIndex)...]) }
}

extension SettingKey {
    package static let settings = top + service

    private static let top = [
        SettingKey("listen", "ADDRESS:PORT", .containerStart, "the public port"),
        SettingKey("output-dir", "folder", .containerStart, "results; yours, never cleaned up"),
        SettingKey("state-dir", "folder", .containerStart, "jobs, sockets and other state of one container"),
        SettingKey("log-format", "`json` or `console`", .atOnce, "how records are written"),
        SettingKey("log-level", "`debug`, `info`, `warning` or `error`", .atOnce, "the least that the log shows"),
        SettingKey("engine", "name or URL", .restart, "who reads the pages: an engine profile, or an engine elsewhere"),
        SettingKey(
            "start-within", "duration", .containerStart,
            "longest time to the first ready, for everything together but what `preload` takes"),
        SettingKey(
            "before-ready", "`answer` or `closed`", .containerStart, "the port until the container is first ready"),
        SettingKey(
            "unready-after", "duration", .containerStart, "how long `/readyz` stays 200 while something is healed"),
        SettingKey("drain-delay", "duration", .containerStart, "time between \"not ready\" and the first stop"),
        SettingKey("shutdown-grace", "duration", .containerStart, "longest stop, whatever hangs"),
        SettingKey(
            "service", "tables", .atOnce, "a table for each service: a new one is started, one that is gone is stopped"),
    ]

    private static let service = [
        SettingKey("service.*.enabled", "true or false", .atOnce, "`false` leaves the service out"),
        SettingKey("service.*.command", "list of strings", .restart, "program and arguments"),
        SettingKey("service.*.needs", "list of services", .atOnce, "what must be ready, or done, before it starts"),
        SettingKey("service.*.environment", "table of strings", .restart, "beside what a service of its kind is given"),
        SettingKey("service.*.user", "USER or USER:GROUP", .restart, "who it runs as, by name or number"),
        SettingKey("service.*.directory", "absolute path", .restart, "working directory"),
        SettingKey(
            "service.*.limits", "table", .restart,
            "resource limits by setrlimit(2)'s names: a number, `unlimited`, or `[SOFT, HARD]`"),
        SettingKey(
            "service.*.oom-score-adjust", "-1000 to 1000", .restart, "whom the kernel kills first when memory is short"),
        SettingKey("service.*.nice", "-20 to 19", .restart, "priority"),
        SettingKey(
            "service.*.gpu", "true or false", .restart,
            "before it starts again, the GPU memory of the last one must be back"),
        SettingKey(
            "service.*.forward", "list of signals", .atOnce, "signals to coxswain that are passed on: USR2, ALRM, WINCH"
        ),
        SettingKey(
            "service.*.watchdog", "duration", .restart, "longest silence of one that sends `WATCHDOG=1`; `0s`: off"),
        SettingKey(
            "service.*.log", "`vllm`, `json` or `plain`", .restart,
            "how its log tells how far its start is; `plain`: it does not"),
        SettingKey("service.*.proves", "service", .restart, "of a task: the service that its success proves"),
        SettingKey("service.*.sockets", "list", .restart, "listening sockets that it inherits: `http`"),
        SettingKey("service.*.ready", "table", .atOnce, "when it counts as ready"),
        SettingKey("service.*.ready.http", "http URL", .restart, "when this URL answers 200"),
        SettingKey("service.*.ready.every", "duration", .restart, "time between two questions there"),
        SettingKey("service.*.ready.notify", "true", .restart, "when it sends `READY=1`"),
        SettingKey("service.*.ready.exit", "true", .restart, "when it ends with status 0: it is a task"),
        SettingKey("service.*.ready.within", "duration", .atOnce, "longest start"),
        SettingKey("service.*.ready.stall", "duration", .atOnce, "longest time in it without any progress; `0s`: off"),
        SettingKey("service.*.watch", "table", .atOnce, "how it is looked after once it is ready"),
        SettingKey("service.*.watch.http", "http URL", .atOnce, "what is asked; without an answer it hangs"),
        SettingKey("service.*.watch.every", "duration", .atOnce, "time between two questions"),
        SettingKey("service.*.watch.timeout", "duration", .atOnce, "time for an answer"),
        SettingKey(
            "service.*.watch.failures", "number, at least 1", .atOnce,
            "unanswered questions in a row after which it is replaced"),
        SettingKey(
            "service.*.watch.silence", "duration", .atOnce,
            "longest time without a token or an answer while requests are in flight; `0s`: off"),
        SettingKey("service.*.watch.canary", "table", .atOnce, "a request that is sent to an idle one"),
        SettingKey(
            "service.*.watch.canary.url", "http URL", .atOnce, "where to; by default /v1/chat/completions beside `http`"
        ),
        SettingKey("service.*.watch.canary.body", "JSON", .atOnce, "what"),
        SettingKey(
            "service.*.watch.canary.after", "duration", .atOnce,
            "time without a proof of life after which it is sent; `0s`: off"),
        SettingKey("service.*.watch.canary.timeout", "duration", .atOnce, "time for its answer"),
        SettingKey("service.*.stop", "table", .atOnce, "how it is stopped"),
        SettingKey("service.*.stop.signal", "signal", .atOnce, "how it is asked to end"),
        SettingKey("service.*.stop.grace", "duration", .atOnce, "time between that and the kill of its whole tree"),
        SettingKey("service.*.restart", "table", .atOnce, "how often and when it is started again"),
        SettingKey("service.*.restart.backoff", "three durations", .atOnce, "first, second and longest wait"),
        SettingKey(
            "service.*.restart.limit", "number", .atOnce, "crashes inside `window` after which no further try is made"),
        SettingKey("service.*.restart.window", "duration", .atOnce, "see there"),
        SettingKey(
            "service.*.restart.failed-starts", "number", .atOnce,
            "starts in a row that never became ready, after which no further try is made"),
        SettingKey("service.*.restart.stable-after", "duration", .atOnce, "ready for as long, counting begins anew"),
        SettingKey(
            "service.*.restart.hopeless-exits", "list of exit statuses", .atOnce,
            "by which it says itself that no retry can help; where there are any, its other ends are worth one"),
        SettingKey(
            "service.*.restart.when-spent", "`exit` or `hold`", .atOnce,
            "what follows: the container ends, or stays for somebody to look at it"),
    ]

    /// Of setrlimit(2). `core` is missing: core files hold documents and are always off.
    private static let limits = [
        "as", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
        "rttime",
        "sigpending", "stack",
    ].map { SettingKey("service.*.limits.\($0)", "limit", .restart, "") }

    /// What stands in an engine profile, beside `[service]`, which is like `[service.engine]` of the settings.
    package static let profile =
        [
            SettingKey("profile.model", "name or folder", .restart, "the model that is served"),
            SettingKey(
                "profile.models", "list of names", .restart,
                "models whose weights it needs; those that there are manifests of are fetched before it starts, by the service `preload`"
            ),
            SettingKey(
                "profile.service", "table", .restart,
                "as `[service.engine]`, without `enabled`. No `command`: an engine elsewhere"),
            SettingKey("profile.page", "table", .restart, "how pages are to look"),
            SettingKey("profile.page.dpi", "36 to 1200", .restart, "resolution, as far as the pixels suffice"),
            SettingKey("profile.page.pixels", "10000 to 200000000", .restart, "most pixels of a picture"),
            SettingKey("profile.page.color", "`rgb` or `grey`", .restart, ""),
            SettingKey("profile.page.regions", "`whole` or `blocks`", .restart, "whether pages are cut into blocks"),
            SettingKey("profile.prompts", "table", .restart, "it is a language model: what it is asked by, by task"),
            SettingKey("profile.prompts.default", "text", .restart, "for a page's text"),
            SettingKey("profile.warmup", "table", .restart, "what is expected of it"),
            SettingKey(
                "profile.warmup.max-error", "share, or `off`", .restart,
                "characters that may differ from the known text"),
        ]
        + ["table", "formula", "chart", "seal", "spotting"].map {
            SettingKey("profile.prompts.\($0)", "text", .restart, "for `prompt=\($0)`")
        }
}

extension SettingKey {
    /// The rows of a Markdown table, as docs/reference/settings.md shows them; a test holds it to them.
    package static func table(_ keys: [SettingKey]) -> String {
        let rows = keys.map { key in
            let path = key.path.split(separator: ".").map { $0 == "*" ? "NAME" : String($0) }
            let shown = (path.first == "profile" ? Array(path.dropFirst()) : path).joined(separator: ".")
            return "| `\(shown)` | \(key.value) | \(key.reload.rawValue) | \(key.meaning) |"
        }
        return (["| key | value | a new value takes effect | meaning |", "| --- | --- | --- | --- |"] + rows)
            .joined(separator: "\n")
    }
}
