import Lifecycle

/// The services of a container that no file describes.
enum DefaultServices {
    /// Pixel budget and resolution at which the engine reads a page, and how long its answer may take.
    private struct Profile {
        var command: [String]
        var within: Duration
        var page: [String: String]
        var stopGrace: Duration
    }

    /// - Parameters:
    ///   - programs: the folder of our own programs.
    ///   - cores: cores of this container, handed to the children.
    static func make(
        _ configuration: Configuration, enginePort: UInt16, environment: [String: String], programs: String, cores: Int
    ) -> [ServiceDefinition] {
        let coresText = String(cores)
        var page: [String: String] = [
            "OUTPUT_DIR": configuration.outputDirectory, "STATE_DIR": configuration.stateDirectory,
            "VLLM_URL": configuration.legacy.vllmURL, "COXSWAIN_CORES": coresText, "OMP_NUM_THREADS": "1",
            "USE_VLM_API": configuration.engine == .tesseract ? "false" : "true",
        ]
        var services: [ServiceDefinition] = []
        switch configuration.engine {
        case .external(let url):
            page["COXSWAIN_ENGINE_URL"] = url
        case .vllm, .tesseract:
            let profile = Self.profile(configuration.engine, port: enginePort, programs: programs)
            page["COXSWAIN_ENGINE_URL"] = "http://127.0.0.1:\(enginePort)/v1"
            page.merge(profile.page) { _, new in new }
            var own = ServiceEnvironment.forEngine(environment)
            own["OMP_NUM_THREADS"] = own["OMP_NUM_THREADS"] ?? coresText
            if configuration.engine == .tesseract {
                own["OMP_THREAD_LIMIT"] = "1"
                own["OCR_WORKERS"] = own["OCR_WORKERS"] ?? coresText
            }
            let health = "http://127.0.0.1:\(enginePort)/health"
            services.append(
                ServiceDefinition(
                    name: "engine", role: .engine, command: profile.command, environment: own,
                    ready: Readiness(check: .http(url: health, every: .milliseconds(100)), within: profile.within),
                    watch: Watch(url: health, every: .seconds(5), timeout: .seconds(2), failures: 3),
                    stop: StopPolicy(grace: profile.stopGrace), usesGPU: configuration.engine == .vllm))
        }
        // What the user set beats the profile.
        let api = page.merging(ServiceEnvironment.forAPI(environment)) { ours, theirs in theirs.isEmpty ? ours : theirs
        }
        .merging(page.filter { $0.key.hasPrefix("OUTPUT") || $0.key.hasPrefix("STATE") || $0.key.hasPrefix("USE_VLM") })
        { $1 }
        services.append(
            ServiceDefinition(
                name: "warmup", role: .warmup, command: ["\(programs)/coxswain-ocr", "warmup"], environment: api,
                needs: services.map(\.name), ready: Readiness(check: .exit, within: .seconds(300)),
                stop: StopPolicy(grace: .seconds(1))))
        services.append(
            ServiceDefinition(
                name: "api", role: .api, command: ["\(programs)/coxswain-ocr", "serve"], environment: api,
                needs: ["warmup"], ready: Readiness(check: .notify, within: .seconds(30)),
                stop: StopPolicy(grace: .seconds(8)), sockets: ["http"]))
        return services
    }

    private static func profile(_ engine: Configuration.Engine, port: UInt16, programs: String) -> Profile {
        if engine == .tesseract {
            return Profile(
                command: ["\(programs)/coxswain-tesseract", "--host", "127.0.0.1", "--port", String(port)],
                within: .seconds(60),
                page: [
                    "COXSWAIN_PAGE_DPI": "300", "COXSWAIN_PAGE_PIXELS": "17400000", "COXSWAIN_PAGE_COLOR": "grey",
                ], stopGrace: .seconds(3))
        }
        return Profile(
            command: [
                "paddlex_genai_server", "--model_name", "PaddleOCR-VL-0.9B", "--host", "127.0.0.1", "--port",
                String(port), "--backend", "vllm",
            ], within: .seconds(540), page: [:], stopGrace: .seconds(10))
    }
}
