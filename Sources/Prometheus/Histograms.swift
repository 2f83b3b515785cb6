import Synchronization

/// How often something was how large: counted into buckets, so that many containers' figures can be added up.
package struct Histogram: Sendable, Equatable {
    /// Upper bounds, ascending; what is beyond the last is counted as well.
    package let bounds: [Double]
    /// One for each bound and one for what is beyond, each without those below.
    package private(set) var counts: [UInt64]
    package private(set) var sum: Double

    /// Seconds, for what takes between a moment and ten minutes.
    package static let seconds: [Double] = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
    ]

    package init(bounds: [Double]) {
        self.bounds = bounds.filter(\.isFinite).sorted()
        counts = Array(repeating: 0, count: self.bounds.count + 1)
        sum = 0
    }

    /// - Parameter value: what is no number is not counted; what is below zero, by a clock that was set, counts as zero.
    package mutating func observe(_ value: Double) {
        guard value.isFinite else { return }
        let value = max(0, value)
        var index = 0
        while index < bounds.count, value > bounds[index] { index += 1 }
        counts[index] += 1
        sum += value
    }

    /// Cumulative, as the format wants it.
    package func samples(_ labels: [MetricFamily.Label] = []) -> [MetricFamily.Sample] {
        var samples: [MetricFamily.Sample] = []
        var total: UInt64 = 0
        for (bound, count) in zip(bounds + [.infinity], counts) {
            total += count
            let label = MetricFamily.Label("le", MetricsText.number(bound))
            samples.append(.init(suffix: "_bucket", labels + [label], Double(total)))
        }
        return samples + [.init(suffix: "_sum", labels, sum), .init(suffix: "_count", labels, Double(total))]
    }
}

/// Histograms of one name, told apart as ``Counters`` are.
package final class Histograms<Key: Hashable & Sendable>: Instrument {
    private let name: String
    private let help: String
    private let bounds: [Double]
    private let labels: @Sendable (Key) -> [MetricFamily.Label]
    private let histograms: Mutex<[Key: Histogram]>

    /// - Parameters: as those of ``Counters``, and the buckets' upper bounds.
    package init(
        _ name: String, _ help: String, bounds: [Double] = Histogram.seconds, keys: [Key] = [],
        labels: @escaping @Sendable (Key) -> [MetricFamily.Label]
    ) {
        self.name = name
        self.help = help
        self.bounds = bounds
        self.labels = labels
        let empty = Histogram(bounds: bounds)
        histograms = Mutex(Dictionary(keys.map { ($0, empty) }, uniquingKeysWith: { first, _ in first }))
    }

    package func observe(_ value: Double, _ key: Key) {
        histograms.withLock { $0[key, default: Histogram(bounds: bounds)].observe(value) }
    }

    package var family: MetricFamily {
        // Whole histograms are put in order, not their samples: a bucket's place is by its bound.
        let known = histograms.withLock { $0 }.map { (labels: labels($0.key), histogram: $0.value) }
            .sorted { $0.labels.map(\.value).lexicographicallyPrecedes($1.labels.map(\.value)) }
        return MetricFamily(name, .histogram, help, known.flatMap { $0.histogram.samples($0.labels) })
    }
}

extension Histograms where Key == Unlabelled {
    package convenience init(_ name: String, _ help: String, bounds: [Double] = Histogram.seconds) {
        self.init(name, help, bounds: bounds, keys: [Unlabelled()]) { _ in [] }
    }

    package func observe(_ value: Double) { observe(value, Unlabelled()) }
}
