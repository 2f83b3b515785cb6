import Lifecycle
import Testing

/// What an engine's end is taken for; by default one that exits with status 1 before it was ready.
func diagnosis(
    _ lines: [String], exit: Exit? = .code(1), failure: String? = nil, wasReady: Bool = false, outOfMemoryKills: Int = 0
) -> Diagnosis {
    Diagnosis.of(
        exit: exit, failure: failure, wasReady: wasReady,
        evidence: Evidence(lines: lines, outOfMemoryKills: outOfMemoryKills))
}

/// A line of a log and what it must be taken for.
struct KnownLine: Sendable, CustomTestStringConvertible {
    var kind: Diagnosis.Kind
    var canRetry: Bool
    var line: String
    var exit = Exit.code(1)
    var testDescription: String { "\(kind): \(line.prefix(90))" }

    init(_ kind: Diagnosis.Kind, canRetry: Bool = false, _ line: String, exit: Exit = .code(1)) {
        self.kind = kind
        self.canRetry = canRetry
        self.line = line
        self.exit = exit
    }
}

@Suite struct DiagnosisTests {
    private static let worker = "(EngineCore_DP0 pid=272) ERROR 11-22 10:00:00 [core.py:708] "
    /// What vLLM says after any failed start: none of it may hide the cause above it.
    private static let echo = [
        "(EngineCore_DP0 pid=272) ERROR 11-22 10:00:01 [core.py:1510] EngineCore failed to start.",
        "(EngineCore_DP0 pid=272) Process EngineCore_DP0:",
        "(EngineCore_DP0 pid=272) Traceback (most recent call last):",
        "(EngineCore_DP0 pid=272)   File \"/usr/lib/python3.12/multiprocessing/process.py\", line 314, in _bootstrap",
        "(EngineCore_DP0 pid=272)     self.run()",
        "(APIServer pid=1) Traceback (most recent call last):",
        "(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. "
            + "Failed core proc(s): {'EngineCore_DP0': 1}",
    ]

