/// Values out of Prometheus' text format (version 0.0.4), as far as an engine's own queue needs them. Pure.
enum PrometheusText {
    /// The sum of each name's samples, whatever their labels: an engine has one sample for each of its cores.
    ///
    /// A line that cannot be understood, and a value that is no finite number of at least zero, is passed over.
    ///
    /// - Returns: nothing for a name without a sample.
    static func sums(of names: Set<String>, in body: [UInt8]) -> [String: Double] {
        let names = names.map { (name: $0, bytes: Array($0.utf8)) }
        var sums: [String: Double] = [:]
        for line in body.split(separator: UInt8(ascii: "\n")) {
            // Of some thousand lines a handful is wanted.
            guard let name = names.first(where: { line.starts(with: $0.bytes) }),
                let value = value(after: line.dropFirst(name.bytes.count))
            else { continue }
            sums[name.name, default: 0] += value
        }
        return sums
    }

    /// `{label="…",…} value timestamp`, of which labels and timestamp may be missing.
    private static func value(after rest: ArraySlice<UInt8>) -> Double? {
        var rest = rest
        if rest.first == UInt8(ascii: "{") {
            guard let end = endOfLabels(rest) else { return nil }
            rest = rest[end...].dropFirst()
        } else if rest.first.map(isBlank) != true {
            // A longer name that begins alike.
            return nil
        }
        guard let word = rest.split(whereSeparator: isBlank).first, word.count <= 64,
            let value = Double(String(decoding: word, as: UTF8.self)), value.isFinite, value >= 0
        else { return nil }
        return value
    }

    /// Where the brace stands that closes the labels; one inside quotation marks does not.
    private static func endOfLabels(_ labels: ArraySlice<UInt8>) -> Int? {
        var isQuoted = false
        var isEscaped = false
        for (index, byte) in zip(labels.indices, labels) {
            if isEscaped {
                isEscaped = false
            } else if isQuoted, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if !isQuoted, byte == UInt8(ascii: "}") {
                return index
            }
        }
        return nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }
}

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
