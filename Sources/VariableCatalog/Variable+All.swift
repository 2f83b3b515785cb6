extension Variable {
    /// In the order in which the documentation lists them.
    package static let all = container + ofTheAPI + ofTheModels + ofTheEngine + ofTheWarmup + replaced + ours

    private static let container = [
        Variable(
            "COXSWAIN_ENGINE", .engine, "paddlex-vllm", for: [.coxswain], key: "engine",
            "an engine profile, `paddlex-vllm`, `vllm`, `tesseract` or one of yours in `/etc/coxswain/engines`, or the URL of an engine that runs elsewhere. Never a silent fallback: a container for a GPU that finds none says so and stops"
        ),
        Variable(
            "COXSWAIN_ENGINE_MODEL", .text, otherwise: "the profile's", for: [.coxswain, .api],
            "the model that is served, by its name or its folder"),
        Variable(
            "COXSWAIN_LISTEN", .address, "[::]:8081", for: [.coxswain], key: "listen",
            "address and port of the public door"
        ),
        Variable(
            "PORT", .port, otherwise: "that of `listen`", for: [.coxswain], "the public port alone; beats the other"),
        Variable(
            "OUTPUT_DIR", .folder, "/workspace/output", for: [.coxswain, .api], key: "output-dir",
            "results; yours, never cleaned up"),
        Variable(
            "STATE_DIR", .folder, otherwise: "`OUTPUT_DIR/.coxswain`", for: [.coxswain, .api], key: "state-dir",
            "jobs, sockets and other state of one container, mode 0700"),
        Variable(
            "COXSWAIN_START_WITHIN", .duration, "9m", for: [.coxswain], key: "start-within",
            "longest start, but for what `preload` takes; keep it below what the orchestrator gives"),
        Variable(
            "COXSWAIN_UNREADY_AFTER", .duration, "0s", for: [.coxswain], key: "unready-after",
            "how long `/readyz` stays 200 while something is healed"),
        Variable(
            "COXSWAIN_BEFORE_READY", .choice(["answer", "closed"]), "answer", for: [.coxswain], key: "before-ready",
            "`closed` keeps the port shut until the container is ready for the first time"),
        Variable(
            "COXSWAIN_DRAIN_DELAY", .duration, "3s", for: [.coxswain], key: "drain-delay",
            "time for load balancers between \"not ready\" and the stop"),
        Variable(
            "COXSWAIN_SHUTDOWN_GRACE", .duration, "25s", for: [.coxswain], key: "shutdown-grace",
            "longest stop, whatever hangs"),
        Variable(
            "COXSWAIN_LOG_FORMAT", .choice(["json", "console"]), otherwise: "`json`; a terminal gets `console`",
            for: [.coxswain], key: "log-format", "`json` or `console`"),
        Variable(
            "COXSWAIN_LOG_LEVEL", .choice(["debug", "info", "warning", "error"]), "info",
            for: [.coxswain, .api, .warmup],
            key: "log-level",
            "the least that the log shows. The variable is told to the api and the warm-up as well, the key is not"),
        Variable(
            "COXSWAIN_TERMINATION_LOG", .file, "/dev/termination-log", for: [.coxswain],
            "where the last word goes, for `kubectl describe pod`"),
    ]

    private static let ofTheAPI = limitsOfTheAPI + prompts + placesOfTheAPI + ofTheWorldOutside

    private static let limitsOfTheAPI =
        [
            Variable(
                "COXSWAIN_MAX_UPLOAD_BYTES", .number(1...(1 << 40)), "209715200", for: [.api], "largest upload, 200 MiB"
            ),
            Variable("COXSWAIN_MAX_PAGES", .number(1...100_000), "2000", for: [.api], "most pages of one document"),
            Variable(
                "COXSWAIN_MAX_JOBS", .number(1...100_000), "256", for: [.api],
                "documents that wait or are read; more are refused with 429"),
            Variable(
                "COXSWAIN_KEEP_JOBS", .seconds(0...31_536_000), "86400", for: [.api],
                "seconds that a finished job and its result can be asked for"),
            Variable(
                "COXSWAIN_MAX_STATE_BYTES", .number((1 << 20)...(1 << 50)), "10737418240", for: [.api],
                "most that uploads and results take of the state folder, 10 GiB"),
            Variable(
                "COXSWAIN_MIN_FREE_BYTES", .number(0...(1 << 50)), "268435456", for: [.api],
                "what new work leaves free on the disk, 256 MiB; less is 507"),
            Variable(
                "COXSWAIN_ENGINE_CONCURRENCY", .number(1...1024), otherwise: "64; of the CPU engine one a core",
                for: [.api],
                "most pictures at the engine at once; how many it really is follows its queue"),
            Variable(
                "COXSWAIN_PAGE_DPI", .number(36...1200), otherwise: "the profile's", for: [.api, .warmup],
                "resolution of a page, as far as its pixels suffice"),
            Variable(
                "COXSWAIN_PAGE_PIXELS", .number(10_000...200_000_000), otherwise: "the profile's",
                for: [.api, .warmup],
                "most pixels of a picture that the engine is given"),
            Variable(
                "COXSWAIN_PAGE_COLOR", .choice(["rgb", "grey"]), otherwise: "the profile's", for: [.api, .warmup],
                "`rgb` or `grey`"),
            Variable(
                "COXSWAIN_PAGE_REGIONS", .choice(["whole", "blocks"]), otherwise: "the profile's",
                for: [.api, .warmup],
                "`blocks`: pages are cut into blocks that the engine can read; `whole`: they are not"),
            Variable(
                "COXSWAIN_PAGE_TOKENS", .number(16...131_072), "4096", for: [.api, .warmup],
                "most tokens of one picture's answer"),
            Variable(
                "COXSWAIN_PAGE_DEADLINE", .seconds(1...86_400), "600", for: [.api],
                "seconds that a page may be at the engine, second tries included"),
            Variable(
                "COXSWAIN_ENGINE_PROMPT", .text, otherwise: "the profile's", for: [.api, .warmup],
                "what a page's text is asked by"),
        ]

    private static let prompts: [Variable] = ["table", "formula", "chart", "seal", "spotting"].map { task in
        Variable(
            "COXSWAIN_ENGINE_PROMPT_\(task.uppercased())", .text, otherwise: "the profile's", for: [.api],
            "the same, for `prompt=\(task)`")
    }

    private static let placesOfTheAPI = [
        Variable(
            "COXSWAIN_API_KEYS_FILE", .file, for: [.api],
            "file of the keys that requests need; read again when it changes"),
        Variable("COXSWAIN_API_KEYS", .text, for: [.api], "the same without a file: `label:key,label:key`"),
        Variable("COXSWAIN_API_KEY", .text, for: [.api], "one key for everybody"),
        Variable("COXSWAIN_METRICS_OPEN", .flag, "false", for: [.api], "`/metrics` asks for no key"),
        Variable(
            "COXSWAIN_CORES", .number(1...1024), otherwise: "those of the container", for: [.api, .warmup],
            "renderers at once"),
        Variable(
            "COXSWAIN_STOP_GRACE", .seconds(0...3600), "5", for: [.api],
            "seconds that requests in flight have after a request to stop"),
        Variable(
            "COXSWAIN_MAX_CONNECTIONS", .number(16...1_000_000), "4096", for: [.api],
            "connections that are open at once; probes get through beyond"),
    ]

    private static let ofTheWorldOutside = [
        Variable(
            "COXSWAIN_URL_SOURCES", .flag, "false", for: [.api],
            "documents may come from `http` and `https` URLs that requests name"),
        Variable(
            "COXSWAIN_URL_TIMEOUT", .duration, "1m", for: [.api], "longest time that fetching a document may take"),
        Variable(
            "COXSWAIN_WEBHOOKS", .flag, "false", for: [.coxswain, .api],
            "requests may name a URL that is told of their job's end; needs the next one"),
        Variable(
            "COXSWAIN_WEBHOOK_SECRET", .text, for: [.coxswain, .api],
            "what receivers check our signatures by: `whsec_` and base64, or at least 16 characters"),
        Variable(
            "COXSWAIN_WEBHOOK_SECRET_FILE", .file, for: [.coxswain, .api], "file that holds it"),
        Variable(
            "COXSWAIN_EGRESS_HOSTS", .text, otherwise: "every public host", for: [.api],
            "the only hosts that URLs and webhooks may lead to: `example.com`, `*.example.com`, `example.com:8443`, joined by commas"
        ),
        Variable(
            "COXSWAIN_EGRESS_NETWORKS", .text, for: [.api],
            "address ranges that they may lead to though they are private or special: `10.20.0.0/16`, joined by commas"),
        Variable(
            "COXSWAIN_S3_ALLOW", .text, for: [.coxswain, .api],
            "prefixes that requests may name, for documents and for results: `s3://BUCKET/PREFIX`, joined by commas"),
        Variable(
            "COXSWAIN_S3_RESULTS", .text,
            otherwise: "`s3://CLOUDRU_S3_BUCKET/ocr-results/`, where that is set with its keys",
            for: [.coxswain, .api], "where every result is uploaded beside `OUTPUT_DIR`: `s3://BUCKET/PREFIX/`"),
        Variable(
            "COXSWAIN_S3_PATH_STYLE", .flag, otherwise: "as the endpoint needs it", for: [.api, .preload],
            "`true`: buckets are named in the path, `false`: in the host's name"),
        Variable(
            "COXSWAIN_DELIVERY_TIME", .duration, "24h", for: [.api],
            "for how long an upload or a webhook is tried again before it is given up"),
    ]

    private static let ofTheEngine = [
        Variable(
            "OCR_LANGUAGES", .languages, "eng+rus", for: [.tesseract], "languages of the CPU engine, joined by `+`"),
        Variable(
            "OCR_WORKERS", .number(1...256), otherwise: "one a core", for: [.tesseract],
            "pages that the CPU engine reads at once"),
        Variable(
            "TESSDATA_PREFIX", .folder, otherwise: "Tesseract's own", for: [.tesseract],
            "folder of the CPU engine's languages"),
        Variable(
            "OMP_NUM_THREADS", .text, otherwise: "the engine: all cores; the api and the warm-up: 1",
            for: [.engine], "threads of the engine's mathematics"),
    ]

    private static let ofTheModels = [
        Variable(
            "COXSWAIN_MODELS", .text, otherwise: "the engine's", for: [.preload],
            "names of models that are fetched beside the engine's own, joined by commas"),
        Variable(
            "COXSWAIN_MODEL_ROOT", .folder, otherwise: "`PADDLE_PDX_CACHE_HOME/official_models`",
            for: [.coxswain, .preload], "where the models are, each in a folder of its own"),
        Variable(
            "COXSWAIN_MODEL_SOURCES", .text, otherwise: "`huggingface,archive`", for: [.preload],
            "where models are fetched from, in this order: `huggingface`, `archive`, `s3://BUCKET/PREFIX`, `https://HOST/FOLDER`, `/FOLDER`"
        ),
        Variable(
            "COXSWAIN_MODEL_MANIFESTS", .folder, for: [.coxswain, .preload],
            "folder of your own manifests, which come before the built-in ones"),
        Variable(
            "COXSWAIN_OFFLINE", .flag, "false", for: [.preload],
            "`true`: no network is used for models; what is missing ends the container at once, with its name"),
        Variable(
            "COXSWAIN_READAHEAD", .flag, "true", for: [.coxswain],
            "weights are read into the page cache while the engine loads its libraries"),
        Variable(
            "COXSWAIN_ENGINE_CACHE", .text, otherwise: "`COXSWAIN_MODEL_ROOT/.coxswain-cache`", for: [.coxswain],
            "folder in which the engine keeps what it compiled, by GPU, version and model; `off`: wherever it does by itself"
        ),
        Variable("HF_TOKEN", .text, for: [.preload], "Hugging Face's; told to the service `preload` alone"),
        Variable("HF_ENDPOINT", .url, "https://huggingface.co", for: [.preload, .engine], "a mirror of Hugging Face"),
        Variable(
            "HF_HUB_OFFLINE", .flag, "false", for: [.preload, .engine],
            "as COXSWAIN_OFFLINE. An engine whose weights were fetched is told `1` unless you say otherwise"),
        Variable(
            "AWS_ACCESS_KEY_ID", .text, for: [.preload, .api],
            "for S3, with the next ones; told to the service `preload` where models come from there, and to the api where documents or results may be there"
        ),
        Variable("AWS_SECRET_ACCESS_KEY", .text, for: [.preload, .api], "see there"),
        Variable("AWS_SESSION_TOKEN", .text, for: [.preload, .api], "see there"),
        Variable("AWS_REGION", .text, otherwise: "`us-east-1`", for: [.preload, .api], "see there"),
        Variable("AWS_DEFAULT_REGION", .text, for: [.preload, .api], "the same, where that is not set"),
        Variable("AWS_ENDPOINT_URL_S3", .url, otherwise: "Amazon's", for: [.preload, .api], "an S3-compatible store"),
        Variable("AWS_ENDPOINT_URL", .url, for: [.preload, .api], "the same, where that is not set"),
        Variable(
            "SSL_CERT_FILE", .file, otherwise: "the system's", for: [.preload, .engine, .api],
            "certificates of authorities, for a proxy or a mirror of your own"),
    ]

    private static let ofTheWarmup = [
        Variable(
            "COXSWAIN_WARMUP_MAX_ERROR", .errorRate, otherwise: "the profile's", for: [.warmup],
            "share of characters that may differ from the known text; `off`: an engine that answers noise is taken for ready"
        ),
        Variable(
            "COXSWAIN_WARMUP_DEADLINE", .seconds(0.001...86_400), "240", for: [.warmup],
            "seconds for the whole warm-up; keep it below `service.warmup.ready.within`"),
    ]

    private static let replaced = [
        Variable(
            "VLLM_URL", .url, "http://127.0.0.1:8080/v1/markdown", for: [.coxswain, .api], as: .replaced,
            "where the engine is; on another host, nothing is started here"),
        Variable(
            "VLLM_PORT", .port, "8080", for: [.coxswain], as: .replaced, "the engine's port inside of the container"),
        Variable(
            "USE_VLM_API", .flag, "true", for: [.coxswain, .api], as: .replaced, "`false` asks for the CPU engine"),
        Variable(
            "WARMUP_IMG", .file, otherwise: "built-in pages", for: [.warmup], as: .replaced,
            "picture or PDF that is read before the container is ready; its text stands beside it, as `NAME.txt`"),
        Variable("WARMUP_TEXT", .text, for: [.warmup], as: .replaced, "the text of that page"),
        Variable(
            "PADDLEX_HOME", .folder, for: [.coxswain], as: .replaced,
            "the engine gets it as `PADDLE_PDX_CACHE_HOME`, which PaddleX reads"),
        Variable(
            "PADDLE_PDX_CACHE_HOME", .folder, otherwise: "`~/.paddlex`", for: [.coxswain, .engine], as: .replaced,
            "PaddleX's models"),
        Variable(
            "CLOUDRU_S3_ENDPOINT", .url, for: [.coxswain, .preload, .api], as: .replaced,
            "with the next three: every result is uploaded to `s3://CLOUDRU_S3_BUCKET/ocr-results/`, and `/health` says `configured`"
        ),
        Variable("CLOUDRU_S3_BUCKET", .text, for: [.coxswain, .preload, .api], as: .replaced, "see there"),
        Variable("CLOUDRU_S3_ACCESS_KEY", .text, for: [.coxswain, .preload, .api], as: .replaced, "see there"),
        Variable("CLOUDRU_S3_SECRET_KEY", .text, for: [.coxswain, .preload, .api], as: .replaced, "see there"),
        Variable(
            "PADDLE_PDX_MODEL_SOURCE", .text, "huggingface", for: [.preload], as: .replaced,
            "`huggingface` or `bos`, the vendor's archives: which of them is asked first where COXSWAIN_MODEL_SOURCES says nothing"
        ),
    ]

    private static let ours = [
        Variable(
            "COXSWAIN_ENGINE_URL", .url, for: [.api, .warmup], as: .ourselves,
            "base URL of the engine, ending in `/v1`. Say COXSWAIN_ENGINE instead"),
        Variable(
            "COXSWAIN_CONTROL_SOCKET", .file, for: [.api], as: .ourselves,
            "PID 1's socket: state in, news out"),
        Variable(
            "COXSWAIN_INSTANCE", .text, for: [.coxswain], as: .ourselves,
            "names the instance to which a process belongs, so that none is overlooked"),
        Variable("NOTIFY_SOCKET", .file, for: [.coxswain, .api, .preload, .tesseract], as: .ourselves, "sd_notify(3)"),
        Variable("WATCHDOG_USEC", .text, for: [.coxswain, .api, .tesseract], as: .ourselves, "sd_watchdog_enabled(3)"),
        Variable("WATCHDOG_PID", .text, for: [.coxswain, .api, .tesseract], as: .ourselves, "the same"),
        Variable("LISTEN_FDS", .text, for: [.api], as: .ourselves, "sd_listen_fds(3)"),
        Variable("LISTEN_PID", .text, for: [.api], as: .ourselves, "the same"),
        Variable("LISTEN_FDNAMES", .text, for: [.api], as: .ourselves, "the same"),
        Variable(
            "OMP_THREAD_LIMIT", .number(1...1024), for: [.tesseract], as: .ourselves,
            "the CPU engine sets it to 1 and starts again: one page a core is what helps"),
        Variable(
            "PYTHONFAULTHANDLER", .text, for: [.engine], as: .ourselves,
            "1 for every service: a Python program that hangs says where"),
    ]
}
