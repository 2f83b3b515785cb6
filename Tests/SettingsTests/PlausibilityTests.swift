import Foundation
import Settings
import Testing

@Suite struct PlausibilityTests {
    @Test(arguments: [
        ("drain-delay = \"30s\"", "coxswain.toml:1:15: `drain-delay` (30s) is not below `shutdown-grace` (25s)"),
        ("shutdown-grace = \"2s\"", "coxswain.toml:1:18: `drain-delay` (3s) is not below `shutdown-grace` (2s)"),
        (
            "output-dir = \"/a\"\nstate-dir = \"/a\"",
            "coxswain.toml:2:13: `state-dir` is the same folder as `output-dir`"
        ),
        ("start-within = \"0s\"", "coxswain.toml:1:16: `start-within` must be at least 1s, not 0s"),
        ("output-dir = \"\"", "coxswain.toml:1:14: `output-dir` is empty"),
        ("[service.warmup]\nwatch.http = \"http://h/\"", "coxswain.toml:2:1: service `warmup` is a task"),
        ("[service.warmup]\nwatchdog = \"9s\"", "coxswain.toml:2:12: service `warmup` is a task"),
        ("[service.warmup]\nsockets = [\"http\"]", "coxswain.toml:2:11: service `warmup` is a task"),
        (
            "[service.api]\nsockets = [\"https\"]",
            "coxswain.toml:2:12: `service.api.sockets`: there is no socket `https`"
        ),
        (
            "[service.warmup]\nready = { notify = true, exit = true }",
            "coxswain.toml:2:1: `service.warmup.ready` says notify and exit"
        ),
        ("[service.api]\nready.every = \"1s\"", "coxswain.toml:2:1: `service.api.ready.every` is the time between"),
        (
            "[service.api]\nready.within = \"0s\"",
            "coxswain.toml:2:16: `service.api.ready.within` must be at least 10ms, not 0s"
        ),
        (
            "[service.api]\nrestart.backoff = [\"0s\", \"5s\", \"1s\"]",
            "coxswain.toml:2:19: `service.api.restart.backoff`: the third, the longest wait, is shorter"
        ),
        (
            "[service.api]\nlimits.nofile = [2, 1]",
            "coxswain.toml:2:17: `service.api.limits.nofile`: the soft limit is above"
        ),
        ("[service.api]\nstop.signal = \"STOP\"", "coxswain.toml:2:15: `service.api.stop.signal`: `STOP` ends nobody"),
        (
            "[service.api]\nstop.signal = \"TREM\"",
            "coxswain.toml:2:15: `service.api.stop.signal`: there is no signal `TREM`; did you mean `TERM`?"
        ),
        ("[service.api]\ncommand = [\"\"]", "coxswain.toml:2:11: `service.api.command` names no program"),
        (
            "[service.api]\ncommand = [\"a\", 1]",
            "coxswain.toml:2:17: `service.api.command` must be a list of strings, and here is an integer"
        ),
        ("[service.api]\nneeds = [\"api\"]", "coxswain.toml:2:10: service `api` needs itself"),
        ("[service.apo]\nnice = 1", "coxswain.toml:1:2: service `apo` has no command; did you mean `service.api`?"),
        ("[service.coxswain]\ncommand = [\"x\"]", "coxswain.toml:1:2: `coxswain` is what coxswain itself is called"),
        ("[service.\"a/b\"]\ncommand = [\"x\"]", "coxswain.toml:1:2: `a/b` cannot be a service's name"),
        (
            "[service.api]\nlisten = \":1\"",
            "coxswain.toml:2:1: unknown key `listen` in [service.api]; it belongs to no table"
        ),
        ("gpu = true", "coxswain.toml:1:1: unknown key `gpu`; it belongs into a [service.NAME]"),
        (
            "[service.engine]\nenabled = false\n[service.x]\ncommand = [\"x\"]\nneeds = [\"engine\"]",
            "coxswain.toml:5:10: service `x` needs `engine`, which is switched off"
        ),
        (
            "[service.a]\ncommand = [\"x\"]\nneeds = [\"b\"]\n[service.b]\ncommand = [\"x\"]\nneeds = [\"c\"]\n[service.c]\ncommand = [\"x\"]\nneeds = [\"b\"]",
            "coxswain.toml:6:10: these services need each other in a circle: b → c → b"
        ),
    ]) func whatCannotBeRightIsRefused(toml: String, problem: String) {
        let found = problems(toml)
        #expect(found.count == 1 && found[0].hasPrefix(problem), "\(found)")
    }

