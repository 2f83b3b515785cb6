import Lifecycle
import Settings
import Testing
import VariableCatalog

@Suite struct SettingsTests {
    @Test func defaultsNeedNoFile() throws {
        let settings = try load()
        #expect(settings.listen.description == "[::]:8081")
        #expect(settings.engine.description == "engine profile paddlex-vllm (built in)" && settings.engine.usesVLM)
        #expect(settings.stateDirectory == "/workspace/output/.coxswain")
        #expect(settings.services.map(\.name) == ["preload", "engine", "warmup", "api"])
        #expect(
            settings.service("engine").command == [
                "paddlex_genai_server", "--model_name", "PaddleOCR-VL-0.9B", "--host", "127.0.0.1", "--port", "8080",
                "--backend", "vllm",
            ])
    }

    @Test func theEnvironmentOfTheReplacedContainerKeepsWorking() throws {
        let settings = try load(
            nil,
            [
                "PADDLEX_HOME": "/home/paddleocr/.paddlex", "OUTPUT_DIR": "/data", "VLLM_PORT": "8080",
                "VLLM_URL": "http://127.0.0.1:8080/v1/markdown", "USE_VLM_API": "true",
                "CLOUDRU_S3_ENDPOINT": "https://s3", "CLOUDRU_S3_BUCKET": "bucket", "CLOUDRU_S3_ACCESS_KEY": "a",
                "CLOUDRU_S3_SECRET_KEY": "k", "HF_TOKEN": "t",
            ])
        #expect(settings.engine.profile == "paddlex-vllm" && settings.engine.usesVLM)
        #expect(settings.outputDirectory == "/data")
        #expect(settings.legacy.objectStoreConfigured)
        #expect(settings.legacy.modelsPath == "/home/paddleocr/.paddlex/official_models")
        #expect(settings.notes.count == 2)
        let engine = settings.service("engine").environment
        #expect(engine["PADDLE_PDX_CACHE_HOME"] == "/home/paddleocr/.paddlex")
        #expect(engine["CLOUDRU_S3_SECRET_KEY"] == nil)
        #expect(engine["HF_TOKEN"] == nil)
        let api = settings.service("api").environment
        #expect(api["COXSWAIN_ENGINE_URL"] == "http://127.0.0.1:8080/v1")
        #expect(api["CLOUDRU_S3_SECRET_KEY"] == "k")
    }

    @Test func portsDoNotCollide() throws {
        let settings = try load(nil, ["PORT": "8080"])
        #expect(settings.listen.port == 8080)
        #expect(settings.service("engine").command.contains("8082"))
        #expect(settings.service("api").environment["COXSWAIN_ENGINE_URL"] == "http://127.0.0.1:8082/v1")
    }

    @Test func aServiceOfAFileIsLaidOverItsDefault() throws {
        let settings = try load(
            """
            drain-delay = "0s"

            [service.engine]
            command = ["vllm", "serve", "model"]
            restart = { backoff = ["0s", "1s", "30s"], limit = 2, window = "5m" }
            stop = { signal = "INT", grace = "20s" }

            [service.exporter]
            command = ["/bin/exporter"]
            needs = ["engine"]
            """)
        #expect(settings.policy.drainDelay == .zero)
        let engine = try #require(settings.services.first { $0.name == "engine" })
        #expect(engine.command == ["vllm", "serve", "model"])
        #expect(engine.restart.limit == 2)
        #expect(engine.stop == StopPolicy(signal: 2, grace: .seconds(20)))
        #expect(engine.watch != nil)
        #expect(
            settings.services.map(\.name) == ["engine", "exporter", "warmup", "api"] || settings.services.count == 4)
    }

    @Test func everythingThatIsWrongIsSaidAtOnceWithItsLine() {
        let found = problems(
            """
            lisen = "0.0.0.0:80"
            drain-delay = 3

            [service.engine]
            comand = ["x"]
            needs = ["enjine"]

            [service.engine.stop]
            signal = "SIGWHAT"
            """)
        #expect(
            found.sorted() == [
                "coxswain.toml:1:1: unknown key `lisen`; did you mean `listen`?",
                "coxswain.toml:2:15: `drain-delay` must be a duration such as \"250ms\", \"5s\" or \"15m\", not an integer",
                "coxswain.toml:5:1: unknown key `comand` in [service.engine]; did you mean `command`?",
                "coxswain.toml:6:10: service `engine` needs `enjine`, which does not exist; did you mean `engine`?",
                "coxswain.toml:9:10: `service.engine.stop.signal`: there is no signal `SIGWHAT`",
            ])
    }

    @Test func newWordsOfTheGate() throws {
        let settings = try load(
            "start-within = \"4m\"\nunready-after = \"30s\"\nbefore-ready = \"closed\"",
            ["COXSWAIN_UNREADY_AFTER": "7s"])
        #expect(settings.policy.startWithin == .seconds(240))
        #expect(settings.policy.unreadyAfter == .seconds(7))
        #expect(settings.beforeReady == .closed)
        let byEnvironment = try load(nil, ["COXSWAIN_BEFORE_READY": "closed", "COXSWAIN_START_WITHIN": "1m"])
        #expect(byEnvironment.beforeReady == .closed && byEnvironment.policy.startWithin == .seconds(60))
        #expect(
            try load().fixedDifferences(from: settings) == ["start-within", "unready-after", "before-ready"])
        #expect(
            problems("\nbefore-ready = \"shut\"", ["COXSWAIN_BEFORE_READY": "x", "COXSWAIN_START_WITHIN": "9"]) == [
                "coxswain.toml:2:16: `before-ready` must be \"answer\" or \"closed\", not \"shut\"",
                "COXSWAIN_BEFORE_READY: must be answer or closed, not \"x\"",
                "COXSWAIN_START_WITHIN: must be a duration such as \"5s\", not \"9\"",
            ])
    }

    @Test func theApiStartsAtOnceAndIsWatched() throws {
        let settings = try load()
        #expect(settings.service("api").name == "api" && settings.service("api").needs == [])
        #expect(settings.service("api").watchdog == .seconds(4))
        #expect(settings.service("warmup").proves == "engine" && settings.service("warmup").needs == ["engine"])
        // "0s" switches a limit off.
        #expect(try load("[service.api]\nwatchdog = \"0s\"").service("api").watchdog == nil)
    }

    @Test func whereThePortStaysClosedTheApiThatOpensItComesLast() throws {
        #expect(try load("before-ready = \"closed\"").services.last?.needs == ["engine", "warmup"])
        let withoutWarmup = try load("before-ready = \"closed\"\n[service.warmup]\nenabled = false")
        #expect(withoutWarmup.services.last?.needs == ["engine"])
    }

    @Test func aProbeNeedsOnlyToKnowTheDoor() {
        let plain = Configuration.door(file: nil, environment: ["OUTPUT_DIR": "/data", "PORT": "99"])
        #expect(plain.listen.description == "[::]:99" && plain.stateDirectory == "/data/.coxswain")
        let file = ("c", "listen = \"127.0.0.1:7\"\nstate-dir = \"/s\"\nengine = \"nonsense\"\nwhat = 1\n")
        let door = Configuration.door(file: file, environment: ["COXSWAIN_LISTEN": ":80"])
        #expect(door.listen.description == "[::]:80" && door.stateDirectory == "/s")
        #expect(Configuration.door(file: ("c", "[broken"), environment: [:]).listen.port == 8081)
    }

    @Test func circlesAreFound() {
        #expect(
            problems("[service.engine]\nneeds = [\"warmup\"]") == [
                "coxswain.toml:2:10: these services need each other in a circle: engine → warmup → engine"
            ])
    }

    @Test func aFileThatIsNoTOMLIsRefusedWithItsLine() {
        let found = problems("listen = \"x\"\n[service")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("coxswain.toml:2:1: this header has no end") == true)
    }

    @Test(arguments: ["PORT", "VLLM_PORT"]) func portsAreChecked(name: String) {
        #expect(problems("", [name: "70000"]) == ["\(name): must be a port from 1 to 65535, not \"70000\""])
    }

    @Test(arguments: [
        ("250ms", Duration.milliseconds(250)), ("5s", .seconds(5)), ("1.5m", .seconds(90)), ("2h", .seconds(7200)),
        ("0s", .zero),
    ]) func durations(text: String, expected: Duration) {
        #expect(DurationText.parse(text) == expected)
    }

    @Test(arguments: ["", "5", "-1s", "5 s", "s", "1d", "nans", "infs", "1e99s"]) func noDurations(text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test(arguments: [
        "0.0.0.0:8081", "[::]:8081", ":8081", "*:8081", "localhost:1", "127.0.0.1:65535",
    ]) func endpoints(text: String) { #expect(Configuration.Endpoint(text) != nil) }

    @Test(arguments: ["8081", "host:", "host:70000", ""]) func noEndpoints(text: String) {
        #expect(Configuration.Endpoint(text) == nil)
    }
}

@Suite struct HTTPURLTests {
    @Test func readsItsParts() throws {
        let url = try #require(HTTPURL("HTTP://[::1]:8080/v1/markdown/?x#y"))
        #expect(url.scheme == "http" && url.host == "[::1]" && url.port == 8080 && url.path == "/v1/markdown")
        #expect(HTTPURL("https://host")?.port == 443)
    }

    @Test(arguments: ["ftp://x", "http://", "http://a@b/", "http://h:99999", "file:///etc/passwd", "x"])
    func refusesTheRest(text: String) { #expect(HTTPURL(text) == nil) }
}
