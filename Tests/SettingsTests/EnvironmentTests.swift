import Lifecycle
import Settings
import Testing
import VariableCatalog

@Suite struct EnvironmentTests {
    @Test(arguments: [
        ("COXSWAIN_MAX_JOBS", "many", "must be a whole number from 1 to 100000, not \"many\""),
        ("COXSWAIN_KEEP_JOBS", "1d", "must be a number of seconds from 0.0 to 31536000.0, not \"1d\""),
        ("COXSWAIN_PAGE_COLOR", "blue", "must be rgb or grey, not \"blue\""),
        ("COXSWAIN_WARMUP_MAX_ERROR", "-1", "must be a character error rate such as 0.1, or off, not \"-1\""),
        ("COXSWAIN_LOG_LEVEL", "loud", "must be debug or info or warning or error, not \"loud\""),
        ("COXSWAIN_URL_TIMEOUT", "60", "must be a duration such as \"5s\", not \"60\""),
        ("COXSWAIN_METRICS_OPEN", "maybe", "must be true or false, not \"maybe\""),
        ("OCR_WORKERS", "0", "must be a whole number from 1 to 256, not \"0\""),
        ("OCR_LANGUAGES", "eng+../x", "must be a list of languages joined by +, such as eng+rus, not \"eng+../x\""),
        ("USE_VLM_API", "nope", "must be true or false, not \"nope\""),
        ("COXSWAIN_LISTEN", "8081", "must be ADDRESS:PORT, not \"8081\""),
        ("COXSWAIN_START_WITHIN", "5\u{1B}[31m", "must be a duration such as \"5s\", not \"5?[31m\""),
        ("COXSWAIN_MAX_JOB", "5", "there is no such variable; did you mean COXSWAIN_MAX_JOBS?"),
        ("COXSWAIN_DRAN_DELAY", "5s", "there is no such variable; did you mean COXSWAIN_DRAIN_DELAY?"),
        ("COXSWAIN_LOGLEVEL", "info", "there is no such variable; did you mean COXSWAIN_LOG_LEVEL?"),
    ]) func mistakesAreFoundBeforeAnythingStarts(name: String, value: String, message: String) {
        #expect(problems("", [name: value]) == ["\(name): \(message)"])
    }

