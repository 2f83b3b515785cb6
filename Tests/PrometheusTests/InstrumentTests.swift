import Prometheus
import Testing

@Suite struct InstrumentTests {
    private enum Outcome: String, CaseIterable { case ok, failed }

    @Test func countersAreThereFromTheBeginningAndGrow() {
        let counters = Counters<Outcome>("pages_total", "Pages.", keys: Outcome.allCases) {
            [.init("outcome", $0.rawValue)]
        }
        counters.add(.ok)
        counters.add(.ok, 2.5)
        #expect(
            MetricsText.text([counters.family]) == """
                # HELP pages_total Pages.
                # TYPE pages_total counter
                pages_total{outcome="failed"} 0
                pages_total{outcome="ok"} 3.5

                """)
    }

    @Test(arguments: [-1, Double.nan, .infinity, -.infinity]) func aCounterNeverFalls(amount: Double) {
        let counter = Counters("a_total", "")
        counter.add(2)
        counter.add(amount)
        #expect(counter.family.samples.map(\.value) == [2])
    }

    @Test func bucketsAreCumulativeAndEndWithInfinity() {
        let histogram = Histograms("a_seconds", "Time.", bounds: [0.1, 1, 5])
        for value in [0.1, 0.05, 0.5, 1.0, 4, 5.1, 1000] { histogram.observe(value) }
        // A clock that was set, and what is no time at all.
        histogram.observe(-3)
        histogram.observe(.nan)
        histogram.observe(.infinity)
        #expect(
            MetricsText.text([histogram.family]) == """
                # HELP a_seconds Time.
                # TYPE a_seconds histogram
                a_seconds_bucket{le="0.1"} 3
                a_seconds_bucket{le="1"} 5
                a_seconds_bucket{le="5"} 6
                a_seconds_bucket{le="+Inf"} 8
                a_seconds_sum 1010.75
                a_seconds_count 8

                """)
    }

    @Test func histogramsKeepTheirBucketsTogether() {
        let histograms = Histograms<Outcome>("a_seconds", "", bounds: [2, 1], keys: [.ok]) {
            [.init("outcome", $0.rawValue)]
        }
        histograms.observe(1.5, .failed)
        let family = histograms.family
        #expect(
            family.samples.map { $0.labels.map(\.value) } == [
                ["failed", "1"], ["failed", "2"], ["failed", "+Inf"], ["failed"], ["failed"],
                ["ok", "1"], ["ok", "2"], ["ok", "+Inf"], ["ok"], ["ok"],
            ])
        #expect(family.samples.map(\.value) == [0, 1, 1, 1.5, 1, 0, 0, 0, 0, 0])
    }

    @Test func nothingIsLostBetweenThreads() async {
        let counter = Counters("a_total", "")
        let histogram = Histograms("b_seconds", "")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        counter.add()
                        histogram.observe(0.2)
                    }
                }
            }
        }
        #expect(counter.family.samples.map(\.value) == [8000])
        #expect(histogram.family.samples.last?.value == 8000)
    }
}
