import Lifecycle
import Models
import Settings
import Testing

private func loaded(
    _ toml: String = "", _ environment: [String: String] = [:], profiles: [String: String] = [:],
    manifests: [ModelManifest]? = nil
) throws(SettingsError) -> Configuration {
    try Configuration.load(
        file: ("coxswain.toml", toml), engineFile: { name in profiles[name].map { ("engines/\(name).toml", $0) } },
        manifests: { name, folder throws(ManifestProblem) in
            if folder == "/wrong" { throw ManifestProblem(file: "/wrong/own.toml", line: 3, message: "unknown key") }
            return (manifests ?? ModelManifest.builtIn).first { $0.isCalled(name) }
        },
        environment: environment, programs: "/opt/coxswain", cores: 4)
}

private let offline = [
    "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
    "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1",
]

/// Who fetches the engine's weights, and what the engine is told of them.
@Suite struct PreloadSettingsTests {
    @Test(arguments: [
        ("paddlex-vllm", "", "PaddleOCR-VL-0.9B", "PaddleOCR-VL"), ("vllm", "", "PaddleOCR-VL-0.9B", "PaddleOCR-VL"),
        ("paddlex-vllm", "PaddleOCR-VL-1.5-0.9B", "PaddleOCR-VL-1.5-0.9B", "PaddleOCR-VL-1.5"),
        ("vllm", "paddlepaddle/paddleocr-vl-1.5", "PaddleOCR-VL-1.5-0.9B", "PaddleOCR-VL-1.5"),
    ]) func weightsAreFetchedBeforeTheEngineStarts(engine: String, model: String, name: String, folder: String) throws {
        let settings = try loaded(
            "", ["COXSWAIN_ENGINE": engine, "COXSWAIN_ENGINE_MODEL": model, "HOME": "/home/paddle"])
        #expect(settings.services.map(\.name) == ["preload", "engine", "warmup", "api"])
        let preload = settings.service("preload")
        #expect(preload.command == ["/opt/coxswain/coxswain-preload", "fetch"] && preload.role == .preload)
        #expect(preload.ready == Readiness(check: .exit, within: .seconds(7200), stall: .seconds(120)))
        #expect(preload.restart.hopelessExits == [64, 69, 78] && preload.needs == [])
        #expect(preload.environment["COXSWAIN_MODELS"] == name)
        let root = "/home/paddle/.paddlex/official_models"
        #expect(preload.environment["COXSWAIN_MODEL_ROOT"] == root && settings.legacy.modelsPath == root)
        let own = settings.service("engine")
        #expect(own.needs == ["preload"])
        #expect(own.environment["PADDLE_PDX_CACHE_HOME"] == "/home/paddle/.paddlex")
        for (variable, value) in offline {
            #expect(own.environment[variable] == value)
            for other in ["preload", "warmup", "api"] {
                #expect(settings.service(other).environment[variable] == nil, "\(other): \(variable)")
            }
        }
        if engine == "vllm" {
            let served = model.isEmpty ? "PaddlePaddle/PaddleOCR-VL" : model
            #expect(own.command.prefix(3) == ["vllm", "serve", "\(root)/\(folder)"])
            #expect(own.command[3...5] == ["--served-model-name", "PaddleOCR-VL-0.9B", served])
        } else {
            #expect(own.command[2] == (model.isEmpty ? name : model))
        }
        #expect(settings.notes == [])
    }

