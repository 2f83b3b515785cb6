import Foundation
import Lifecycle
import Settings
import Testing

private func load(
    _ toml: String = "", _ environment: [String: String] = [:], profiles: [String: String] = [:]
) throws(SettingsError) -> Configuration {
    try Configuration.load(
        file: ("coxswain.toml", toml), engineFile: { name in profiles[name].map { ("engines/\(name).toml", $0) } },
        environment: environment, programs: "/opt/coxswain", cores: 4)
}

private func problems(
    _ toml: String = "", _ environment: [String: String] = [:], profiles: [String: String] = [:]
) -> [String] {
    do {
        _ = try load(toml, environment, profiles: profiles)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

private func engineService(_ settings: Configuration) throws -> ServiceDefinition {
    try #require(settings.services.first { $0.role == .engine })
}

/// The JSON of a canary, read back.
private func canary(_ service: ServiceDefinition) throws -> [String: Any] {
    let body = try #require(service.watch?.canary?.body)
    return try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
}

@Suite struct EngineTests {
    @Test func everyProfileOfTheFolderIsBuiltIn() throws {
        let folder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/etc/engines"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".toml") }
        #expect(names.count == 4)
        for name in names {
            let profile = String(name.dropLast(5))
            let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            let environment = ["COXSWAIN_ENGINE": profile, "VLLM_URL": "http://127.0.0.1:9000/v1"]
            let builtIn = try load("", environment)
            var own = try load("", environment, profiles: [profile: text])
            #expect(own.engine.file == "engines/\(name)" && builtIn.engine.file == nil)
            own.engine.file = nil
            #expect(own == builtIn)
        }
    }

    @Test func plainVLLM() throws {
        let settings = try load("engine = \"vllm\"")
        let engine = try engineService(settings)
        #expect(
            engine.command.prefix(6) == [
                "vllm", "serve", "/root/.paddlex/official_models/PaddleOCR-VL", "--served-model-name",
                "PaddleOCR-VL-0.9B",
                "PaddlePaddle/PaddleOCR-VL",
            ])
        #expect(engine.usesGPU && engine.logFormat == "vllm" && settings.engine.usesVLM)
        #expect(
            engine.ready
                == Readiness(
                    check: .http(url: "http://127.0.0.1:8080/health", every: .milliseconds(100)),
                    within: .seconds(540), stall: .seconds(180)))
        let watch = try #require(engine.watch)
        #expect(watch.silence == .seconds(25) && watch.every == .seconds(5) && watch.timeout == .seconds(2))
        #expect(watch.canary?.url == "http://127.0.0.1:8080/v1/chat/completions")
        #expect(watch.canary?.after == .seconds(60) && watch.canary?.timeout == .seconds(20))
        let body = try canary(engine)
        #expect(body["model"] as? String == "PaddlePaddle/PaddleOCR-VL")
        #expect(body["max_completion_tokens"] as? Int == 1)
        for service in settings.services where [.api, .warmup].contains(service.role) {
            #expect(service.environment["COXSWAIN_PAGE_DPI"] == "144")
            #expect(service.environment["COXSWAIN_PAGE_PIXELS"] == "1003520")
            #expect(service.environment["COXSWAIN_ENGINE_PROMPT"] == "OCR:")
            #expect(service.environment["COXSWAIN_WARMUP_MAX_ERROR"] == "0.1")
        }
    }

    @Test func theModelIsTheUsersChoice() throws {
        let settings = try load("", ["COXSWAIN_ENGINE": "vllm", "COXSWAIN_ENGINE_MODEL": #"/models/my "tiny" \one"#])
        #expect(try engineService(settings).command[2] == #"/models/my "tiny" \one"#)
        #expect(try canary(engineService(settings))["model"] as? String == #"/models/my "tiny" \one"#)
        #expect(settings.service("api").environment["COXSWAIN_ENGINE_MODEL"] == #"/models/my "tiny" \one"#)
        let paddle = try load("", ["COXSWAIN_ENGINE_MODEL": "PaddleOCR-VL-1.5-0.9B"])
        #expect(try engineService(paddle).command[2] == "PaddleOCR-VL-1.5-0.9B")
    }

    @Test func theCPUEngineRunsOnlyWhereItIsAskedFor() throws {
        #expect(try load("", ["USE_VLM_API": "false"]).engine.profile == "tesseract")
        #expect(try load("", ["COXSWAIN_ENGINE": "tesseract"]).engine.profile == "tesseract")
        // The environment wins, and COXSWAIN_ENGINE over everything.
        let remote = ["VLLM_URL": "http://10.0.0.5:9000/v1", "USE_VLM_API": "false"]
        #expect(try load("engine = \"vllm\"", remote).engine.profile == "tesseract")
        #expect(try load("", remote.merging(["COXSWAIN_ENGINE": "vllm"]) { $1 }).engine.profile == "vllm")
        let unused = try load("", ["COXSWAIN_ENGINE": "tesseract", "VLLM_URL": "http://10.0.0.5:9000/v1"])
        #expect(unused.notes.contains { $0.hasPrefix("VLLM_URL names another host and counts for nothing") })

        let settings = try load("engine = \"tesseract\"", ["OCR_WORKERS": "2", "COXSWAIN_PAGE_DPI": "200"])
        let engine = try engineService(settings)
        #expect(engine.command.first == "/opt/coxswain/coxswain-tesseract")
        #expect(engine.environment["OMP_THREAD_LIMIT"] == "1" && engine.environment["OMP_NUM_THREADS"] == "4")
        // What the user set beats the profile.
        #expect(engine.environment["OCR_WORKERS"] == "2")
        #expect(settings.service("api").environment["COXSWAIN_PAGE_DPI"] == "200")
        #expect(settings.service("api").environment["COXSWAIN_PAGE_COLOR"] == "grey")
        #expect(settings.service("api").environment["USE_VLM_API"] == "false" && !settings.engine.usesVLM)
        #expect(settings.service("api").environment["COXSWAIN_ENGINE_PROMPT"] == nil)
        #expect(!engine.usesGPU && engine.logFormat == "json" && engine.watch?.silence == .seconds(60))
        #expect(engine.stop.grace == .seconds(3) && engine.ready.within == .seconds(60))
        #expect(try engineService(load("engine = \"tesseract\"")).environment["OCR_WORKERS"] == "4")
    }

    @Test func theCanaryOfTheCPUEngineIsAPicture() throws {
        let messages = try #require(
            canary(engineService(load("engine = \"tesseract\"")))["messages"] as? [[String: Any]])
        let part = try #require((messages.first?["content"] as? [[String: Any]])?.first)
        let url = try #require((part["image_url"] as? [String: String])?["url"])
        #expect(url.hasPrefix("data:image/png;base64,"))
        let picture = try #require(Data(base64Encoded: String(url.dropFirst(22))))
        #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]) && picture.suffix(8).starts(with: Data("IEND".utf8)))
        #expect(Array(picture[16..<24]) == [0, 0, 0, 32, 0, 0, 0, 32])
    }

    @Test(arguments: [
        ("http://10.0.0.5:9000/v1/markdown", "http://10.0.0.5:9000/v1", "http://10.0.0.5:9000/health"),
        ("http://ocr.example", "http://ocr.example:80/v1", "http://ocr.example:80/health"),
        ("http://h:1/vllm/v1/chat/completions", "http://h:1/vllm/v1", "http://h:1/vllm/health"),
        ("http://h:1/vllm/", "http://h:1/vllm/v1", "http://h:1/vllm/health"),
    ]) func anEngineElsewhereIsOnlyWatched(url: String, base: String, health: String) throws {
        let settings = try load("", ["VLLM_URL": url])
        #expect(settings.engine.profile == "external" && settings.engine.url == base)
        #expect(settings.services.map(\.name) == ["engine", "warmup", "api"])
        let engine = try engineService(settings)
        #expect(engine.isElsewhere && !engine.usesGPU)
        #expect(engine.ready.check == .http(url: health, every: .seconds(1)))
        #expect(engine.watch?.url == health && engine.watch?.canary == nil)
        #expect(engine.restart.limit > 1_000_000 && engine.restart.failedStarts > 1_000_000)
        #expect(settings.service("api").environment["COXSWAIN_ENGINE_URL"] == base)
        #expect(settings.service("api").environment["USE_VLM_API"] == "true")
        #expect(settings.notes == ["VLLM_URL names another host: no engine is started here, pages are sent to \(base)"])
    }

    @Test func aURLIsAnEngineToo() throws {
        // A path of another kind of API is taken as it is written.
        let settings = try load("engine = \"http://127.0.0.1:9000/api/v4\"")
        #expect(settings.engine.profile == "external" && settings.engine.url == "http://127.0.0.1:9000/api/v4")
        #expect(try load("", ["COXSWAIN_ENGINE": "http://h:9000/"]).engine.url == "http://h:9000/v1")
        // A sidecar: the same container's loopback.
        let sidecar = try load("", ["COXSWAIN_ENGINE": "external", "VLLM_URL": "http://127.0.0.1:9000/v1/markdown"])
        #expect(sidecar.engine.url == "http://127.0.0.1:9000/v1" && sidecar.service("engine").isElsewhere)
        #expect(problems("\nengine = \"external\"").first?.hasPrefix("coxswain.toml:2:10: ") == true)
        #expect(problems("", ["COXSWAIN_ENGINE": "external"]).first?.contains("set VLLM_URL") == true)
        #expect(
            problems("", ["COXSWAIN_ENGINE": "http://user:secret@h/"]) == [
                "COXSWAIN_ENGINE: must be a URL without a user and a password"
            ])
        #expect(problems("", ["VLLM_URL": "ftp://x"]) == ["VLLM_URL: must be an http URL, not \"ftp://x\""])
    }

    @Test func anEngineBehindHTTPSIsUsedAndNotWatched() throws {
        let settings = try load(
            "[service.engine]\nwatch = { every = \"1s\" }", ["COXSWAIN_ENGINE": "https://ocr.example/v1"])
        #expect(settings.services.map(\.name) == ["warmup", "api"])
        #expect(settings.service("warmup").needs == [] && settings.service("warmup").proves == nil)
        #expect(settings.service("api").environment["COXSWAIN_ENGINE_URL"] == "https://ocr.example:443/v1")
        #expect(settings.notes.contains { $0.contains("not watched: checks speak plain http") })
        #expect(settings.notes.contains { $0.hasSuffix("not used of [service.engine]: watch") })
    }

    @Test func whatAProcessIsGivenMeansNothingElsewhere() throws {
        let settings = try load(
            "[service.engine]\ncommand = [\"x\"]\ngpu = true\nwatch = { every = \"1s\" }",
            ["COXSWAIN_ENGINE": "http://h:9000/v1"])
        let engine = try engineService(settings)
        #expect(engine.isElsewhere && !engine.usesGPU && engine.watch?.every == .seconds(1))
        #expect(settings.notes == ["the engine runs elsewhere: not used of [service.engine]: command, gpu"])
        #expect(
            problems("[service.engine]\nwach = {}", ["COXSWAIN_ENGINE": "http://h:9000/v1"]) == [
                "coxswain.toml:2:1: unknown key `wach` in [service.engine]; did you mean `watch`?"
            ])
    }

    @Test func usersBringProfilesOfTheirOwn() throws {
        let profile = """
            [service]
            command = ["/opt/engine", "--listen={port}", "$HOME/{cores}", '{"a": 1}']
            environment = { MINE = "{programs}", OCR_X = "profile", OCR_Y = "profile" }
            [prompts]
            default = "Read."
            """
        let settings = try load(
            "engine = \"mine\"\n[service.engine]\nstop = { grace = \"1s\" }\nenvironment = { OCR_Y = \"file\" }",
            ["VLLM_PORT": "7000", "OCR_X": "user"], profiles: ["mine": profile])
        let engine = try engineService(settings)
        #expect(engine.command == ["/opt/engine", "--listen=7000", "$HOME/4", #"{"a": 1}"#])
        #expect(engine.environment["MINE"] == "/opt/coxswain")
        #expect(engine.environment["OCR_X"] == "user" && engine.environment["OCR_Y"] == "file")
        // What a profile does not say is as for everybody.
        #expect(engine.watch?.url == "http://127.0.0.1:7000/health" && engine.stop.grace == .seconds(1))
        #expect(settings.engine.description == "engine profile mine (engines/mine.toml)")
        #expect(settings.service("api").environment["COXSWAIN_ENGINE_PROMPT"] == "Read.")
        #expect(settings.service("api").environment["COXSWAIN_ENGINE_URL"] == "http://127.0.0.1:7000/v1")
    }

    @Test func placeholdersHoldInTheSettingsFileToo() throws {
        let settings = try load(
            #"""
            [service.engine]
            command = ["vllm", "serve", "x", "--port", "{port}", "--a", "awk {print}"]
            [service.other]
            command = ["{port}"]
            """#, ["VLLM_PORT": "7000"])
        #expect(try engineService(settings).command.suffix(3) == ["7000", "--a", "awk {print}"])
        #expect(settings.services.first { $0.name == "other" }?.command == ["{port}"])
    }

    @Test(arguments: [
        ("[service]\ncommand = [\"{prot}\"]", "mine.toml:2:11: `service.command`: there is no placeholder `{prot}`"),
        (
            "[service]\n\ncommand = [\"{model}\"]",
            "mine.toml:3:11: `service.command`: `{model}` is not known: set `model`"
        ),
        ("[servic]", "mine.toml:1:2: unknown key `servic`; did you mean `service`?"),
        ("[service]\nenabled = true", "mine.toml:2:1: unknown key `enabled` in [service]"),
        ("[service]\ncomand = []", "mine.toml:2:1: unknown key `comand` in [service]; did you mean `command`?"),
        ("[page]\ndpi = 5", "mine.toml:2:7: `page.dpi` must be an integer from 36 to 1200"),
        ("[page]\n\ncolor = \"red\"", "mine.toml:3:9: `page.color` must be \"rgb\" or \"grey\", not \"red\""),
        ("[prompts]\ntables = \"T:\"", "mine.toml:2:1: unknown key `tables` in [prompts]; did you mean `table`?"),
        (
            "[page]\nregions = \"columns\"",
            "mine.toml:2:11: `page.regions` must be \"whole\" or \"blocks\", not \"columns\""
        ),
        ("[warmup]\nmax-error = -1", "mine.toml:2:13: `warmup.max-error` must be a share"),
        ("x = [", "mine.toml:1:5: this list has no end"),
    ]) func whatIsWrongWithAProfileIsSaidWithItsLine(text: String, problem: String) {
        let found = problems("engine = \"mine\"", ["VLLM_URL": "http://h/"], profiles: ["mine": text])
        // VLLM_URL on another host chooses `external`, unless somebody chooses more loudly.
        #expect(found == [])
        let chosen = problems("", ["COXSWAIN_ENGINE": "mine", "VLLM_URL": "http://h/"], profiles: ["mine": text])
        #expect(chosen.count == 1 && chosen[0].hasPrefix("engines/" + problem), "\(chosen)")
    }

    @Test(arguments: [
        ("vlm", "there is no engine profile `vlm`; did you mean `vllm`?"),
        ("nothing-like-it", "there is no engine profile `nothing-like-it`; built in are external, paddlex-vllm"),
        ("../../etc/passwd", "there is no engine profile `../../etc/passwd`; built in are"),
        (".hidden", "there is no engine profile"),
    ]) func profilesThatAreNotThere(name: String, problem: String) {
        let found = problems("\nengine = \"\(name)\"")
        #expect(found.count == 1 && found[0].hasPrefix("coxswain.toml:2:10: \(problem)"), "\(found)")
        let byEnvironment = problems("", ["COXSWAIN_ENGINE": name])
        #expect(byEnvironment.count == 1 && byEnvironment[0].hasPrefix("COXSWAIN_ENGINE: \(problem)"))
    }

    @Test func aProfileThatCannotBeReadIsNotReplacedByTheBuiltInOne() {
        #expect(throws: SettingsError.self) {
            try Configuration.load(
                file: nil,
                engineFile: { (name) throws(SettingsProblem) in
                    throw SettingsProblem(file: name, line: nil, message: "Permission denied")
                }, environment: [:], programs: "/opt/coxswain", cores: 4)
        }
    }

    @Test func pagesGoWhereTheEngineIs() throws {
        let settings = try load(
            "", ["COXSWAIN_ENGINE_URL": "http://elsewhere/v1", "VLLM_URL": "http://localhost:7001/"])
        #expect(settings.service("api").environment["COXSWAIN_ENGINE_URL"] == "http://127.0.0.1:7001/v1")
        #expect(
            try engineService(settings).ready.check
                == .http(url: "http://127.0.0.1:7001/health", every: .milliseconds(100)))
        // The engine moves first, and then the note says where pages go.
        let moved = try load("", ["PORT": "8080", "VLLM_URL": "http://127.0.0.1:8080/v1/markdown"])
        #expect(moved.notes.contains { $0.hasSuffix("pages are sent to http://127.0.0.1:8082/v1/chat/completions") })
    }
}

@Suite struct CommandTextTests {
    @Test func commandsAreShownWithoutSecrets() {
        #expect(
            CommandText.readable(["vllm", "serve", "my model", "--a", "it's", "", "--max-num-batched-tokens", "16384"])
                == #"vllm serve 'my model' --a 'it'\''s' '' --max-num-batched-tokens 16384"#)
        #expect(
            CommandText.readable(["x", "--api-key", "k1", "k2", "--hf_token=abc", "--HF-TOKEN", "t", "--port", "1"])
                == "x --api-key *** *** --hf_token=*** --HF-TOKEN *** --port 1")
        #expect(CommandText.readable(["x", "--token", "abc"]) == "x --token ***")
    }
}
