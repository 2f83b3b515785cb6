import Progress
import TestSupport
import Testing

/// Lines written by hand after what is known of formats for which no log of a real start was at hand, and lines that
/// nobody should have to expect.
@Suite struct StartLogFormatsTests {
    private func texts(_ format: LogFormat, _ lines: [String]) -> [String?] {
        var log = StartLog(format: format)
        return lines.map { line in
            switch log.read(line) {
            case .step(let step): step.text
            case .serving: "serving"
            case nil: nil
            }
        }
    }

    /// A GPU build: compile, KV cache and graphs, with two bars of graphs.
    @Test func vllmOnGPU() {
        let core = "(EngineCore_DP0 pid=212) INFO 10-06 12:00:03"
        let lines: [(String, String?)] = [
            ("INFO 10-06 11:59:38 [__init__.py:216] Automatically detected platform cuda.", nil),
            (
                "(APIServer pid=1) INFO 10-06 11:59:40 [api_server.py:1839] vLLM API server version 0.11.0",
                "reading the configuration"
            ),
            (
                "(APIServer pid=1) INFO 10-06 11:59:41 [scheduler.py:205] Chunked prefill is enabled with 16384.",
                "reading the configuration"
            ),
            (
                "(APIServer pid=1) INFO 10-06 11:59:50 [utils.py:7] Waiting for 1 local, 0 remote core engine proc(s) to start.",
                "starting the engine"
            ),
            (
                "\(core) [core.py:77] Initializing a V1 LLM engine (v0.11.0) with config: model='m'",
                "starting the engine"
            ),
            ("\(core) [gpu_model_runner.py:2602] Starting to load model /models/m...", "loading weights"),
            ("\(core) [weight_utils.py:9] Prefetching checkpoint files: 40% (2/5)", "loading weights"),
            (
                "(EngineCore_DP0 pid=212) Loading safetensors checkpoint shards:   0% Completed | 0/4 [00:00<?, ?it/s]",
                "loading weights, 0 %"
            ),
            (
                "Loading safetensors checkpoint shards:  25% Completed | 1/4 [00:01<00:03,  1.00s/it]",
                "loading weights, 25 %"
            ),
            ("Loading safetensors checkpoint shards:  25% Completed | 1/4 [00:01<00:03,  1.00s/it]", nil),
            ("\(core) [default_loader.py:267] Loading weights took 1.20 seconds", "loading weights, 100 %"),
            ("\(core) [gpu_model_runner.py:2653] Model loading took 1.8900 GiB and 2.1 seconds", "profiling"),
            ("\(core) [backends.py:548] Using cache directory: /root/x for vLLM's torch.compile", "compiling"),
            ("\(core) [backends.py:559] Dynamo bytecode transform time: 4.1 s", "compiling"),
            ("\(core) [backends.py:197] Cache the graph for dynamic shape for later use", "compiling"),
            ("\(core) [backends.py:218] Compiling a graph for dynamic shape takes 21.40 s", "compiling"),
            ("\(core) [monitor.py:34] torch.compile takes 25.50 s in total", "measuring memory"),
            ("\(core) [gpu_worker.py:298] Available KV cache memory: 30.1 GiB", "measuring memory"),
            ("\(core) [kv_cache_utils.py:1087] GPU KV cache size: 1,234,567 tokens", "measuring memory"),
            (
                "Capturing CUDA graphs (mixed prefill-decode, PIECEWISE):  40%|████      | 4/10 [00:01<00:02,  3.1it/s]",
                "capturing graphs, 20 %"
            ),
            (
                "Capturing CUDA graphs (mixed prefill-decode, PIECEWISE): 100%|██████████| 10/10 [00:03<00:00,  3.1it/s]",
                "capturing graphs, 50 %"
            ),
            (
                "Capturing CUDA graphs (decode, FULL):  50%|█████     | 4/8 [00:01<00:02,  3.1it/s]",
                "capturing graphs, 75 %"
            ),
            (
                "\(core) [gpu_model_runner.py:3480] Graph capturing finished in 12 secs, took 0.60 GiB",
                "capturing graphs, 100 %"
            ),
            (
                "\(core) [core.py:210] init engine (profile, create kv cache, warmup model) took 21.30 seconds",
                "starting the server"
            ),
            (
                "(APIServer pid=1) INFO 10-06 12:00:41 [api_server.py:1971] Starting vLLM API server 0 on http://0.0.0.0:8080",
                "starting the server"
            ),
            ("INFO:     Application startup complete.", "serving"),
            ("Capturing CUDA graphs (decode, FULL): 100%|█████     | 8/8 [00:01<00:02,  3.1it/s]", nil),
        ]
        #expect(texts(.vllm, lines.map(\.0)) == lines.map(\.1))
    }

