import Prometheus
import TestSupport
import Testing

@Suite struct MetricsTextTests {
    @Test func aFamilySaysWhatItIsBeforeItsSamples() {
        let families = [
            MetricFamily("a_total", .counter, "What a is.", [.init([.init("x", "1"), .init("y", "z")], 3)]),
            MetricFamily("b_bytes", .gauge, "What b is.", 1.5),
        ]
        #expect(
            MetricsText.text(families) == """
                # HELP a_total What a is.
                # TYPE a_total counter
                a_total{x="1",y="z"} 3
                # HELP b_bytes What b is.
                # TYPE b_bytes gauge
                b_bytes 1.5

                """)
    }

    @Test func whatIsNotKnownHasNoSample() {
        #expect(
            MetricsText.text([MetricFamily("a", .gauge, "What a is.", nil)])
                == "# HELP a What a is.\n# TYPE a gauge\n")
    }

    @Test func everyTextCanBeALabel() throws {
        let value = "a\"b\\c\nd\u{1}\u{7F}\u{2028}ж}{,="
        let text = MetricsText.text([MetricFamily("a", .gauge, "b\\c\nd \"e\"", [.init([.init("l", value)], 1)])])
        let lines = text.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[0] == #"# HELP a b\\c\nd "e""#)
        let line = PrometheusText.line(Array(lines[2].utf8)[...])
        guard case .sample(let sample) = line else {
            Issue.record("\(lines[2]) is \(line)")
            return
        }
        #expect(sample.labels == [.init("l", value)])
    }

    @Test(arguments: [
        (0, "0"), (-0.0, "0"), (1, "1"), (-2, "-2"), (0.1, "0.1"), (1e14, "100000000000000"),
        (Double.infinity, "+Inf"), (-Double.infinity, "-Inf"), (Double.nan, "NaN"),
    ]) func numbersAreShort(number: Double, text: String) {
        #expect(MetricsText.text([MetricFamily("a", .gauge, "", number)]).hasSuffix("\na \(text)\n"))
    }

    @Test func everyNumberComesBack() throws {
        var random = TestRandom(seed: 4711)
        for _ in 0..<10_000 {
            let number = Double(bitPattern: random.next())
            let text = MetricsText.text([MetricFamily("a", .gauge, "", number)])
            let line = text.split(separator: "\n").last.map { Array($0.utf8) } ?? []
            guard case .sample(let sample) = PrometheusText.line(line[...]) else {
                Issue.record("\(text)")
                continue
            }
            #expect(sample.value == number || (sample.value.isNaN && number.isNaN), "\(text)")
        }
    }
}
