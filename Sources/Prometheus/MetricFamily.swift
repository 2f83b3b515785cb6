/// All samples of one name, with what Prometheus wants to know of it.
package struct MetricFamily: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case counter, gauge, histogram, summary, untyped
    }

    package struct Label: Sendable, Hashable {
        package var name: String
        /// Any text.
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package struct Sample: Sendable, Equatable {
        /// `_bucket`, `_sum` or `_count` of a histogram; else empty.
        package var suffix: String
        package var labels: [Label]
        package var value: Double

        package init(suffix: String = "", _ labels: [Label] = [], _ value: Double) {
            self.suffix = suffix
            self.labels = labels
            self.value = value
        }
    }

    /// In base units, as Prometheus names things: `…_seconds`, `…_bytes`; a counter ends in `_total`.
    package var name: String
    package var kind: Kind
    /// One sentence.
    package var help: String
    package var samples: [Sample]

    package init(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }

    /// One sample without labels; none where the value is not known. A zero would be a statement.
    package init(_ name: String, _ kind: Kind, _ help: String, _ value: Double?) {
        self.init(name, kind, help, value.map { [Sample([], $0)] } ?? [])
    }
}
