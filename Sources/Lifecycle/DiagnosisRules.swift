/// What a line in a log says about the end of its service.
struct DiagnosisRule: Sendable {
    /// How far a line that matches is believed.
    enum Standing: Sendable {
        /// A cause, wherever it stands: later lines only follow from it.
        case cause
        /// A cause only as the last thing that was said: programs survive such lines.
        case lastWord
        /// Perhaps: only where nothing else explains the end.
        case clue
        /// What a deeper cause looks like from above: only where that cause is not found.
        case symptom
    }

    var kind: Diagnosis.Kind
    var standing = Standing.cause
    /// The quietest level of a line that is believed.
    var quietest = LogLine.Level.unmarked
    /// Exit statuses that go with it; empty: any end.
    var codes: Set<Int32> = []
    /// One of these must match, and matches when all its phrases stand in the line. Lower case.
    var phrases: [[String]]
    /// Completes "exited with status 1: …".
    var cause: String
    /// Adds to the cause what stands in the line between the two, e.g. the name of a library.
    var naming: (after: String, until: String)?
    var hint: String
    /// A retry can help an instance that never was ready.
    var canRetry: Bool
}

extension DiagnosisRule {
    private static func rule(
        _ kind: Diagnosis.Kind, _ phrases: [[String]], _ cause: String, hint: String, canRetry: Bool = false,
        naming: (after: String, until: String)? = nil, quietest: LogLine.Level = .unmarked, codes: Set<Int32> = [],
        standing: Standing = .cause
    ) -> DiagnosisRule {
        DiagnosisRule(
            kind: kind, standing: standing, quietest: quietest, codes: codes, phrases: phrases, cause: cause,
            naming: naming, hint: hint, canRetry: canRetry)
    }

    /// Where the engine's own settings are.
    private static let engineSettings =
        "in the command of [service.engine] (flags of vllm serve, or the file of paddlex_genai_server's "
        + "--backend_config)"

    private static let commandHint = "correct the command of this service in [service.…] of the settings file"

    /// In order: of two that match one line, the first counts.
    ///
    /// Lines as vLLM 0.10 to 0.33, PaddleX 3, PyTorch, Hugging Face's libraries, CUDA, glibc and shells print them.
    static let all: [DiagnosisRule] = flags + gpu + memory + model + place + libraries + symptoms

    // MARK: Flags and settings

    private static let flags: [DiagnosisRule] = [
        rule(
            .settings, [["error: unrecognized arguments"]], "it does not know the arguments",
            hint: commandHint, naming: ("unrecognized arguments: ", ""), codes: [2]),
        rule(
            .settings,
            [["error: argument "], ["error: invalid choice"], ["error: the following arguments are required"]],
            "an argument of its command is wrong", hint: commandHint, naming: ("error: ", ""), codes: [2]),
        rule(
            .settings,
            [["error: unknown option"], ["error: unexpected argument"], ["error: missing expected argument"]],
            "an argument of its command is wrong", hint: commandHint, naming: ("error: ", ""), codes: [64]),
        rule(
            .settings,
            [
                ["is greater than the derived max_model_len"],
                ["max_num_batched_tokens", "is smaller than max_model_len"],
            ], "max-model-len does not fit the model", hint: "lower max-model-len \(engineSettings)"),
        rule(
            .settings,
            [
                ["model architectures", "are not supported"], ["transformers does not recognize this architecture"],
                ["is not supported for now", "architectures"],
            ], "its version of vLLM does not know this model",
            hint:
                "use an image with a newer vLLM (PaddleOCR-VL needs 0.11.1, or paddlex_genai_server), or another "
                + "model"),
        rule(
            .settings, [["trust_remote_code=true"]], "the model needs trust-remote-code",
            hint: "add --trust-remote-code \(engineSettings)"),
        rule(
            .settings, [[" value error, ", "[type=value_error"]], "vLLM refuses its settings",
            hint: "correct what the line names, \(engineSettings)", naming: ("Value error, ", ". ")),
    ]

    // MARK: GPU