    /// A line of a phase that is over comes late, from a process that is behind.
    @Test func lateLines() {
        let lines: [(String, String?)] = [
            ("(EngineCore pid=7) INFO [x.py:1] Available KV cache memory: 30.1 GiB", "measuring memory"),
            ("(APIServer pid=1) INFO [x.py:1] Using max model len 8192", nil),
            ("Loading safetensors checkpoint shards: 100% Completed | 4/4 [00:01<00:03,  1.00s/it]", nil),
            ("(Worker pid=8) INFO [x.py:1] Loading weights took 1.20 seconds", nil),
            ("(EngineCore pid=7) INFO [x.py:1] GPU KV cache size: 1,234 tokens", "measuring memory"),
        ]
        #expect(texts(.vllm, lines.map(\.0)) == lines.map(\.1))
    }

    /// Warnings and arguments that name things of later phases.
    @Test(arguments: [
        "Enforce eager set, disabling torch.compile, CUDAGraphs, and JIT kernel warmup.",
        "[frontend.py:12] Inductor compilation was disabled by user settings",
        "WARNING: Application startup failed. Exiting.",
        "Loading took long", "KV cache usage: 0.1%, Prefix cache hit rate: 0.0%",
        "Triton is installed, but doesn't include CPU backend. Disabling Triton.",
    ])
    func noise(_ line: String) {
        var log = StartLog(format: .vllm)
        #expect(log.read(line) == nil)
        #expect(log.step == StartStep(phase: .importing))
    }

    /// Arguments quote whatever they are given; the first phrase says what the line is.
    @Test func quotedPhrases() {
        let line = "(APIServer pid=1) INFO non-default args: {'model': 'Capturing CUDA graphs', 'x': 'init engine ('}"
        #expect(texts(.vllm, [line]) == ["reading the configuration"])
    }

    /// A bar that belongs to no phase is a sign of life while it moves, and changes nothing.
    @Test func download() {
        let lines = [
            "(EngineCore pid=7) INFO [x.py:1] Starting to load model PaddlePaddle/PaddleOCR-VL...",
            "model-00001-of-00002.safetensors:  10%|█         | 120M/1.2G [00:03<00:20, 50MB/s]",
            "model-00001-of-00002.safetensors:  10%|█         | 121M/1.2G [00:03<00:20, 50MB/s]",
            "model-00001-of-00002.safetensors:  11%|█         | 132M/1.2G [00:03<00:20, 50MB/s]",
        ]
        #expect(texts(.vllm, lines) == ["loading weights", "loading weights", nil, "loading weights"])
    }

    @Test func sglang() {
        let lines: [(String, String?)] = [
            ("[2026-01-14 05:48:30] server_args=ServerArgs(model_path='m', port=8080)", "starting the engine"),
            ("[2026-01-14 05:48:40 TP0] Load weight begin. avail mem=22.50 GB", "loading weights"),
            (
                "Loading safetensors checkpoint shards:  50% Completed | 1/2 [00:01<00:01,  1.00s/it]",
                "loading weights, 50 %"
            ),
            ("[2026-01-14 05:48:43 TP0] Load weight end. type=X, avail mem=7.37 GB", "loading weights, 100 %"),
            ("[2026-01-14 05:48:43 TP0] KV Cache is allocated. #tokens: 38141, K size: 2.33 GB", "measuring memory"),
            (
                "[2026-01-14 05:48:44] Capture cuda graph begin. This can take up to several minutes.",
                "capturing graphs"
            ),
            (
                "Capturing batches (bs=8 avail_mem=0.90 GB):  25%|██▌       | 1/4 [00:18<00:00,  4.51s/it]",
                "capturing graphs, 25 %"
            ),
            (
                "Capturing batches (bs=4 avail_mem=0.86 GB):  50%|█████     | 2/4 [00:18<00:00,  4.51s/it]",
                "capturing graphs, 50 %"
            ),
            ("[2026-01-14 05:49:02] Capture cuda graph end. Time elapsed: 18.07 s.", "capturing graphs, 100 %"),
            // It answers 503 until its own first request has gone through.
            ("[2026-01-14 05:49:03] INFO:     Application startup complete.", "starting the server"),
            ("[2026-01-14 05:49:03] INFO:     Uvicorn running on http://127.0.0.1:8080 (Press CTRL+C to quit)", nil),
            ("[2026-01-14 05:49:04] The server is fired up and ready to roll!", "serving"),
        ]
        #expect(texts(.sglang, lines.map(\.0)) == lines.map(\.1))
    }

