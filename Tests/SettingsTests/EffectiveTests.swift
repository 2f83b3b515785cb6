import Foundation
import Lifecycle
import Settings
import Testing

@Suite struct EffectiveTests {
    private func entry(_ settings: Configuration, _ key: String) -> EffectiveSetting? {
        settings.effective.first { $0.key == key }
    }

    @Test func eachSaysWhereItCameFrom() throws {
        let toml = "drain-delay = \"1s\"\nlog-level = \"debug\"\n\n[service.engine.stop]\ngrace = \"7s\"\n"
        let settings = try load(
            toml, ["COXSWAIN_DRAIN_DELAY": "2s", "COXSWAIN_MAX_JOBS": "9", "PORT": "90", "OUTPUT_DIR": "/data"])
        let expected: [(String, String, EffectiveSetting.Source)] = [
            ("listen", "\"[::]:90\"", .environment("PORT")),
            ("drain-delay", "\"2s\"", .environment("COXSWAIN_DRAIN_DELAY")),
            ("log-level", "\"debug\"", .file("coxswain.toml", line: 2)),
            ("shutdown-grace", "\"25s\"", .standard), ("unready-after", "\"0s\"", .standard),
            ("state-dir", "\"/data/.coxswain\"", .environment("OUTPUT_DIR")),
            ("service.engine.stop.grace", "\"7s\"", .file("coxswain.toml", line: 5)),
            ("service.engine.ready.stall", "\"3m\"", .profile("paddlex-vllm", line: 18)),
            ("service.engine.restart.limit", "5", .standard),
            ("service.api.environment.COXSWAIN_MAX_JOBS", "\"9\"", .environment("COXSWAIN_MAX_JOBS")),
            ("service.api.environment.COXSWAIN_MAX_PAGES", "\"2000\"", .standard),
            ("service.api.environment.COXSWAIN_PAGE_DPI", "\"144\"", .profile("paddlex-vllm", line: 35)),
            ("service.api.environment.OUTPUT_DIR", "\"/data\"", .environment("OUTPUT_DIR")),
            ("service.warmup.environment.COXSWAIN_WARMUP_DEADLINE", "\"240\"", .standard),
        ]
        for (key, value, source) in expected {
            let found = try #require(entry(settings, key), "\(key)")
            #expect(found.value == value && found.source == source, "\(found)")
        }
        #expect(entry(try load("\n\nengine = \"vllm\""), "engine")?.source == .file("coxswain.toml", line: 3))
        #expect("\(EffectiveSetting.Source.profile("/etc/x.toml", line: 3))" == "engine profile /etc/x.toml:3")
    }