    private static let gpu: [DiagnosisRule] = [
        rule(
            .gpuFault,
            [
                [" xid "], [" xid ("], [" xid:"], [" xid="], ["nvrm: xid"], ["has fallen off the bus"], ["gpu is lost"],
                ["uncorrectable ecc"], ["uncorrectable nvlink"], ["illegal memory access"],
                ["cuda_error_illegal_address"],
                ["device-side assert"], ["an illegal instruction was encountered"], ["cuda error: misaligned address"],
                ["cuda error: unspecified launch failure"], ["cuda error: hardware stack error"],
                ["cublas_status_execution_failed"],
            ], "the GPU reported a fault",
            hint: "it is started again; if this repeats, give the node back and look for Xid in its kernel log (dmesg)",
            canRetry: true),
        rule(
            .gpuMissing,
            [
                ["failed to initialize nvml: unknown error"], ["cuda unknown error"],
            ], "the container has lost its GPU",
            hint:
                "start the container anew; if it comes back, see the NVIDIA container toolkit about systemd and cgroups"
        ),
        rule(
            .driver,
            [
                ["cuda driver version is insufficient"], ["no kernel image is available for execution"],
                ["the nvidia driver on your system is too old"], ["driver/library version mismatch"],
                ["forward compatibility was attempted on non supported hw"], ["compiled with an unsupported toolchain"],
            ], "the GPU or its driver does not fit this image's CUDA",
            hint: "update the node's NVIDIA driver, or use an image made for this GPU and driver"),
        rule(
            .gpuMissing,
            [
                ["no cuda gpus are available"], ["found no nvidia driver"], ["libcuda.so.1: cannot open"],
                ["no cuda-capable device is detected"], ["failed to infer device type"],
                ["device string must not be empty"],
                ["torch not compiled with cuda enabled"], ["cuda error: invalid device ordinal"],
            ], "no GPU is visible to it",
            hint: "start the container with a GPU (docker run --gpus all; Kubernetes: nvidia.com/gpu) and check "
                + "CUDA_VISIBLE_DEVICES, or ask for the CPU engine (engine = \"tesseract\")"),
    ]

    // MARK: Memory

    private static let memory: [DiagnosisRule] = [
        rule(
            .gpuMemory, [["on startup is less than desired gpu memory utilization"]], "the GPU's memory was not free",
            hint:
                "it is started again once the memory is back; if this repeats, another program uses the GPU "
                + "(nvidia-smi): "
                + "end it, or lower gpu-memory-utilization \(engineSettings)", canRetry: true),
        rule(
            .hostMemory, [["on startup is less than desired cpu memory utilization"]],
            "too little of the machine's memory was free",
            hint:
                "lower gpu-memory-utilization (it means the machine's memory here) \(engineSettings), or end what "
                + "uses the memory",
            canRetry: true),
        rule(
            .hostMemory, [["on kv cache allocation is less than requested memory for kv"]],
            "the machine's memory has no room for the KV cache",
            hint:
                "lower VLLM_CPU_KVCACHE_SPACE (GiB) or max-model-len \(engineSettings), or give the container more memory"
        ),
        rule(
            .gpuMemory,
            [
                ["no available memory for the cache blocks"], ["larger than the available kv cache memory"],
                ["larger than the maximum number of tokens that can be stored in kv cache"],
                ["insufficient gpu memory for kv cache"],
            ], "the GPU's memory has no room for the KV cache",
            hint: "lower max-num-batched-tokens and max-model-len (16384 fits 12 GB), or raise gpu-memory-utilization, "
                + engineSettings),
        rule(
            .gpuMemory, [["available kv cache memory: -"]], "the GPU's memory has no room for the KV cache",
            hint: "lower max-num-batched-tokens and max-model-len (16384 fits 12 GB), or raise gpu-memory-utilization, "
                + engineSettings, quietest: .info),
        rule(
            .gpuMemory,
            [
                ["cuda out of memory"], ["torch.outofmemoryerror"], ["failed to load model - not enough gpu memory"],
                ["cuda error: out of memory"], ["cublas_status_alloc_failed"], ["out of memory error on gpu"],
                ["cuda_error_out_of_memory"],
            ], "the GPU's memory ran out",
            hint:
                "lower max-num-batched-tokens, max-model-len or gpu-memory-utilization \(engineSettings), and see with "
                + "nvidia-smi who else uses the GPU"),
        rule(
            .hostMemory,
            [
                ["defaultcpuallocator: can't allocate memory"], ["cannot allocate memory"], ["std::bad_alloc"],
            ], "the machine's memory ran out", hint: Diagnosis.moreMemory, canRetry: true, standing: .lastWord),
    ]

