import VariableCatalog

/// Which variables of our own environment each kind of process gets: a list of what is allowed, never of what is not.
///
/// The engine runs third-party code (`trust-remote-code`); keys of the object store, of the API or of model hosters are
/// none of its business.
enum ServiceEnvironment {
    private static let everybody = ["PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER", "LOGNAME"]

    private static let engine = [
        "LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CUDA_", "NVIDIA_", "NCCL_",
        "TORCH", "PYTORCH_", "VLLM_",
        "TRITON_", "FLASHINFER_", "PADDLE_PDX_", "PADDLEX_HOME", "HF_HOME", "HF_HUB_", "HF_ENDPOINT",
        "HUGGINGFACE_HUB_CACHE",
        "TRANSFORMERS_", "XDG_CACHE_HOME", "OMP_", "MKL_", "TOKENIZERS_", "SSL_CERT_", "http_proxy", "https_proxy",
        "no_proxy", "HTTP_PROXY",
        "HTTPS_PROXY", "NO_PROXY", "DO_NOT_TRACK", "OCR_", "TESSDATA_PREFIX",
    ]
    private static let neverEngine = ["VLLM_URL"]

    private static let api = [
        "OUTPUT_DIR", "VLLM_URL", "USE_VLM_API", "COXSWAIN_", "WARMUP_", "FONTCONFIG_", "XDG_DATA_", "SSL_CERT_",
    ]

    private static let preload = [
        "HF_TOKEN", "COXSWAIN_MODELS", "COXSWAIN_MODEL_", "COXSWAIN_OFFLINE", "COXSWAIN_LOG_LEVEL", "all_proxy",
        "ALL_PROXY",
    ]
    private static let store = ["AWS_", "CLOUDRU_S3_"]
    private static let proxies = [
        "http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    ]
    /// Any of these has the api ask an object store, for documents or with results.
    private static let usesStore = ["COXSWAIN_S3_ALLOW", "COXSWAIN_S3_RESULTS", "CLOUDRU_S3_BUCKET"]

    /// For an engine whose weights are there: it asks nobody, neither whether they are the newest nor to be counted.
    static let offline = [
        "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
        "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1",
    ]

    static func forEngine(_ own: [String: String]) -> [String: String] {
        var picked = pick(own, everybody + engine).filter { variable in
            !neverEngine.contains(variable.key) && !SecretName.matches(variable.key)
        }
        // The replaced container sets a name that PaddleX does not read.
        if let home = picked["PADDLEX_HOME"], picked["PADDLE_PDX_CACHE_HOME"] == nil {
            picked["PADDLE_PDX_CACHE_HOME"] = home
        }
        return picked
    }

    /// The object store's keys it has where it asks one, and so the way there; nobody else does it ask by way of a proxy.
    static func forAPI(_ own: [String: String]) -> [String: String] {
        let usesStore = usesStore.contains { !(own[$0] ?? "").isEmpty }
        return pick(own, everybody + api + (usesStore ? store + proxies : []))
    }

    /// The only one that may fetch a model, and so the only one with a model hoster's token; the object store's keys it
    /// has where that is a source of models.
    static func forPreload(_ own: [String: String]) -> [String: String] {
        let usesStore = own["COXSWAIN_MODEL_SOURCES"]?.contains("s3://") ?? false
        return forEngine(own).merging(pick(own, preload + (usesStore ? store : []))) { $1 }
    }

    static func forHelpers(_ own: [String: String]) -> [String: String] { pick(own, ["PATH", "LD_LIBRARY_PATH"]) }

    static func forOthers(_ own: [String: String]) -> [String: String] { pick(own, everybody) }

    /// Names that end in `_` are prefixes.
    private static func pick(_ own: [String: String], _ allowed: [String]) -> [String: String] {
        var picked = own.filter { variable in
            // vLLM, too, takes VLLM_PORT=tcp://… for a setting.
            if ServiceLink.isOne(variable.key, value: variable.value) { return false }
            return allowed.contains { $0.hasSuffix("_") ? variable.key.hasPrefix($0) : variable.key == $0 }
        }
        picked["PATH"] = picked["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        // A Python program that hangs says where, when it is sent SIGABRT.
        picked["PYTHONFAULTHANDLER"] = "1"
        return picked
    }
}