    @Test func whatNobodyKnowsIsNotedUnlessItLooksLikeATypo() throws {
        let settings = try load("", ["COXSWAIN_TEAM_NAME": "x", "COXSWAIN_SEED": "1", "OTHER": "y", "COXSWAIN_X": ""])
        #expect(
            settings.notes == [
                "COXSWAIN_SEED: coxswain knows no such variable; it is passed over",
                "COXSWAIN_TEAM_NAME: coxswain knows no such variable; it is passed over",
            ])
    }

    @Test func whatKubernetesSaysOfOtherServicesIsNoSetting() throws {
        // A service called `coxswain`, one called `coxswain-engine`, and one called `vllm`, each in the same namespace.
        var environment: [String: String] = [:]
        for (name, port) in [("COXSWAIN", 8081), ("COXSWAIN_ENGINE", 80), ("COXSWAIN_LISTEN", 1), ("VLLM", 8000)] {
            environment["\(name)_SERVICE_HOST"] = "10.0.0.1"
            environment["\(name)_SERVICE_PORT"] = "\(port)"
            environment["\(name)_SERVICE_PORT_HTTP"] = "\(port)"
            environment["\(name)_PORT"] = "tcp://10.0.0.1:\(port)"
            for (end, value) in [
                ("", "tcp://10.0.0.1:\(port)"), ("_PROTO", "tcp"), ("_PORT", "\(port)"), ("_ADDR", "10.0.0.1"),
            ] {
                environment["\(name)_PORT_\(port)_TCP\(end)"] = value
            }
        }
        let settings = try load("", environment)
        #expect(
            settings.notes == [
                "VLLM_PORT describes a service of that name beside this one (Kubernetes), and is no setting"
            ])
        #expect(settings.service("engine").command.contains("8080"))
        // vLLM would take its own for a port.
        let own = settings.service("engine").environment.keys.filter { $0.hasPrefix("VLLM_") }
        #expect(own == ["VLLM_NO_USAGE_STATS"])
        #expect(try load("", ["VLLM_PORT": "7000"]).service("engine").command.contains("7000"))
    }

    @Test(arguments: [
        ("PORT", "tcp://1.2.3.4:80"), ("COXSWAIN_PORT", "8081"), ("COXSWAIN_TCP", "x"), ("SERVICE_HOST", "x"),
        ("COXSWAIN_PORT_X_TCP", "x"), ("COXSWAIN_SERVICE", "x"), ("COXSWAIN_MAX_JOBS", "tcp://1.2.3.4:80"),
    ]) func whatIsNoneOfTheirNames(name: String, value: String) { #expect(!ServiceLink.isOne(name, value: value)) }

    @Test func valuesOfTheFileAreCheckedAsWell() {
        #expect(
            problems(
                """
                [service.api.environment]
                COXSWAIN_MAX_JOBS = "0"
                COXSWAIN_MAX_PAGE = "9"
                OTHER = "x"
                "" = "x"
                """) == [
                    "coxswain.toml:2:21: `COXSWAIN_MAX_JOBS` must be a whole number from 1 to 100000, not \"0\"",
                    "coxswain.toml:3:1: no program of ours reads `COXSWAIN_MAX_PAGE`; did you mean `COXSWAIN_MAX_PAGES`?",
                    "coxswain.toml:5:1: `` cannot be the name of a variable",
                ])
    }

    @Test func everyWayToSayNoIsNo() throws {
        for word in ["false", "FALSE", "0", "no", "off"] {
            #expect(try load("", ["USE_VLM_API": word]).engine.profile == "tesseract")
        }
        for word in ["true", "1", "yes", "on"] {
            #expect(try load("", ["USE_VLM_API": word]).engine.profile == "paddlex-vllm")
        }
    }

    @Test func mistakesOfTheFileAndOfTheEnvironmentAtOnce() {
        let found = problems(
            "lisen = 1\n[service.x]\n", ["PORT": "x", "COXSWAIN_MAX_JOBS": "x", "COXSWAIN_ENGINE": "vlm"])
        #expect(
            found.map { $0.prefix { $0 != " " } } == [
                "coxswain.toml:1:1:", "coxswain.toml:2:2:", "COXSWAIN_MAX_JOBS:", "PORT:", "COXSWAIN_ENGINE:",
            ], "\(found)")
    }

    // MARK: Secrets

    @Test(arguments: [
        "HF_TOKEN", "--api-key", "--hf_token", "CLOUDRU_S3_SECRET_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID",
        "COXSWAIN_API_KEYS", "COXSWAIN_WEBHOOK_SECRET", "AWS_SESSION_TOKEN", "db.password", "X_CREDENTIALS", "apikey",
    ]) func namesOfSecrets(name: String) { #expect(SecretName.matches(name)) }

    @Test(arguments: [
        "COXSWAIN_PAGE_TOKENS", "--max-num-batched-tokens", "--tokenizer", "COXSWAIN_API_KEYS_FILE",
        "COXSWAIN_WEBHOOK_SECRET_FILE",
        "COXSWAIN_KEEP_JOBS",
        "MONKEY", "KEYBOARD", "TOKENIZERS_PARALLELISM", "SSL_CERT_FILE", "",
    ]) func namesOfNothing(name: String) { #expect(!SecretName.matches(name)) }

    @Test(arguments: [
        ("http://user:pass@host/x", "http://***@host/x"), ("http://host/x@y", "http://host/x@y"),
        ("a https://p@ss:w@h b http://c@d", "a https://***@h b http://***@d"), ("://", "://"), ("x:y@z", "x:y@z"),
        ("postgres://u:é@h", "postgres://***@h"),
    ]) func passwordsInURLs(text: String, shown: String) { #expect(SecretName.withoutCredentials(text) == shown) }
}
