import Prometheus

/// What an engine says of its own queue.
package struct EngineQueue: Sendable, Equatable {
    /// Requests that it works on; nil where it does not say.
    package var running: Int?
    /// Requests that it has and does not work on yet.
    package var waiting: Int

    package init(running: Int?, waiting: Int) {
        self.running = running
        self.waiting = waiting
    }

    /// Reads the metrics of vLLM or SGLang.
    ///
    /// - Returns: nil where there is no word of a queue.
    package init?(metrics: [UInt8]) {
        let running = ["vllm:num_requests_running", "sglang:num_running_reqs"]
        let waiting = ["vllm:num_requests_waiting", "sglang:num_queue_reqs"]
        let sums = PrometheusText.sums(of: Set(running + waiting), in: metrics)
        guard let queued = waiting.lazy.compactMap({ sums[$0] }).first else { return nil }
        self.waiting = Self.count(queued)
        self.running = running.lazy.compactMap { sums[$0] }.first.map(Self.count)
    }

    private static func count(_ value: Double) -> Int { Int(min(value, 1_000_000)) }
}