    @Test(
        arguments: [
            ("engine = \"tesseract\"", [:]), ("engine = \"http://h:9000/v1\"", [:]), ("engine = \"https://h/v1\"", [:]),
            ("", ["USE_VLM_API": "false"]), ("[service.engine]\nenabled = false", [:]),
            ("[service.preload]\nenabled = false", [:]), ("", ["COXSWAIN_ENGINE_MODEL": "/models/mine"]),
            ("", ["COXSWAIN_ENGINE_MODEL": "somebody/else"]),
            ("[service.engine]\ncommand = [\"/bin/x\", \"--model\", \"other\"]", [:]),
        ] as [(String, [String: String])]) func otherEnginesAreAsBefore(toml: String, environment: [String: String])
        throws
    {
        let settings = try loaded(toml, environment)
        #expect(!settings.services.contains { $0.name == "preload" })
        for service in settings.services {
            #expect(!service.needs.contains("preload"))
            for name in offline.keys { #expect(service.environment[name] == nil) }
        }
        let plain = try loaded(
            toml + (toml.contains("preload") ? "" : "\n[service.preload]\nenabled = false"), environment)
        #expect(plain.services == settings.services)
    }

    @Test func withoutPreloadTheEngineIsToldTheName() throws {
        for (toml, model, told) in [
            ("[service.preload]\nenabled = false", "", "PaddlePaddle/PaddleOCR-VL"),
            ("", "/models/mine", "/models/mine"),
            ("", "somebody/else", "somebody/else"),
        ] {
            let settings = try loaded(toml, ["COXSWAIN_ENGINE": "vllm", "COXSWAIN_ENGINE_MODEL": model])
            #expect(settings.service("engine").command[2] == told)
            // Only of a name somebody may have expected more.
            #expect(settings.notes.contains { $0.contains("no manifest of the model") } == (model == "somebody/else"))
        }
        let own = try loaded("[service.engine]\ncommand = [\"/bin/x\"]")
        #expect(own.notes.count == 1 && own.notes[0].contains("names neither {model} nor {weights}"), "\(own.notes)")
    }

    @Test func aCommandThatNamesTheModelHasItsWeights() throws {
        for (argument, told) in [
            ("{weights}", "/root/.paddlex/official_models/PaddleOCR-VL"),
            ("--model={model}", "--model=PaddleOCR-VL-0.9B"),
            ("PaddleOCR-VL-0.9B", "PaddleOCR-VL-0.9B"),
            ("/root/.paddlex/official_models/PaddleOCR-VL", "/root/.paddlex/official_models/PaddleOCR-VL"),
        ] {
            let settings = try loaded("[service.engine]\ncommand = [\"/bin/x\", \"\(argument)\"]")
            #expect(settings.service("engine").command == ["/bin/x", told])
            #expect(settings.services.first?.name == "preload" && settings.engineCache != nil)
        }
        #expect(try loaded("[service.engine]\ncommand = [\"/bin/x\"]").engineCache == nil)
    }

    @Test func ownSettingsAreLaidOver() throws {
        let settings = try loaded(
            #"""
            [service.preload]
            ready = { within = "5h" }
            restart = { hopeless-exits = [1, 2], limit = 9 }
            nice = 5
            [service.engine]
            environment = { HF_HUB_OFFLINE = "0" }
            """#, ["VLLM_NO_USAGE_STATS": "0", "PADDLE_PDX_CACHE_HOME": "/elsewhere"])
        let preload = settings.service("preload")
        #expect(preload.ready.within == .seconds(18_000) && preload.ready.check == .exit && preload.options.nice == 5)
        #expect(preload.restart.hopelessExits == [1, 2] && preload.restart.limit == 9)
        #expect(preload.environment["COXSWAIN_MODEL_ROOT"] == "/elsewhere/official_models")
        let engine = settings.service("engine").environment
        #expect(engine["HF_HUB_OFFLINE"] == "0" && engine["VLLM_NO_USAGE_STATS"] == "0")
        #expect(engine["PADDLE_PDX_CACHE_HOME"] == "/elsewhere" && engine["TRANSFORMERS_OFFLINE"] == "1")
        // Its time is not that of the start.
        #expect(settings.notes == [])
        let needy = try loaded("[service.x]\ncommand = [\"/x\"]\n[service.engine]\nneeds = [\"x\"]")
        #expect(needy.service("engine").needs == ["x"])
    }

    @Test func somebodysOwnPreloadDoesItInItsOwnWay() throws {
        let settings = try loaded(
            "[service.preload]\ncommand = [\"/bin/mine\"]\nready = { exit = true }\n[service.engine]\nneeds = [\"preload\"]",
            ["HF_TOKEN": "t", "COXSWAIN_ENGINE": "vllm"])
        let preload = settings.service("preload")
        #expect(preload.role == .preload && preload.command == ["/bin/mine"] && preload.restart.hopelessExits == [])
        #expect(preload.environment["HF_TOKEN"] == "t")
        #expect(settings.service("engine").command[2] == "PaddlePaddle/PaddleOCR-VL")
        #expect(settings.service("engine").environment["HF_HUB_OFFLINE"] == nil)
        #expect(settings.services.map(\.name) == ["preload", "engine", "warmup", "api"])
    }

    /// One file may serve for several engines.
    @Test func aTableOfAServiceThatIsNotThereIsPassedOver() throws {
        let settings = try loaded("engine = \"tesseract\"\n[service.preload]\nready = { within = \"1h\" }")
        #expect(settings.services.map(\.name) == ["engine", "warmup", "api"])
        #expect(settings.notes == ["nothing is fetched before the engine starts: [service.preload] is not used"])
    }

    // MARK: Environment

    @Test func keysOfHostersAreThePreloadsAlone() throws {
        let keys = [
            "HF_TOKEN": "s1", "AWS_ACCESS_KEY_ID": "s2", "AWS_SECRET_ACCESS_KEY": "s3", "AWS_SESSION_TOKEN": "s4",
        ]
        let others = [
            "AWS_REGION": "eu", "AWS_ENDPOINT_URL": "https://s3", "COXSWAIN_MODEL_SOURCES": "s3://b/p",
            "COXSWAIN_OFFLINE": "true", "COXSWAIN_MODEL_MANIFESTS": "/m", "SSL_CERT_FILE": "/c",
            "https_proxy": "http://proxy:1", "all_proxy": "http://proxy:2", "CLOUDRU_S3_SECRET_KEY": "s5",
            "CLOUDRU_S3_ACCESS_KEY": "s6", "PADDLE_PDX_MODEL_SOURCE": "bos", "HF_ENDPOINT": "https://mirror",
        ]
        let all = keys.merging(others) { $1 }
        let settings = try loaded("", all.merging(["COXSWAIN_API_KEY": "k", "OUTPUT_DIR": "/data"]) { $1 })
        let preload = settings.service("preload").environment
        for (name, value) in all { #expect(preload[name] == value, "\(name)") }
        #expect(preload["COXSWAIN_API_KEY"] == nil && preload["OUTPUT_DIR"] == nil)
        for service in settings.services where service.role != .preload {
            for name in keys.keys { #expect(service.environment[name] == nil, "\(service.name): \(name)") }
        }
        // The object store's are nobody's where no model comes from there.
        let apart = try loaded("", all.merging(["COXSWAIN_MODEL_SOURCES": "huggingface"]) { $1 }).service("preload")
        #expect(apart.environment["HF_TOKEN"] == "s1")
        #expect(!apart.environment.keys.contains { $0.hasPrefix("AWS_") || $0.hasPrefix("CLOUDRU_") })
        let shown = EffectiveSetting.listing(settings.effective)
        for secret in ["\"s1\"", "\"s2\"", "\"s3\"", "\"s4\"", "\"s5\""] { #expect(!shown.contains(secret)) }
    }

    @Test func moreModelsAreFetchedBesideTheEngines() throws {
        for (more, names) in [
            ("PP-DocLayoutV3, mine", "PaddleOCR-VL-0.9B,PP-DocLayoutV3,mine"),
            ("mine,PaddlePaddle/PaddleOCR-VL", "PaddleOCR-VL-0.9B,mine"), (" , ", "PaddleOCR-VL-0.9B"),
        ] {
            let settings = try loaded("", ["COXSWAIN_MODELS": more])
            #expect(settings.service("preload").environment["COXSWAIN_MODELS"] == names)
        }
    }

    @Test func aProfileMayNeedSeveralModels() throws {
        let manifests = [
            ModelManifest(name: "a", folder: "A"), ModelManifest(name: "b", folder: "B"),
            ModelManifest(name: "c", folder: "C"),
        ]
        func settings(_ models: String) throws -> Configuration {
            let profile =
                "model = \"b\"\nmodels = \(models)\n[service]\ncommand = [\"x\", \"{weights}\"]\n[prompts]\ndefault = \"OCR:\""
            return try loaded("engine = \"mine\"", profiles: ["mine": profile], manifests: manifests)
        }
        let both = try settings("[\"a\", \"{model}\", \"a\", \"unknown\"]")
        #expect(both.service("preload").environment["COXSWAIN_MODELS"] == "a,b")
        #expect(both.service("engine").command[1].hasSuffix("/B"))
        #expect(both.notes.count == 1)
        // Its own model is none of them: it may have to ask for that.
        let other = try settings("[\"a\"]")
        #expect(other.service("engine").command == ["x", "b"] && other.service("engine").needs == ["preload"])
        #expect(other.service("engine").environment["HF_HUB_OFFLINE"] == nil)
        #expect(try !settings("[]").services.contains { $0.name == "preload" })
    }

    @Test func theFolderOfModelsMayBeAnother() throws {
        let vllm = try loaded("", ["COXSWAIN_MODEL_ROOT": "/data//", "COXSWAIN_ENGINE": "vllm"])
        #expect(vllm.service("engine").command[2] == "/data/PaddleOCR-VL" && vllm.notes == [])
        #expect(vllm.legacy.modelsPath == "/data" && vllm.engineCache?.folder == "/data/.coxswain-cache")
        let paddle = try loaded("", ["COXSWAIN_MODEL_ROOT": "/data"])
        #expect(paddle.notes.count == 1 && paddle.notes[0].contains("official_models"), "\(paddle.notes)")
        #expect(paddle.service("engine").environment["PADDLE_PDX_CACHE_HOME"] == nil)
        let right = try loaded("", ["COXSWAIN_MODEL_ROOT": "/data/official_models/"])
        #expect(right.notes == [] && right.service("engine").environment["PADDLE_PDX_CACHE_HOME"] == "/data")
    }

    @Test(arguments: [
        ("[service.preload]\nrestart = { hopeless-exits = [0] }", "must be a list of integers from 1 to 255"),
        ("[service.preload]\nrestart = { hopeless-exits = [256] }", "must be a list of integers from 1 to 255"),
        ("[service.preload]\nrestart = { hopeless-exits = [\"69\"] }", "must be a list of integers from 1 to 255"),
        ("[service.preload]\nrestart = { hopeless-exits = 69 }", "must be a list of integers from 1 to 255, not"),
        ("[service.preload]\nrestart = { hopeless-exit = [69] }", "did you mean `hopeless-exits`?"),
        ("[service.preload]\nenabled = \"no\"", "must be true or false"),
        ("[service.preload]\nwatch = { http = \"http://127.0.0.1:1/\" }", "is a task"),
    ]) func badKeysAreRefused(toml: String, problem: String) {
        do {
            _ = try loaded(toml)
            Issue.record("\(toml) was taken")
        } catch {
            #expect(error.problems.count == 1 && "\(error)".contains(problem), "\(error)")
        }
    }

    @Test(arguments: [
        ("COXSWAIN_OFFLINE", "perhaps"), ("COXSWAIN_READAHEAD", "2"), ("HF_HUB_OFFLINE", "sometimes"),
        ("COXSWAIN_MODEL_ROOTS", "/x"), ("COXSWAIN_MODEL_MANIFESTS", "/wrong"),
    ]) func badVariablesAreRefused(name: String, value: String) {
        do {
            _ = try loaded("", [name: value])
            Issue.record("\(name)=\(value) was taken")
        } catch {
            #expect(error.problems.count == 1 && error.problems[0].file == name, "\(error)")
        }
    }

    @Test func aWrongProfileIsSaid() {
        let profile = "model = \"b\"\nmodels = \"b\"\n[service]\ncommand = [\"x\", \"{weight}\"]"
        do {
            _ = try loaded("engine = \"mine\"", profiles: ["mine": profile])
            Issue.record("it was taken")
        } catch {
            #expect("\(error)".contains("`models` must be a list of strings"))
            #expect("\(error)".contains("no placeholder `{weight}`; there are {cores}, {model}"))
        }
        do {
            _ = try loaded(
                "engine = \"mine\"", profiles: ["mine": "[service]\ncommand = [\"x\", \"{weights}\"]"])
            Issue.record("it was taken")
        } catch {
            #expect("\(error)".contains("`{weights}` is not known: set `model` in the profile"), "\(error)")
        }
    }

    // MARK: Switches

    @Test func readingAheadAndTheCacheCanBeSwitchedOff() throws {
        #expect(try loaded().readsAhead && !loaded("", ["COXSWAIN_READAHEAD": "off"]).readsAhead)
        #expect(
            try loaded().engineCache
                == EngineCache(folder: "/root/.paddlex/official_models/.coxswain-cache", model: "PaddleOCR-VL-0.9B"))
        #expect(try loaded("", ["COXSWAIN_ENGINE_CACHE": "/c"]).engineCache?.folder == "/c")
        #expect(try loaded("", ["COXSWAIN_ENGINE_CACHE": "OFF"]).engineCache == nil)
        // Also of a model that nobody has a manifest of.
        #expect(try loaded("", ["COXSWAIN_ENGINE_MODEL": "/m/x"]).engineCache?.model == "/m/x")
        #expect(try loaded("engine = \"tesseract\"").engineCache == nil)
    }
}

@Suite struct EngineCacheTests {
    private let cache = EngineCache(folder: "/m/.coxswain-cache", model: "PaddlePaddle/PaddleOCR-VL")

    @Test func eachKindHasItsOwnFolder() {
        let a100 = cache.key(gpus: ["NVIDIA A100-SXM4-80GB"], engine: "vllm-0.10.2")
        #expect(a100 == "nvidia-a100-sxm4-80gb_vllm-0.10.2_paddlepaddle-paddleocr-vl")
        // Two of a kind are one kind; the order of two kinds says nothing.
        let both = cache.key(gpus: ["b", "a", "a"], engine: "x")
        #expect(both == cache.key(gpus: ["a", "b"], engine: "x") && both.hasPrefix("a+b_"))
        #expect(cache.key(gpus: [], engine: "x").hasPrefix("cpu_x_"))
        let keys = [
            a100, both, cache.key(gpus: ["NVIDIA H100 80GB HBM3"], engine: "vllm-0.10.2"),
            cache.key(gpus: ["NVIDIA A100-SXM4-80GB"], engine: "vllm-0.11.0"),
            EngineCache(folder: "/", model: "other").key(gpus: ["NVIDIA A100-SXM4-80GB"], engine: "vllm-0.10.2"),
        ]
        #expect(Set(keys).count == keys.count)
    }

    @Test(arguments: ["", "..", "../../etc", "/", "a/b", ".hidden", "é\u{0}\n", String(repeating: "x", count: 500)])
    func anyNameIsAFileName(_ text: String) {
        let key = EngineCache(folder: "/", model: text).key(gpus: [text], engine: text)
        #expect(!key.contains("/") && !key.hasPrefix(".") && !key.contains("\0") && key.utf8.count <= 255, "\(key)")
        #expect(key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && key.split(separator: "_").count == 3, "\(key)")
    }

    @Test func whatSomebodySetIsLeftAlone() {
        let all = EngineCache.variables(in: "/c", beside: [:])
        #expect(
            all == [
                "VLLM_CACHE_ROOT": "/c/vllm", "TRITON_CACHE_DIR": "/c/triton", "TORCHINDUCTOR_CACHE_DIR": "/c/inductor",
                "FLASHINFER_WORKSPACE_BASE": "/c/flashinfer",
            ])
        for name in all.keys {
            #expect(EngineCache.variables(in: "/c", beside: [name: "/own"])[name] == nil)
            #expect(EngineCache.variables(in: "/c", beside: [name: ""]).count == 4)
        }
        let chosen = EngineCache.variables(in: "/c", beside: ["XDG_CACHE_HOME": "/x"])
        #expect(chosen["VLLM_CACHE_ROOT"] == nil && chosen.count == 3)
    }

    @Test(arguments: [
        ("_pickle.UnpicklingError: invalid load key, '\\x00'.", true), ("EOFError: Ran out of input", true),
        ("ImportError: /c/k/triton/ab/cuda_utils.so: file too short", true),
        ("RuntimeError: cannot read /c/k/vllm/torch_compile_cache/a", true),
        ("INFO Using cache directory: /c/k/vllm/torch_compile_cache/a", false),
        ("ValueError: something else", false), ("", false),
    ]) func aBrokenCacheIsTold(line: String, isBroken: Bool) {
        #expect(EngineCache.isComplaint(line, of: "/c/k") == isBroken)
    }
}