    @Test func whoSaidItIsTold() {
        #expect(
            problems("", ["COXSWAIN_SHUTDOWN_GRACE": "2s"]).map { $0.prefix(50) } == [
                "COXSWAIN_SHUTDOWN_GRACE: `drain-delay` (3s) is not"
            ])
        #expect(problems("drain-delay = \"0s\"", ["COXSWAIN_SHUTDOWN_GRACE": "0s"]) == [])
        #expect(problems("", ["OUTPUT_DIR": "/a", "STATE_DIR": "/a"]).first?.hasPrefix("STATE_DIR: ") == true)
    }

    @Test(arguments: [
        (
            "[service.engine]\nstop.grace = \"20s\"",
            "a stop may need 31s (drain-delay 3s, then api's stop.grace 8s, then engine's stop.grace 20s), and shutdown-grace is 25s: what is not done 2s before its end is killed"
        ),
        (
            "start-within = \"4m\"\n[service.engine]\nready.within = \"5m\"",
            "service.engine.ready.within = 5m holds for later starts alone: the first one ends with start-within = 4m"
        ),
        (
            "[service.engine]\nready = { within = \"2m\", stall = \"2m\" }",
            "service.engine.ready.stall = 2m has no effect: the start ends before, with within = 2m"
        ),
        (
            "[service.engine]\nlog = \"plain\"\nready.stall = \"1m\"",
            "service.engine.ready.stall has no effect: without `log` nobody knows what progress is in engine's log"
        ),
        (
            "[service.warmup.environment]\nCOXSWAIN_WARMUP_DEADLINE = \"300\"",
            "COXSWAIN_WARMUP_DEADLINE (5m) is not below service.warmup.ready.within (5m): a warm-up without an answer is killed before it can say so"
        ),
        (
            "[service.api.environment]\nCOXSWAIN_STOP_GRACE = \"9\"",
            "COXSWAIN_STOP_GRACE (9s) is not below service.api.stop.grace (8s): requests in flight are cut off before"
        ),
    ]) func whatHasNoEffectIsNoted(toml: String, note: String) throws {
        #expect(try load(toml).notes == [note])
        // Somebody else's default is nobody's mistake.
        #expect(try load("start-within = \"4m\"").notes == [])
    }
}

@Suite struct SettingsFileTests {
    private func problem(_ make: (String) throws -> Void) throws -> String? {
        let folder = NSTemporaryDirectory() + "settings-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/x.toml"
        try make(path)
        do {
            return try SettingsFile.read(path)
        } catch {
            return error.description.replacingOccurrences(of: folder + "/", with: "")
        }
    }

    @Test func whatIsNoFileIsRefusedAndHoldsNobodyUp() throws {
        #expect(try problem { _ in } == nil)
        #expect(try problem { try "a = 1".write(toFile: $0, atomically: false, encoding: .utf8) } == "a = 1")
        #expect(
            try problem { mkfifo($0, 0o600) == 0 ? () : try #require(nil) }?.hasPrefix("x.toml: this is a pipe") == true
        )
        #expect(
            try problem { mkdir($0, 0o700) == 0 ? () : try #require(nil) }?.hasPrefix("x.toml: this is a folder")
                == true)
        #expect(
            try problem { symlink("x.toml", $0) == 0 ? () : try #require(nil) }
                == "x.toml: the symbolic link leads in a circle")
        #expect(try SettingsFile.read("/dev/null") == "")
        #expect(throws: SettingsProblem.self) { try SettingsFile.read("/dev/zero") }
        #expect(try SettingsFile.read("/etc/passwd/x") == nil)
        let large = try problem { try Data(count: 10 << 20).write(to: URL(fileURLWithPath: $0)) }
        #expect(large == "x.toml: the file has 10485760 bytes: settings have at most 1048576")
    }

    @Test func whatIsNoUTF8IsSaidWithItsPlace() throws {
        let latin = try problem {
            try Data("a = 1\nb = \"gr\u{FC}n\"".unicodeScalars.map { UInt8($0.value) }).write(
                to: URL(fileURLWithPath: $0))
        }
        #expect(latin == "x.toml:2:8: the byte 0xfc is no UTF-8, in which settings are written")
        let wide = try problem { try "a = 1".data(using: .utf16)?.write(to: URL(fileURLWithPath: $0)) }
        #expect(wide == "x.toml:1:1: the file is UTF-16: settings are written in UTF-8")
    }

    @Test func mistakesAreShownAsCompilersShowThem() {
        func shown(_ toml: String) -> String {
            do {
                _ = try load(toml)
                return ""
            } catch {
                return error.illustrated
            }
        }
        #expect(
            shown("\n\tlisen = \"x\"") == """
                coxswain.toml:2:2: unknown key `lisen`; did you mean `listen`?
                  2 |  lisen = "x"
                    |  ^^^^^
                """)
        // The line may hold a secret, and is not shown.
        #expect(!shown("[service.engine]\nenvironment = { A_KEY = \"canary\", B = 1 }").contains("canary"))
        #expect(!shown("[service.engine]\ncommand = [\"x\", \"--api-key\", \"canary\", 1]").contains("canary"))
        #expect(!shown("listen = \"http://u:canary@h\" 1").contains("u:canary"))
        // A long line is shown around what is meant.
        let long = shown("[service.engine]\ncommand = [\(String(repeating: "\"abcdefgh\", ", count: 100))1]")
        #expect(long.split(separator: "\n").allSatisfy { $0.count < 130 } && long.contains("1]"), "\(long)")
        #expect(long.split(separator: "\n").count == 3)
    }
}
