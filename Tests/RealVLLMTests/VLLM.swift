import Foundation
import TestSupport
import Testing

/// The vLLM that was installed for these tests, and containers with it.
enum VLLM {
    /// What `etc/test/vllm/install` filled.
    static let folder = ProcessInfo.processInfo.environment["COXSWAIN_TEST_VLLM"].flatMap { $0.isEmpty ? nil : $0 }

    /// The settings of a container with it: the profile `vllm`, laid over where a GPU and the real model are missing.
    ///
    /// - Parameters:
    ///   - flags: more of vLLM's own.
    ///   - kvCache: GiB of memory for vLLM's cache.
    ///   - engine: more keys of `[service.engine]`, as TOML.
    ///   - pageTokens: most tokens of a page's answer; the toy always takes all.
    static func settings(
        flags: [String] = [], kvCache: Int = 1, engine: String = "", pageTokens: Int = 400
    ) -> String {
        // Not --trust-remote-code: a toy has no code of its own. Compiling would take minutes.
        let command =
            [
                "\(folder ?? "")/venv/bin/vllm", "serve", "{model}", "--served-model-name", "PaddleOCR-VL-0.9B",
                "{model}", "--host", "127.0.0.1", "--port", "{port}", "--max-model-len", "16384",
                "--max-num-batched-tokens", "16384", "--no-enable-prefix-caching", "--mm-processor-cache-gb", "0",
                "--enforce-eager",
            ] + flags
        return """
            [service.engine]
            command = [\(command.map { "\"\($0)\"" }.joined(separator: ", "))]
            gpu = false
            # It computes on all cores, and those who watch it want to be heard.
            nice = 10
            environment = { HF_HUB_OFFLINE = "1", VLLM_CPU_KVCACHE_SPACE = "\(kvCache)" }
            \(engine)
            [service.api]
            environment = { COXSWAIN_PAGE_TOKENS = "\(pageTokens)" }

            """
    }

    static func container(settings: String, model: String? = nil) throws -> Container {
        try Container(
            settings: settings,
            environment: [
                "COXSWAIN_ENGINE": "vllm", "COXSWAIN_ENGINE_MODEL": model ?? "\(folder ?? "")/model",
                // What a toy answers is compared with nothing, and small pictures do for it.
                "COXSWAIN_WARMUP_MAX_ERROR": "off", "COXSWAIN_PAGE_PIXELS": "200000",
            ])
    }
}

extension Container {
    /// vLLM's processes, as they name themselves; the one that was started is the server.
    enum EnginePart: String {
        case server = "serve"
        case core = "VLLM::EngineCore"
        case worker = "VLLM::Worker"
    }

    func pid(_ part: EnginePart) -> Int32? {
        ProcessTable().below(supervisor).first { entry in
            guard entry.state != "Z", entry.program != "coxswain-shim", entry.program != "coxswain-ocr" else {
                return false
            }
            return part == .server
                ? entry.command.contains("serve") && entry.command.contains { $0.hasSuffix("/vllm") }
                : entry.command.first?.hasPrefix(part.rawValue) ?? false
        }?.pid
    }

    /// Requests that vLLM has at work, by its own count.
    var enginesRequests: Int {
        guard let metrics = try? HTTPExchange.get("/metrics", port: enginePort, timeout: 10) else { return 0 }
        let line = metrics.body.split(separator: "\n").first { $0.hasPrefix("vllm:num_requests_running") }
        return line?.split(separator: " ").last.flatMap { Double($0) }.map { Int($0) } ?? 0
    }
}
