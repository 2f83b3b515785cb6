import Lifecycle
import Settings
import Testing

@Suite struct ServiceOptionsTests {
    @Test func whatTheKernelIsAskedFor() throws {
        let service = try #require(
            load(
                """
                [service.x]
                command = ["/bin/x"]
                user = "paddle:video"
                directory = "/srv"
                limits = { nofile = 65536, memlock = "unlimited", stack = [1024, "unlimited"] }
                oom-score-adjust = -500
                nice = 5
                watchdog = "30s"
                forward = ["SIGUSR2", "winch"]
                gpu = true
                restart = { when-spent = "hold" }
                """
            ).services.first { $0.name == "x" })
        #expect(service.options.user == "paddle:video")
        #expect(service.options.directory == "/srv")
        #expect(
            service.options.limits == [
                "nofile": .init(soft: 65536, hard: 65536), "memlock": .init(soft: nil, hard: nil),
                "stack": .init(soft: 1024, hard: nil),
            ])
        #expect(service.options.outOfMemoryScore == -500)
        #expect(service.options.nice == 5)
        #expect(service.watchdog == .seconds(30))
        #expect(service.forwards == [12, 28])
        #expect(service.usesGPU)
        #expect(service.restart.whenSpent == .hold)
    }

    @Test(arguments: [
        ("user = \":x\"", "`service.x.user` must be USER or USER:GROUP, not \":x\""),
        ("directory = \"srv\"", "`service.x.directory` must be an absolute path, not \"srv\""),
        ("nice = 20", "`service.x.nice` must be an integer from -20 to 19, not 20"),
        (
            "oom-score-adjust = \"low\"",
            "`service.x.oom-score-adjust` must be an integer from -1000 to 1000, not a string"
        ),
        ("limits = { core = 1 }", "unknown key `core` in [service.x.limits]"),
        ("limits = { nofile = -1 }", "`service.x.limits.nofile` must be a number, \"unlimited\", or a pair of these"),
        ("limits = { nofile = [1, 2, 3] }", "`service.x.limits.nofile` must be a number"),
        ("forward = [\"TERM\"]", "`TERM` cannot be forwarded; these can: SIGUSR2, SIGALRM, SIGWINCH"),
        ("restart = { when-spent = \"sleep\" }", "`service.x.restart.when-spent` must be \"exit\" or \"hold\""),
    ]) func whatIsWrongIsSaid(line: String, problem: String) {
        do {
            _ = try load("[service.x]\ncommand = [\"/bin/x\"]\n\(line)\n")
            Issue.record("accepted \(line)")
        } catch {
            #expect(error.problems.count == 1 && error.problems[0].message.contains(problem), "\(error)")
            #expect(error.problems[0].line == 3)
        }
    }

    @Test func aServiceThatIsSwitchedOffIsNotNeededEither() throws {
        let settings = try load("[service.warmup]\nenabled = false")
        #expect(settings.services.map(\.name) == ["preload", "engine", "api"])
        #expect(settings.service("api").needs == [])
    }

    @Test func whoNeedsOneThatIsSwitchedOffIsTold() {
        #expect(throws: SettingsError.self) {
            try load("[service.engine]\nenabled = false\n[service.x]\ncommand = [\"/bin/x\"]\nneeds = [\"engine\"]")
        }
    }

    @Test func aGPUIsWaitedForWhereTheEngineHasOne() throws {
        #expect(try load("").service("engine").usesGPU)
        #expect(try !load("engine = \"tesseract\"").service("engine").usesGPU)
    }

    /// Names of secrets, and of what begins like something that is allowed.
    private static let secrets = [
        "HF_TOKEN", "HF_HUB_TOKEN", "HUGGING_FACE_HUB_TOKEN", "CLOUDRU_S3_SECRET_KEY", "AWS_SECRET_ACCESS_KEY",
        "VLLM_API_KEY", "NVIDIA_API_KEY", "COXSWAIN_API_KEY", "OPENAI_API_KEY", "TORCH_PASSWORD",
    ]

    @Test func theEngineSeesNoKeys() throws {
        let environment = Dictionary(uniqueKeysWithValues: Self.secrets.map { ($0, "canary") })
        let settings = try load("[service.x]\ncommand = [\"/bin/x\"]", environment)
        for service in settings.services where ["engine", "x"].contains(service.name) {
            #expect(!service.environment.values.contains("canary"), "\(service.name): \(service.environment)")
        }
    }

    @Test func onlyAPreloadHasTheHostersToken() throws {
        let settings = try load(
            "[service.preload]\ncommand = [\"/bin/x\"]\nready = { exit = true }", ["HF_TOKEN": "canary"])
        let having = settings.services.filter { $0.environment["HF_TOKEN"] != nil }.map(\.name)
        #expect(having == ["preload"])
        #expect(settings.services.first { $0.name == "preload" }?.role == .preload)
    }

    @Test func whatCannotChangeWhileTheContainerRunsIsNamed() throws {
        let before = try load("")
        #expect(before.fixedDifferences(from: before) == [])
        let after = try load("listen = \"[::]:9000\"\nshutdown-grace = \"9s\"")
        #expect(before.fixedDifferences(from: after) == ["listen", "shutdown-grace"])
    }
}
