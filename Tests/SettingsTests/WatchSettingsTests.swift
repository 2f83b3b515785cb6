import Lifecycle
import Settings
import Testing

@Suite struct WatchSettingsTests {
    @Test func watchAndCanaryAreLaidOverKeyByKey() throws {
        let before = try #require(load("").service("engine").watch)
        let engine = try load(
            """
            [service.engine]
            log = "json"
            ready = { stall = "10s", within = "1m" }
            watch = { silence = "5s", canary = { after = "3s" } }
            """
        ).service("engine")
        let watch = try #require(engine.watch)
        #expect(engine.logFormat == "json" && engine.ready.stall == .seconds(10))
        #expect(watch.silence == .seconds(5) && watch.every == before.every)
        #expect(watch.canary?.after == .seconds(3) && watch.canary?.timeout == .seconds(20))
        #expect(watch.canary?.body == before.canary?.body && watch.canary?.url == before.canary?.url)
    }

    @Test func zeroSwitchesOff() throws {
        let engine = try load(
            "[service.engine]\nlog = \"plain\"\nready = { stall = \"0s\" }\nwatch = { silence = \"0s\", canary = { after = \"0s\" } }"
        ).service("engine")
        #expect(engine.logFormat == nil && engine.ready.stall == nil)
        #expect(engine.watch?.silence == nil && engine.watch?.canary == nil && engine.watch != nil)
    }

    @Test func aServiceOfOnesOwnHasACanaryToo() throws {
        let service = try #require(
            load(
                """
                [service.x]
                command = ["/bin/x"]
                watch = { http = "http://127.0.0.1:9000/a/healthz", canary = { body = "{}" } }
                """
            ).services.first { $0.name == "x" })
        #expect(
            service.watch?.canary
                == .init(
                    url: "http://127.0.0.1:9000/a/v1/chat/completions", body: "{}", after: .seconds(60),
                    timeout: .seconds(20)))
    }

    @Test(arguments: [
        (
            "watch = { http = \"https://h/health\" }",
            "`service.x.watch.http` must be an http:// URL (checks do not speak https), not \"https://h/health\""
        ),
        ("ready = { http = \"x\" }", "`service.x.ready.http` must be an http:// URL"),
        ("watch = { every = \"1s\" }", "`service.x.watch.http` is missing"),
        (
            "watch = { http = \"http://h\", canary = {} }",
            "`service.x.watch.canary.body` is missing: the JSON that is sent to http://h:80/v1/chat/completions"
        ),
        (
            "watch = { http = \"http://h\", canary = { body = \"{}\", afer = \"1s\" } }",
            "unknown key `afer` in [service.x.watch.canary]"
        ),
        ("watch = { http = \"http://h\", canary = true }", "`service.x.watch.canary` must be a table"),
        ("watch = { http = \"http://h\", every = \"0s\" }", "`service.x.watch.every` must be at least 10ms"),
        ("log = \"nginx\"", "`service.x.log` must be \"vllm\" or \"json\" or \"plain\", not \"nginx\""),
        ("proves = \"enjine\"", "service `x` proves `enjine`, which does not exist; did you mean `engine`?"),
        ("proves = \"engine\"", "service `x` proves `engine`, which only a task can: ready = { exit = true }"),
        (
            "ready = { exit = true }\nproves = \"engine\"",
            "service `x` proves `engine` and has to need it too: needs = [\"engine\"]"
        ),
    ]) func whatIsWrongIsSaid(line: String, problem: String) {
        let found = problems("[service.x]\ncommand = [\"/bin/x\"]\n\(line)\n")
        #expect(found.count == 1, "\(found)")
        let place = line.contains("\n") ? "coxswain.toml:4:" : "coxswain.toml:3:"
        #expect(found.first?.hasPrefix(place) == true && found.first?.contains(": \(problem)") == true, "\(found)")
    }

    @Test func whatProvesAServiceThatIsSwitchedOffProvesNothing() throws {
        let settings = try load("[service.engine]\nenabled = false")
        #expect(settings.services.map(\.name) == ["warmup", "api"] && settings.service("warmup").proves == nil)
    }

    @Test func twoServicesOnOnePort() {
        let ready = "ready = { http = \"http://localhost:8080/x\" }"
        #expect(
            problems("\n[service.x]\ncommand = [\"/bin/x\"]\n\(ready)") == [
                "coxswain.toml:4:18: services `engine` and `x` both use port 8080: give one of them another (VLLM_PORT is the engine's)"
            ])
        #expect(problems("[service.x]\ncommand = [\"/bin/x\"]\n\(ready)", ["VLLM_PORT": "7000"]) == [])
        #expect(
            problems(
                "[service.x]\ncommand = [\"/bin/x\", \"--port=77\"]\n[service.y]\ncommand = [\"/bin/y\", \"--port\", \"77\"]"
            ) == ["coxswain.toml:4:22: services `x` and `y` both use port 77: give one of them another"])
        // Another host's port is none of ours, and a service agrees with itself.
        #expect(
            problems("[service.x]\ncommand = [\"x\", \"--port\", \"9\"]\nready = { http = \"http://10.0.0.1:8080/\" }")
                == [])
        #expect(
            problems("[service.x]\ncommand = [\"x\", \"--port\"]\n[service.y]\ncommand = [\"y\", \"--port=\"]") == [])
    }

    @Test func thePublicPortIsTaken() {
        #expect(
            problems("[service.x]\ncommand = [\"/bin/x\", \"--port\", \"8081\"]") == [
                "coxswain.toml:2:22: service `x` uses port 8081, which is the public one: give one of them another (`listen`, PORT)"
            ])
        #expect(
            problems("[service.engine]\ncommand = [\"x\", \"--port\", \"8080\"]", ["PORT": "8080"]).first?.contains(
                "service `engine` uses port 8080, which is the public one") == true)
        // An engine elsewhere that is ourselves.
        #expect(
            problems("", ["COXSWAIN_ENGINE": "http://127.0.0.1:8081/v1"]).first?.contains("the public one") == true)
    }
}