    /// Put into a file, what it shows gives the same again.
    @Test(
        arguments: [
            ("", [:]), ("", ["COXSWAIN_ENGINE": "tesseract"]), ("", ["COXSWAIN_ENGINE": "http://h:9000/v1"]),
            ("", ["COXSWAIN_ENGINE": "https://h/v1"]), ("[service.warmup]\nenabled = false", [:]),
            (
                #"""
                log-format = "console"
                before-ready = "closed"
                listen = "127.0.0.1:77"
                [service."my.own"]
                command = ["/bin/sh", "-c", "echo \"a\\b\"\t'c'\nü"]
                needs = ["engine"]
                user = "a:b"
                directory = "/"
                limits = { nofile = [1, 2], memlock = "unlimited", as = 7 }
                nice = -3
                oom-score-adjust = 5
                forward = ["WINCH"]
                watchdog = "90s"
                environment = { "odd name" = "\u0001", B = "" }
                ready = { http = "http://127.0.0.1:99/x", every = "1500ms", within = "2h" }
                watch = { http = "http://127.0.0.1:99/x", failures = 9 }
                [service.engine]
                watch = { canary = { after = "0s" }, silence = "0s" }
                ready = { stall = "0s" }
                """#, [:]
            ),
        ] as [(String, [String: String])]) func itIsASettingsFile(toml: String, environment: [String: String]) throws
    {
        let settings = try load(toml, environment)
        let text = EffectiveSetting.listing(settings.effective)
        let again = try load(text)
        let both = [settings, again].map { $0.effective.map { "\($0.key) = \($0.value)" } }
        #expect(both[0] == both[1])
        #expect(settings.policy == again.policy && settings.listen == again.listen)
        for (one, other) in zip(settings.services, again.services) {
            #expect(one.command == other.command && one.options == other.options && one.watch == other.watch)
            #expect(one.ready == other.ready && one.restart == other.restart && one.stop == other.stop)
        }
    }

    @Test func noSecretIsShown() throws {
        let canary = "canary-9f3"
        let settings = try load(
            """
            [service.engine]
            command = ["vllm", "--api-key", "\(canary)", "--url=http://u:\(canary)@h/"]
            environment = { MY_TOKEN = "\(canary)", URL = "http://u:\(canary)@h/" }
            """,
            [
                "COXSWAIN_API_KEY": canary, "COXSWAIN_API_KEYS": "a:\(canary)", "CLOUDRU_S3_SECRET_KEY": canary,
                "WARMUP_TEXT": canary, "HF_TOKEN": canary, "CLOUDRU_S3_ACCESS_KEY": canary,
                "CLOUDRU_S3_BUCKET": "bucket", "COXSWAIN_WEBHOOK_SECRET": canary, "AWS_ACCESS_KEY_ID": canary,
                "AWS_SECRET_ACCESS_KEY": canary, "AWS_SESSION_TOKEN": canary,
            ])
        let shown = settings.effective
        #expect(!EffectiveSetting.listing(shown).contains(canary))
        let json = String(decoding: try JSONEncoder().encode(shown), as: UTF8.self)
        #expect(!json.contains(canary) && json.contains("\"kind\":\"environment\""))
        // Masked values must not be taken for values.
        #expect(shown.filter(\.isMasked).count >= 6)
        for line in EffectiveSetting.listing(shown).split(separator: "\n") where line.contains("***") {
            #expect(line.hasPrefix("# "), "\(line)")
        }
    }

    @Test func changedIsWhatSomebodyHasSet() throws {
        let environment = ["PATH": "/bin", "HOME": "/", "COXSWAIN_MAX_JOBS": "9"]
        let changed = try load("drain-delay = \"1s\"", environment).effective.filter(\.isChanged).map(\.key)
        #expect(
            changed == [
                "drain-delay", "service.warmup.environment.COXSWAIN_MAX_JOBS",
                "service.api.environment.COXSWAIN_MAX_JOBS",
            ])
        #expect(try load("").effective.filter(\.isChanged) == [])
        let own = try Configuration.load(
            file: nil, engineFile: { ("/etc/coxswain/engines/\($0).toml", "[service]\ncommand = [\"x\"]\n") },
            environment: ["COXSWAIN_ENGINE": "mine"], programs: "/p", cores: 1)
        #expect(own.effective.contains { $0.isChanged && $0.key == "service.engine.command" })
    }

    // MARK: What a reload does

    private func changes(_ key: SettingKey) -> (before: String, after: String) {
        let values: [String: (String, String)] = [
            "listen": ("\":1\"", "\":2\""), "output-dir": ("\"/a\"", "\"/b\""), "state-dir": ("\"/a\"", "\"/b\""),
            "log-format": ("\"json\"", "\"console\""), "log-level": ("\"info\"", "\"debug\""),
            "before-ready": ("\"answer\"", "\"closed\""), "command": ("[\"a\"]", "[\"b\"]"),
            "needs": ("[]", "[\"warmup\"]"), "user": ("\"a\"", "\"b\""), "directory": ("\"/a\"", "\"/b\""),
            "oom-score-adjust": ("1", "2"), "nice": ("1", "2"), "gpu": ("true", "false"),
            "forward": ("[]", "[\"USR2\"]"), "log": ("\"json\"", "\"vllm\""), "sockets": ("[]", "[\"http\"]"),
            "http": ("\"http://10.0.0.1/a\"", "\"http://10.0.0.1/b\""),
            "url": ("\"http://10.0.0.1/a\"", "\"http://10.0.0.1/b\""),
            "body": ("\"a\"", "\"b\""), "failures": ("1", "2"), "signal": ("\"TERM\"", "\"INT\""),
            "backoff": ("[\"0s\", \"1s\", \"2s\"]", "[\"0s\", \"1s\", \"3s\"]"), "limit": ("1", "2"),
            "failed-starts": ("1", "2"), "hopeless-exits": ("[]", "[1]"), "when-spent": ("\"exit\"", "\"hold\""),
            "environment": ("{ A = \"1\" }", "{ A = \"2\" }"),
            "limits": ("{ nofile = 1 }", "{ nofile = 2 }"), "notify": ("false", "true"), "exit": ("false", "true"),
        ]
        return values[key.name] ?? ("\"11s\"", "\"12s\"")
    }

    /// The documentation says of each key when a new value takes effect.
    @Test func whatAReloadDoesIsWhatTheTableSays() throws {
        let groups = [
            "service", "service.*.ready", "service.*.watch", "service.*.watch.canary", "service.*.stop",
            "service.*.restart",
        ]
        for key in SettingKey.settings where !groups.contains(key.path) {
            // An engine is other services, and a service that is left out is none; a task's proof has to be of something.
            if ["engine", "service.*.enabled", "service.*.proves"].contains(key.path) { continue }
            let (one, other) = changes(key)
            var base =
                "[service.x]\ncommand = [\"/bin/x\"]\nwatch.http = \"http://10.0.0.1/\"\nwatch.canary.body = \"x\"\n"
            if key.path.contains("ready.every") { base += "ready.http = \"http://10.0.0.1/\"\n" }
            func text(_ value: String) -> String {
                let line = "\(key.path.replacingOccurrences(of: "service.*.", with: "")) = \(value)\n"
                guard key.path.hasPrefix("service.") else { return line + base }
                let own = base.split(separator: "\n").filter { !$0.hasPrefix(line.prefix { $0 != "=" }) }
                var lines = own.joined(separator: "\n") + "\n" + line
                // A task is not watched.
                if key.path.hasSuffix("ready.exit") { lines = lines.replacing(/watch.*\n/, with: "") }
                return lines
            }
            let before = try load(text(one)), after = try load(text(other))
            let fixed = before.fixedDifferences(from: after)
            switch key.reload {
            case .containerStart: #expect(fixed.contains(key.path), "\(key.path)")
            case .atOnce, .restart:
                #expect(fixed.isEmpty, "\(key.path)")
                guard key.path.hasPrefix("service.") else { break }
                let services = try [before, after].map { try #require($0.services.first { $0.name == "x" }) }
                #expect(services[0] != services[1], "\(key.path) changes nothing")
                #expect(services[0].needsNewInstance(for: services[1]) == (key.reload == .restart), "\(key.path)")
            }
            // And what a running container takes of it.
            let running = try Configuration.load(
                file: ("coxswain.toml", text(other)), environment: [:], programs: "/opt/coxswain", cores: 4,
                running: before)
            #expect(running.waitingForStart == fixed, "\(key.path)")
            #expect(before.fixedDifferences(from: running).isEmpty, "\(key.path)")
        }
    }

    @Test func whatWaitsForTheNextStartChangesNoService() throws {
        let before = try load("")
        let running = try Configuration.load(
            file: (
                "c", "output-dir = \"/other\"\nlisten = \":8080\"\nbefore-ready = \"closed\"\nlog-level = \"error\""
            ),
            environment: [:], programs: "/opt/coxswain", cores: 4, running: before)
        #expect(running.waitingForStart == ["listen", "output-dir", "state-dir", "before-ready"])
        #expect(running.services == before.services && running.listen == before.listen)
        #expect(running.logLevel == "error" && before.logLevel == "info")
        let listed = try #require(running.effective.first { $0.key == "output-dir" })
        #expect(listed.value == "\"/workspace/output\"" && listed.source == .standard)
    }
}
