/// Phrases of an engine's log, and the phase that each belongs to.
///
/// Versions differ, so phrases are short, and found wherever they stand near the front of a line, in either case.
struct StartMarkers: Sendable {
    enum Finding: Sendable, Equatable {
        case phase(StartPhase, isComplete: Bool)
        /// The line says nothing, but who wrote it is only there from this phase on.
        case process(StartPhase)
        case serving
    }

    private struct Phrase: Sendable {
        var text: [UInt8]
        var finding: Finding

        init(_ text: String, _ finding: Finding) {
            self.text = text.utf8.map(StartMarkers.folded)
            self.finding = finding
        }

        init(_ text: String, _ phase: StartPhase) { self.init(text, .phase(phase, isComplete: false)) }

        init(_ text: String, completes phase: StartPhase) { self.init(text, .phase(phase, isComplete: true)) }
    }

    /// By first byte: phrases that begin with it.
    private let beginningWith: [[Phrase]]
    /// By how the names of processes begin that stand in front as `(NAME pid=N)`.
    private let processes: [Phrase]

    private init(phrases: [Phrase], processes: [Phrase] = []) {
        var table = Array(repeating: [Phrase](), count: 256)
        for phrase in phrases { if let first = phrase.text.first { table[Int(first)].append(phrase) } }
        beginningWith = table
        self.processes = processes
    }

    /// What a line quotes (arguments, a configuration) is long, and says nothing of the start.
    private static let searched = 300

    /// - Returns: what the first phrase in the line says.
    func find(in line: String) -> Finding? {
        let text = line.utf8.prefix(Self.searched).map(Self.folded)
        for (start, byte) in text.enumerated() {
            let phrases = beginningWith[Int(byte)]
            if let found = phrases.first(where: { text[start...].starts(with: $0.text) }) { return found.finding }
        }
        return processes.first { text.starts(with: $0.text) }?.finding
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    /// What a progress bar says; nil for one that belongs to no phase.
    static func bar(_ bar: ProgressBar, _ format: LogFormat) -> StartStep? {
        switch format {
        case .vllm:
            // `Loading safetensors checkpoint shards`, `Loading pt checkpoint shards`, `Multi-thread loading shards`.
            if bar.label.contains("shards") { return StartStep(phase: .loadingWeights, fraction: bar.fraction) }
            // Unverified (no log of a GPU build). One bar for each kind of graph, of which the whole ones come second
            // where there are both.
            guard bar.label.contains("Capturing CUDA graph") else { return nil }
            let halves = bar.label.contains("PIECEWISE") ? 0...0.5 : bar.label.contains("FULL") ? 0.5...1 : 0...1
            let share = halves.lowerBound + bar.fraction * (halves.upperBound - halves.lowerBound)
            return StartStep(phase: .capturingGraphs, fraction: share)
        case .sglang:
            // Unverified.
            if bar.label.contains("shards") { return StartStep(phase: .loadingWeights, fraction: bar.fraction) }
            guard bar.label.contains("Capturing batches") else { return nil }
            return StartStep(phase: .capturingGraphs, fraction: bar.fraction)
        case .json, .plain: return nil
        }
    }

    // MARK: Tables

    /// Seen in logs of vLLM 0.32 (CPU build), but for those marked as unverified: they are from the sources of 0.11 to 0.33
    /// or belong to a GPU build (compile, graphs). vLLM 0.10.2 is unverified as a whole.
    static let vllm = StartMarkers(
        phrases: [
            Phrase("vLLM API server version", .configuring),  // Unverified.
            Phrase("non-default args:", .configuring),
            Phrase("Resolved architecture:", .configuring),
            Phrase("Using max model len", .configuring),
            Phrase("Chunked prefill is enabled", .configuring),  // Unverified.
            Phrase("core engine proc", .startingEngine),  // Unverified.
            Phrase("LLM engine (v", .startingEngine),
            Phrase("Starting to load model", .loadingWeights),
            Phrase("Prefetching checkpoint files:", .loadingWeights),  // Unverified.
            Phrase("Loading weights took", completes: .loadingWeights),
            Phrase("Model loading took", .profiling),  // Unverified.
            Phrase("Encoder cache will be initialized", .profiling),  // Unverified.
            // Unverified from here to the next remark. The first three begin a compilation; it ends with
            // `torch.compile takes 5.0 s in total`, and what was being profiled goes on.
            Phrase("Starting torch.compile", .compiling),
            Phrase("Using cache directory:", .compiling),
            Phrase("Dynamo bytecode transform time", .compiling),
            Phrase("Compiling a graph for", .compiling),
            Phrase("Cache the graph", .compiling),
            Phrase("Directly load", .compiling),
            Phrase("torch.compile takes", .measuringMemory),
            Phrase("torch.compile took", .measuringMemory),
            Phrase("Available KV cache memory:", .measuringMemory),
            // Seen: `CPU KV cache size:`, and `Explicitly set (1.0/16.84) GiB for KV cache on node 0.`
            Phrase("KV cache size:", .measuringMemory),
            Phrase("for KV cache on node", .measuringMemory),
            Phrase("Graph capturing finished", completes: .capturingGraphs),  // Unverified.
            Phrase("init engine (", .startingServer),
            Phrase("init engine took", .startingServer),  // Unverified.
            Phrase("Starting vLLM", .startingServer),
            Phrase("Started server process", .startingServer),
            Phrase("Waiting for application startup", .startingServer),
            Phrase("Application startup complete.", .serving),
            // Unverified: the HTTP server's own words where its log is not set up otherwise.
            Phrase("Uvicorn running on", .serving),
        ],
        processes: [
            Phrase("(APIServer", .process(.configuring)),
            Phrase("(EngineCore", .process(.startingEngine)),
            Phrase("(Worker", .process(.startingEngine)),
            Phrase("(VllmWorker", .process(.startingEngine)),
        ])

    /// Unverified as a whole. The HTTP server comes up first and answers 503 until a request of SGLang's own has gone
    /// through, which is what the last line says.
    static let sglang = StartMarkers(
        phrases: [
            Phrase("server_args=", .startingEngine),
            Phrase("Load weight begin", .loadingWeights),
            Phrase("Load weight end", completes: .loadingWeights),
            Phrase("KV Cache is allocated", .measuringMemory),
            Phrase("Memory pool end", .measuringMemory),
            Phrase("Capture cuda graph begin", .capturingGraphs),
            Phrase("Capture cuda graph end", completes: .capturingGraphs),
            Phrase("Started server process", .startingServer),
            Phrase("Application startup complete.", .startingServer),
            Phrase("The server is fired up", .serving),
        ])

    /// uvicorn binds between "Application startup complete." and this line. Unverified: vLLM keeps it to itself.
    static let plain = StartMarkers(phrases: [Phrase("Uvicorn running on", .serving)])
}
