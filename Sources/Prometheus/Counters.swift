import Synchronization

/// Something that can be asked for its metrics.
package protocol Instrument: Sendable {
    var family: MetricFamily { get }
}

/// Counters of one name, told apart by a key whose values are few.
///
/// A key should be a small value of enumerations and numbers: nothing is allocated to count one that was counted before.
package final class Counters<Key: Hashable & Sendable>: Instrument {
    private let name: String
    private let help: String
    private let labels: @Sendable (Key) -> [MetricFamily.Label]
    private let counts: Mutex<[Key: Double]>

    /// - Parameters:
    ///   - keys: those that are there from the beginning, as zero: a rise that nobody saw begin is not seen at all.
    ///   - labels: a key's labels, the same names for each.
    package init(
        _ name: String, _ help: String, keys: [Key] = [],
        labels: @escaping @Sendable (Key) -> [MetricFamily.Label]
    ) {
        self.name = name
        self.help = help
        self.labels = labels
        counts = Mutex(Dictionary(keys.map { ($0, 0) }, uniquingKeysWith: { first, _ in first }))
    }

    /// - Parameter amount: a counter never falls, so nothing below zero counts, and nothing that is no number.
    package func add(_ key: Key, _ amount: Double = 1) {
        guard amount >= 0, amount.isFinite else { return }
        counts.withLock { $0[key, default: 0] += amount }
    }

    package func value(_ key: Key) -> Double { counts.withLock { $0[key] ?? 0 } }

    package var family: MetricFamily {
        let samples = counts.withLock { $0 }.map { MetricFamily.Sample(labels($0.key), $0.value) }
        return MetricFamily(name, .counter, help, samples.sorted())
    }
}

/// The key of what has no labels.
package struct Unlabelled: Hashable, Sendable {
    package init() {}
}

extension Counters where Key == Unlabelled {
    package convenience init(_ name: String, _ help: String) {
        self.init(name, help, keys: [Unlabelled()]) { _ in [] }
    }

    package func add(_ amount: Double = 1) { add(Unlabelled(), amount) }
}

extension Array where Element == MetricFamily.Sample {
    /// In the order of their labels' values, so that two scrapes can be compared by eye.
    func sorted() -> Self {
        sorted { left, right in
            for (own, other) in zip(left.labels, right.labels) where own.value != other.value {
                return own.value < other.value
            }
            return left.labels.count < right.labels.count
        }
    }
}
