import Lifecycle
import VariableCatalog

/// The services of a container that no file describes.
enum DefaultServices {
    /// Variables that say what PID 1 has decided: nobody else's word counts.
    private static let decided = ["OUTPUT_DIR", "STATE_DIR", "USE_VLM_API", "COXSWAIN_ENGINE_URL"]

    /// - Parameters:
    ///   - preload: nil where nothing is fetched.
    ///   - engine: nil for one that is not even watched.
    ///   - page: how pages are to look, as the engine's profile says.
    ///   - engineURL: what pages are sent to, without `/chat/completions`.
    ///   - programs: the folder of our own programs.
    ///   - cores: cores of this container, handed to the children.
    static func make(
        _ configuration: Configuration, preload: ServiceDefinition?, engine: ServiceDefinition?, page: [String: String],
        engineURL: String,
        environment: [String: String], programs: String, cores: Int
    ) -> [ServiceDefinition] {
        var own = page
        own["OUTPUT_DIR"] = configuration.outputDirectory
        own["STATE_DIR"] = configuration.stateDirectory
        own["VLLM_URL"] = configuration.legacy.vllmURL
        own["COXSWAIN_ENGINE_URL"] = engineURL
        own["COXSWAIN_CORES"] = String(cores)
        own["OMP_NUM_THREADS"] = "1"
        own["USE_VLM_API"] = configuration.engine.usesVLM ? "true" : "false"
        // What the user set beats the profile.
        let variables = own.merging(ServiceEnvironment.forAPI(environment)) { ours, theirs in
            theirs.isEmpty ? ours : theirs
        }
        .merging(own.filter { decided.contains($0.key) }) { $1 }

        let warmup = ServiceDefinition(
            name: "warmup", role: .warmup, command: ["\(programs)/coxswain-ocr", "warmup"],
            // It speaks to the engine alone: nobody's keys are its business.
            environment: variables.filter { !SecretName.matches($0.key) },
            needs: engine.map { [$0.name] } ?? [], ready: Readiness(check: .exit, within: .seconds(300)),
            stop: StopPolicy(grace: .seconds(1)), proves: engine?.name)
        // It needs nobody: while it comes up the engine does, and what it cannot answer yet it says. But it opens the port,
        // and where that is to stay closed until everything is ready, the API comes last.
        let needs = configuration.beforeReady == .closed ? (engine.map { [$0.name] } ?? []) + [warmup.name] : []
        let api = ServiceDefinition(
            name: "api", role: .api, command: ["\(programs)/coxswain-ocr", "serve"], environment: variables,
            needs: needs, ready: Readiness(check: .notify, within: .seconds(30)),
            // It beats three times as often; one that hangs is found within 5 s.
            watchdog: .seconds(4), stop: StopPolicy(grace: .seconds(8)), sockets: ["http"])
        return [preload, engine, warmup, api].compactMap { $0 }
    }
}
