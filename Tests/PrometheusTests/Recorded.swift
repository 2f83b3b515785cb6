import TestSupport

/// What real engines answered to `GET /metrics`.
enum Recorded {
    /// vLLM 0.32 with PaddleOCR-VL; what describes the metrics, and their buckets, were left out when it was written down.
    static var vllm: [UInt8] {
        get throws { Array(try RepositoryFile.text("Tests/PrometheusTests/Recorded/vllm.txt").utf8) }
    }
}