    /// Every row of the facts about vLLM's failure lines, and more that PaddleX, PyTorch and Hugging Face's
    /// libraries print.
    static let rows: [KnownLine] = [
        KnownLine(
            .gpuMemory, canRetry: true,
            worker
                + "ValueError: Free memory on device cuda:0 (3.1/23.64 GiB) on startup is less than desired GPU memory "
                + "utilization (0.5, 11.82 GiB). Decrease GPU memory utilization or reduce GPU memory used by other "
                + "processes."
        ),
        KnownLine(
            .gpuMemory,
            worker
                + "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when "
                + "initializing the engine."),
        KnownLine(
            .gpuMemory,
            "(EngineCore pid=27) INFO 11-22 10:00:00 [gpu_worker.py:298] Available KV cache memory: -1.25 GiB"),
        KnownLine(
            .gpuMemory,
            worker
                + "ValueError: To serve at least one request with the models's max seq len (131072), (14.00 GiB KV "
                + "cache is "
                + "needed, which is larger than the available KV cache memory (5.2 GiB)."),
        KnownLine(
            .gpuMemory,
            worker
                + "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.50 GiB. GPU 0 has a total "
                + "capacity of "
                + "11.63 GiB of which 312.00 MiB is free."),
        KnownLine(
            .gpuMemory,
            "(EngineCore pid=36) ERROR 11-22 10:00:00 [gpu_model_runner.py:4818] Failed to load model - not enough "
                + "GPU memory. "
                + "Try lowering --gpu-memory-utilization to free memory for weights."),
        KnownLine(.gpuMissing, worker + "RuntimeError: No CUDA GPUs are available"),
        KnownLine(
            .gpuMissing,
            "RuntimeError: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and "
                + "installed a driver"
        ),
        KnownLine(.gpuMissing, "ImportError: libcuda.so.1: cannot open shared object file: No such file or directory"),
        KnownLine(
            .gpuMissing,
            "RuntimeError: Failed to infer device type, please set the environment variable "
                + "`VLLM_LOGGING_LEVEL=DEBUG`"),
        KnownLine(
            .driver,
            worker + "RuntimeError: CUDA error: CUDA driver version is insufficient for CUDA runtime version"),
        KnownLine(
            .driver, worker + "RuntimeError: CUDA error: no kernel image is available for execution on the device"),
        KnownLine(
            .gpuFault, canRetry: true,
            "/pytorch/aten/src/ATen/native/cuda/Indexing.cu:1553: indexSelectLargeIndex: block: [7,0,0], thread: "
                + "[0,0,0] "
                + "Assertion `srcIndex < srcSelectDimSize` failed.\u{1B}[0m CUDA error: device-side assert triggered"),
        KnownLine(
            .gpuFault, canRetry: true,
            worker + "torch.AcceleratorError: CUDA error: an illegal memory access was encountered"),
        KnownLine(
            .gpuFault, canRetry: true, worker + "RuntimeError: CUDA error: uncorrectable ECC error encountered"),
        KnownLine(
            .gpuFault, canRetry: true,
            "NVRM: Xid (PCI:0000:65:00): 79, pid=1204, name=VLLM::EngineCor, GPU has fallen off the bus."),
        KnownLine(
            .gpuFault, canRetry: true, "  what():  CUDA error: an illegal memory access was encountered",
            exit: .signal(6)),
        KnownLine(.portTaken, canRetry: true, "OSError: [Errno 98] Address already in use"),
        KnownLine(
            .portTaken, canRetry: true,
            "ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8080): address already in use"
        ),
        KnownLine(
            .offline,
            "\u{1B}[33mNo model hoster is available! Please check your network connection to one of the following "
                + "model "
                + "hoster: HuggingFace (https://huggingface.co), ModelScope (https://modelscope.cn)\u{1B}[0m"),
        KnownLine(
            .offline,
            "Exception: No available model hosting platforms detected. Please check your network "
                + "connection."),
        KnownLine(
            .offline,
            "requests.exceptions.ConnectionError: (MaxRetryError(\"HTTPSConnectionPool(host='huggingface.co', "
                + "port=443): "
                + "Max retries exceeded with url: /api/models/x\"))"),
        KnownLine(
            .offline, "Connection error, and we cannot find the requested files in the cache of huggingface_hub."),
        KnownLine(
            .offline,
            "huggingface_hub.errors.LocalEntryNotFoundError: Cannot find an appropriate cached snapshot folder"),
        KnownLine(
            .credentials,
            "requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: https://huggingface.co/api/models/x"
        ),
        KnownLine(
            .credentials, "OSError: You are trying to access a gated repo."),
        KnownLine(
            .credentials, "huggingface_hub.errors.GatedRepoError: 403 Client Error. (Request ID: Root=1-67)"),
        KnownLine(
            .modelMissing,
            "OSError: /models/typo is not a local folder and is not a valid model identifier listed on "
                + "'https://huggingface.co/models'"),
        KnownLine(.modelMissing, "Exception: Failed to get model directory: PaddleOCR-VL-9B"),
        KnownLine(
            .modelMissing,
            worker + "safetensors_rust.SafetensorError: Error while deserializing header: MetadataIncompleteBuffer"),
        KnownLine(.diskFull, worker + "OSError: [Errno 28] No space left on device"),
        KnownLine(.diskFull, worker + "OSError: [Errno 28] No space left on device: '/dev/shm/psm_1f2e3d'"),
        KnownLine(
            .workerHung, canRetry: true,
            "(EngineCore pid=39) INFO 11-22 10:01:01 [shm_broadcast.py:705] No available shared memory broadcast "
                + "block found "
                + "in 60 seconds. This typically happens when some processes are hanging"),
        KnownLine(
            .engineDied, canRetry: true,
            "(EngineCore pid=39) ERROR 11-22 10:01:01 [core.py:1510] EngineCore failed to start."),
        KnownLine(
            .engineDied, canRetry: true,
            "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}"),
        KnownLine(
            .engineDied, canRetry: true,
            "(EngineCore pid=39) ERROR 11-22 10:01:01 [core.py:1512] EngineCore encountered a fatal error."),
        KnownLine(
            .engineDied, canRetry: true,
            "vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue. See stack trace (above) for "
                + "the "
                + "root cause.", exit: .code(0)),
        KnownLine(
            .hostMemory,
            "ValueError: Available memory on node 0 (10.61/12.46 GiB) on kv cache allocation is less than requested memory "
                + "for kv (4000.0 GiB). Decrease --kv-cache-memory-bytes, VLLM_CPU_KVCACHE_SPACE, or reduce CPU memory"),
        KnownLine(.settings, "vllm: error: unrecognized arguments: --no-such-flag", exit: .code(2)),
        KnownLine(
            .settings,
            "paddlex_genai_server: error: argument --backend: invalid choice: 'vlm' (choose from 'vllm', 'sglang')",
            exit: .code(2)),
        KnownLine(
            .library,
            "ImportError: /opt/venv/lib/python3.12/site-packages/torch/lib/libtorch_cuda.so: undefined symbol: "
                + "ncclCommWindowRegister"),
        KnownLine(
            .library,
            "vllm: error while loading shared libraries: libnuma.so.1: cannot open shared object file: No such file",
            exit: .code(127)),
        KnownLine(.notStarted, "/bin/sh: 1: paddlex_genai_server: not found", exit: .code(127)),
        KnownLine(.permission, "/bin/sh: 1: /opt/engine: Permission denied", exit: .code(126)),
        KnownLine(.permission, "PermissionError: [Errno 13] Permission denied: '/root/.cache'"),
    ]