    // MARK: The model

    private static let model: [DiagnosisRule] = [
        rule(
            .credentials,
            [
                ["401 client error"], ["gated repo"], ["gatedrepoerror"], ["403 client error", "huggingface"],
                ["invalid user token"],
            ], "the model's host refused access (no token, or no such model)",
            hint:
                "put the weights in place beforehand, or download them with the HF_TOKEN of an account that may read "
                + "them; "
                + "the engine itself is never given it"),
        rule(
            .offline,
            [
                ["connection error", "huggingface"], ["connectionerror", "huggingface"],
                ["max retries exceeded", "huggingface"],
                ["couldn't connect to", "huggingface"], ["localentrynotfounderror"], ["offlinemodeisenabled"],
                ["no available model hosting platforms detected"],
            ], "the weights are not here and their host cannot be reached", hint: preloadHint),
        // Said as well where the weights are present and all is well.
        rule(
            .offline, [["no model hoster is available"]], "the weights are not here and their host cannot be reached",
            hint: preloadHint, quietest: .warning, standing: .clue),
        rule(
            .modelMissing,
            [
                ["is not a local folder and is not a valid model identifier"], ["failed to get model directory"],
                ["repo id must be in the form"], ["invalid repository id or local directory specified"],
                ["cannot find any model weights with"], ["error no file named"],
                ["does not appear to have a file named config.json"],
            ], "there is no such model",
            hint: "correct the model's name or folder \(engineSettings), and check the volume with the weights "
                + "(PADDLE_PDX_CACHE_HOME, HF_HOME)"),
        rule(
            .modelMissing,
            [
                ["metadataincompletebuffer"], ["incomplete metadata, file not fully covered"], ["headertoolarge"],
                ["invalidheaderdeserialization"],
            ], "the weights are broken or half downloaded",
            hint: "delete the model's folder and download it again (PADDLE_PDX_CACHE_HOME, HF_HOME)"),
    ]

    private static let preloadHint =
        "put the weights in place beforehand (PADDLE_PDX_CACHE_HOME, HF_HOME on a volume, or an image with weights), "
        + "or give "
        + "the container a way to the model's host (https_proxy)"

    // MARK: Its place in the machine

    static let portHint =
        "see who listens there (ss -ltnp); another port for the engine: VLLM_PORT and the command of [service.engine]"

    private static let place: [DiagnosisRule] = [
        rule(
            .portTaken, [["address already in use"], ["eaddrinuse"]], "its port is taken", hint: portHint,
            canRetry: true),
        rule(
            .diskFull,
            [
                ["no space left on device", "/dev/shm"], ["no space left on device", "psm_"],
                ["bus error", "shared memory"],
            ],
            "/dev/shm is full",
            hint:
                "give the container more of it: docker run --shm-size 2g; Kubernetes: an emptyDir with medium: "
                + "Memory at /dev/shm"
        ),
        rule(
            .diskFull, [["no space left on device"], ["disk quota exceeded"]], "a disk or /dev/shm is full",
            hint:
                "free space where the line says (else df -h: caches under HOME, OUTPUT_DIR, /tmp); /dev/shm grows with "
                + "docker run --shm-size 2g"),
        rule(
            .permission, [["permissionerror: [errno 13]"], ["oserror: [errno 30] read-only file system"]],
            "it may not write where it wants to",
            hint:
                "mount that place writable for this user, or point HOME, HF_HOME, VLLM_CACHE_ROOT or TMPDIR elsewhere",
            naming: (": '", "'"), standing: .lastWord),
        rule(
            .permission, [["permission denied"]], "it may not be executed",
            hint: "check the mode and owner of the program in the command of this service (and noexec mounts)",
            codes: [126], standing: .lastWord),
        rule(
            .notStarted, [["exec format error"]], "the program is made for another kind of machine",
            hint: "use an image for this machine's architecture", codes: [126, 127], standing: .lastWord),
        rule(
            .notStarted, [["command not found"], [": not found"], ["no such file or directory"]],
            "a program is missing",
            hint: "correct the command of this service in [service.…] of the settings file, or its PATH", codes: [127],
            standing: .lastWord),
    ]