    /// As coxswain-tesseract writes it.
    @Test func json() {
        let time = #""time":"2026-11-22T17:00:00.000Z""#
        let lines: [(String, String?)] = [
            (#"{\#(time),"level":"info","message":"stopping","signal":15}"#, nil),
            (#"{\#(time),"level":"info","message":"page read","host":"listening"}"#, nil),
            ("listening", nil), (#"{"message":"listening""#, nil), (#"{"message":7}"#, nil), ("{", nil), ("{}", nil),
            (String(repeating: #"{"a":"#, count: 1600), nil),
            (
                #"{\#(time),"level":"info","message":"listening","host":"127.0.0.1","languages":"eng","port":8080,"recognisers":2}"#,
                "serving"
            ),
            (#"{"message":"listening"}"#, nil),
        ]
        #expect(texts(.json, lines.map(\.0)) == lines.map(\.1))
    }

    @Test func plain() {
        let lines: [(String, String?)] = [
            ("INFO:     Application startup complete.", nil),
            ("INFO:     Uvicorn running on http://0.0.0.0:8080 (Press CTRL+C to quit)", "serving"),
        ]
        #expect(texts(.plain, lines.map(\.0)) == lines.map(\.1))
    }

    @Test func names() {
        #expect(LogFormat.allCases.map(\.rawValue) == ["vllm", "sglang", "json", "plain"])
        // Keys of the history: two phases of one name would be one.
        #expect(Set(StartPhase.allCases.map(\.name)).count == StartPhase.allCases.count)
        for format in LogFormat.allCases {
            #expect(format.phases == format.phases.sorted())
            #expect(StartLog(format: format).step == StartStep(phase: format.phases[0]))
        }
        #expect(StartStep(phase: .loadingWeights, fraction: 0.999).text == "loading weights, 99 %")
        #expect(StartStep(phase: .loadingWeights, fraction: 7).text == "loading weights, 100 %")
        #expect(StartStep(phase: .loadingWeights, fraction: -.infinity).text == "loading weights, 0 %")
    }

    /// Broken lines trap nowhere, and no fraction leaves 0…1.
    @Test func garbage() throws {
        var random = TestRandom(seed: 11)
        let pieces = [
            "Loading safetensors checkpoint shards", "Capturing CUDA graphs (decode, FULL)", ":", " ", "%", "%|", "|",
            "/",
            "100", "-1", "nan", "inf", "1e999", String(repeating: "9", count: 400), ".", "0", "(", ")", "(x pid=1)",
            "=",
            " Completed |", "█", "\u{0}", "\u{FFFD}", "{", "\"message\":", "é", "5/0", "0/0", "7/3",
        ]
        for format in LogFormat.allCases {
            var log = StartLog(format: format)
            var filter = ProgressBarFilter()
            for _ in 0..<20_000 {
                let line = (0..<Int.random(in: 0...9, using: &random))
                    .compactMap { _ in pieces.randomElement(using: &random) }.joined()
                if let bar = ProgressBar(line) { #expect((0...1).contains(bar.fraction), "\(line)") }
                _ = filter.writes(line)
                guard case .step(let step) = log.read(line), let fraction = step.fraction else { continue }
                #expect((0...1).contains(fraction), "\(line)")
            }
            #expect(log.read("") == nil)
        }
    }
}