    @Test(arguments: rows) func knowsTheLine(_ row: KnownLine) {
        let before = "(APIServer pid=1) INFO 11-22 09:59:50 [model.py:733] Resolved architecture: X"
        // An engine that ends in this way says what follows from it, too.
        let after = row.exit == .code(1) && row.kind != .workerHung && row.kind != .permission ? Self.echo : []
        let result = diagnosis([before, row.line] + after, exit: row.exit)
        #expect(result.kind == row.kind)
        #expect(result.canRetry == row.canRetry)
        #expect(result.cause.hasPrefix("\(row.exit)"), "\(result.cause)")
        #expect(result.cause.last != ".")
        #expect(result.hint?.isEmpty == false)
        #expect(result.evidence?.isEmpty == false)
        // What had been ready is never given up for what its log says.
        #expect(diagnosis([before, row.line] + after, exit: row.exit, wasReady: true).canRetry)
    }

    /// The last row of the facts: nothing in the log, but the kernel counted.
    @Test(arguments: [Exit.signal(9), .code(137), .code(1), .code(0)]) func aKillAtTheMemoryLimit(_ exit: Exit) {
        let result = diagnosis(["loading"], exit: exit, outOfMemoryKills: 1)
        #expect(result.kind == .hostMemory)
        #expect(result.canRetry)
        #expect(result.cause.hasSuffix("; the kernel killed a process at the memory limit"), "\(result.cause)")
        #expect(!result.cause.contains("from outside"))
    }

    @Test func aKillInTheContainerHidesNoCause() {
        let result = diagnosis(["OSError: [Errno 98] Address already in use"], outOfMemoryKills: 2)
        #expect(result.kind == .portTaken)
    }

    @Test func theEvidenceIsBoundedAndPrintable() {
        let result = diagnosis([
            "\u{1B}[31mRuntimeError: No CUDA GPUs are available\u{7}\t" + String(repeating: "é", count: 5000)
        ])
        #expect(result.kind == .gpuMissing)
        #expect(result.evidence?.count == 300)
        #expect(result.evidence?.hasPrefix("RuntimeError: No CUDA GPUs are available  éé") == true, "\(result)")
    }

    // MARK: What is no cause

    @Test(arguments: [
        // Levels.
        "(APIServer pid=1) WARNING 11-22 10:00:00 [interface.py:221] Failed to import from vllm._C with "
            + "ImportError('libcuda.so.1: cannot open shared object file: No such file or directory')",
        "(APIServer pid=1) INFO 11-22 10:00:00 [logger.py:40] Received request cmpl-1: prompt: 'CUDA error: "
            + "device-side assert'",
        "[W1122 08:37:38.747298158 socket.cpp:68] Warning: Address already in use",
        "/opt/venv/torch/cuda/__init__.py:129: UserWarning: CUDA initialization: Found no NVIDIA driver on your "
            + "system.",
        "{\"time\":\"2025-11-22T10:00:00Z\",\"level\":\"warning\",\"message\":\"No space left on device\"}",
        "[2025-11-22 10:00:00 TP0] WARNING: CUDA out of memory, trying again",
        "INFO:     127.0.0.1:41304 - \"GET /no-such-file?q=CUDA+error:+uncorrectable+ECC HTTP/1.1\" 404 Not Found",
        // Said by a vLLM that is given a local folder, and that then starts.
        "(APIServer pid=7) ERROR 11-22 10:00:00 [config.py:128] Error retrieving safetensors: Repo id must be in the "
            + "form "
            + "'repo_name' or 'namespace/repo_name': '/data/model'. Use `repo_type` argument if needed.",
        // Quoted source.
        "(EngineCore pid=7) ERROR 11-22 10:00:00 [core.py:1]     raise RuntimeError(\"No CUDA GPUs are available\")",
        "resource_tracker: process died unexpectedly, relaunching.  Some resources might leak.",
        // Only with argparse's exit status.
        "vllm: error: unrecognized arguments: --foo",
        // Words inside of words.
        "maxid 79, maxid: 79 and xidle (0)",
    ])
    func saysNothing(_ line: String) {
        let result = diagnosis([line], exit: .code(3))
        #expect(result.kind == .exit)
        #expect(result.cause == "exited with status 3")
        #expect(result.hint == nil)
        #expect(result.evidence == nil)
        #expect(result.canRetry)
    }