    // MARK: Libraries

    private static let libraries: [DiagnosisRule] = [
        rule(
            .library, [["undefined symbol: nccl"]],
            "the NCCL library that it loads is not the one that it was built with",
            hint:
                "take another NCCL out of LD_LIBRARY_PATH and LD_PRELOAD, or reinstall the nvidia-nccl package that "
                + "torch asks for",
            naming: ("undefined symbol: ", "")),
        rule(
            .library, [["error while loading shared libraries"]], "a library is missing",
            hint: "install it in the image or correct LD_LIBRARY_PATH", naming: ("shared libraries: ", ": "),
            codes: [127]),
        rule(
            .library,
            [
                ["undefined symbol: "], ["cannot open shared object file"], ["modulenotfounderror: "],
                ["version `glibc", "not found"],
            ], "a library is missing or does not fit the others",
            hint: "repair the image, or its LD_LIBRARY_PATH and PYTHONPATH",
            naming: ("Error: ", ""), standing: .lastWord),
    ]

    // MARK: Symptoms, the more telling first

    private static let symptoms: [DiagnosisRule] = [
        rule(
            .workerHung, [["rpc call to", "timed out"]], "a worker of its engine hangs", hint: hungHint, canRetry: true,
            standing: .symptom),
        rule(
            .workerHung, [["no available shared memory broadcast block found"]], "a worker of its engine hangs",
            hint: hungHint, canRetry: true, quietest: .info, standing: .symptom),
        rule(
            .engineDied, [["worker proc ", "died unexpectedly"]], "a worker of its EngineCore died", hint: diedHint,
            canRetry: true, standing: .symptom),
        rule(
            .engineDied,
            [
                ["engine core proc ", "died unexpectedly"], ["engine core exited unexpectedly"], ["enginedeaderror"],
                ["enginecore encountered a fatal error"], ["enginecore encountered an issue"],
                ["received sigquit from a child process"],
            ], "its EngineCore died", hint: diedHint, canRetry: true, quietest: .warning, standing: .symptom),
        rule(
            .engineDied, [["enginecore failed to start"], ["engine core initialization failed"]],
            "its EngineCore failed to start", hint: diedHint, canRetry: true, standing: .symptom),
    ]

    private static let hungHint = "it is started again; if this repeats, the node's GPU or driver may be at fault"
    private static let diedHint = "it is started again; the lines before this one in its log say more"
}

/// Phrases that mean something other than a cause.
enum Marker: String, Sendable, CaseIterable {
    /// What went wrong before it came up was not the end of it.
    case cameUp = "application startup complete"
    /// vLLM answers 200 until its engine has reported an error.
    case healthy = "get /health http/1.1\" 200"
    /// What follows a stop says nothing about its reason.
    case stopping = "api server: shutdown triggered"
    /// What follows our own SIGABRT, likewise.
    case aborted = "fatal python error: aborted"
    /// vLLM tries a local folder as a name on the hub, logs the refusal as an error, and goes on.
    case retrievingSafetensors = "error retrieving safetensors"
    case retrievingFileList = "error retrieving file list"
    /// Whoever tries again has not ended.
    case retrying = ", retrying"

    var isHarmless: Bool {
        switch self {
        case .retrievingSafetensors, .retrievingFileList, .retrying: true
        case .cameUp, .healthy, .stopping, .aborted: false
        }
    }
}