    @Test func whatWasSurvivedIsNoCause() {
        let old = "OSError: [Errno 28] No space left on device"
        let up = "INFO:     Application startup complete."
        let healthy = "INFO:     127.0.0.1:41304 - \"GET /health HTTP/1.1\" 200 OK"
        #expect(diagnosis([old, up], exit: .signal(9), wasReady: true).kind == .killed)
        #expect(diagnosis([up, old, healthy, healthy], exit: .signal(9), wasReady: true).kind == .killed)
        // One answer may have been on its way.
        #expect(diagnosis([up, old, healthy], exit: .signal(9), wasReady: true).kind == .diskFull)
        // A bind error follows "startup complete".
        #expect(diagnosis([up, "ERROR:    [Errno 98] address already in use"]).kind == .portTaken)
        // A hung engine answers /health.
        let hung =
            "(EngineCore pid=3) INFO 11-22 10:00:00 [shm_broadcast.py:7] No available shared memory broadcast block "
            + "found in 60 seconds."
        let result = diagnosis(
            [hung, up, hung, healthy, healthy, healthy], exit: .signal(15), failure: "2 requests got no answer",
            wasReady: true)
        #expect(result.kind == .workerHung)
        #expect(result.cause == "2 requests got no answer; a worker of its engine hangs")
        #expect(diagnosis([hung, up, healthy], exit: .signal(15), failure: "x", wasReady: true).kind == .hung)
    }

    @Test func theEarliestCauseCounts() {
        let lines = [
            "(Worker pid=3) ERROR 11-22 10:00:00 [worker.py:1] RuntimeError: CUDA error: an illegal memory access "
                + "was encountered",
            "(EngineCore pid=2) ERROR 11-22 10:00:00 [core.py:1] torch.OutOfMemoryError: CUDA out of memory.",
        ]
        #expect(diagnosis(lines).kind == .gpuFault)
        #expect(diagnosis(lines.reversed()).kind == .gpuMemory)
    }

    /// Who killed it, and why, is not what a log tells.
    @Test func aKillFromOutsideIsNeverFatal() {
        let lines = ["OSError: [Errno 28] No space left on device"]
        #expect(diagnosis(lines, exit: .signal(9)).canRetry)
        #expect(diagnosis(lines, exit: .code(143)).canRetry)
        #expect(!diagnosis(lines, exit: .signal(6)).canRetry)
    }

    /// Programs try optional libraries and go on without them.
    @Test func aMissingLibraryIsACauseOnlyAsTheLastWord() {
        let missing = "ModuleNotFoundError: No module named 'flash_attn'"
        let later = (0..<6).map { "line \($0)" }
        #expect(diagnosis([missing]).kind == .library)
        #expect(!diagnosis([missing]).canRetry)
        let result = diagnosis([missing] + later + ["ValueError: something else"])
        #expect(result.kind == .exit)
        #expect(result.cause == "exited with status 1: ValueError: something else")
        #expect(result.canRetry)
        #expect(diagnosis([missing], exit: .signal(9)).kind == .killed)
    }

    /// Whether weights are present is not what this line tells.
    @Test func aHintOfOfflineIsNoCauseBesideAnException() {
        let hint = "No model hoster is available! Please check your network connection"
        let result = diagnosis([hint, "ValueError: something else"])
        #expect(result.kind == .exit)
        #expect(result.cause == "exited with status 1: ValueError: something else")
        #expect(diagnosis([hint], failure: "it was not ready within 9 min").canRetry)
    }

    /// Text without sense, built of the words of real causes and of anything else, is never taken for a fatal cause.
    @Test func garbageIsNeverFatal() {
        var random = SeededRandom(seed: 20)
        let words = [
            "CUDA", "error", "memory", "of", "No", "space", "device", "Address", "in", "use", "GPU", "driver", "model",
            "repo",
            "library", "symbol:", "EngineCore", "Xid", "401", "arguments:", "\u{1B}[31m", "(", ")", "pid=1",
            "{\"level\":", "ü",
        ]
        for _ in 0..<2_000 {
            let lines = (0..<5).map { _ in
                (0..<Int.random(in: 0..<12, using: &random)).map { _ in
                    Bool.random(using: &random)
                        ? words[Int.random(in: 0..<words.count, using: &random)]
                        : String(
                            decoding: (0..<8).map { _ in UInt8.random(in: 0...255, using: &random) }, as: UTF8.self)
                }.joined(separator: " ")
            }
            let result = diagnosis(lines)
            #expect(result.canRetry, "\(lines)")
        }
    }
}
