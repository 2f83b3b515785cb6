import Prometheus
import TestSupport
import Testing

@Suite struct ForeignMetricsTests {
    private func clean(_ text: String) -> (text: String, rejected: Int) {
        let metrics = ForeignMetrics(Array(text.utf8), leavingOut: "own_")
        return (String(decoding: metrics.text, as: UTF8.self), metrics.rejectedLines)
    }

    @Test func whatIsRightStaysAsItIs() throws {
        let text = """
            # HELP a_total What a is.
            # TYPE a_total counter
            a_total{b="c"} 1 17
            a_total{b="d"} 2
            # HELP h Time.
            # TYPE h histogram
            h_bucket{le="1"} 1
            h_bucket{le="+Inf"} 2
            h_sum 3
            h_count 2
            # TYPE s summary
            s{quantile="0.5"} 3
            s_sum 3
            s_count 2

            """
        #expect(clean(text) == (text, 0))
        let recorded = try Recorded.vllm
        let cleaned = ForeignMetrics(recorded, leavingOut: "own_")
        // The line that was cut.
        #expect(cleaned.rejectedLines == 1)
        #expect(cleaned.text.split(separator: 10).count == recorded.split(separator: 10).count - 1)
    }

    @Test func familiesAreBroughtTogether() {
        #expect(
            clean("a{x=\"1\"} 1\nb 1\r\n# a comment\na{x=\"2\"} 2\n\n# HELP c\n# TYPE d gauge\n") == (
                "a{x=\"1\"} 1\na{x=\"2\"} 2\nb 1\n", 0
            ))
    }

    @Test(arguments: [
        // Broken.
        ("a 1\nb x\nc 1", "a 1\nc 1\n", 1),
        ("# TYPE a nonsense\na 1", "a 1\n", 1),
        // Cut off.
        ("a 1\nb{c=\"d", "a 1\n", 1),
        // Twice, and labels in another order.
        ("a 1\na 2", "a 1\n", 1),
        ("a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 1", "a{x=\"1\",y=\"2\"} 1\n", 1),
        ("# TYPE a gauge\n# TYPE a counter\na 1", "# TYPE a gauge\na 1\n", 1),
        ("# HELP a b\n# HELP a c\na 1", "# HELP a b\na 1\n", 1),
        // Too late.
        ("a 1\n# TYPE a gauge", "a 1\n", 1),
        // Ours, and Prometheus' own.
        ("own_a 1\n# TYPE own_b gauge\nowna 1", "owna 1\n", 2),
        ("up 1\nscrape_duration_seconds 1\nALERTS{a=\"b\"} 1\nupper 1", "upper 1\n", 3),
        // No bucket, no quantile, no part of a histogram.
        ("# TYPE h histogram\nh_bucket 1\nh_bucket{le=\"x\"} 1\nh 1\nh_sum 1", "# TYPE h histogram\nh_sum 1\n", 3),
        ("# TYPE s summary\ns 1\ns_sum 1", "# TYPE s summary\ns_sum 1\n", 1),
        // A family that is another's part.
        ("# TYPE h histogram\n# TYPE h_count gauge\nh_count 1", "# TYPE h histogram\nh_count 1\n", 1),
        ("h_count 1\n# TYPE h histogram\nh_sum 2", "h_count 1\nh_sum 2\n", 1),
    ]) func whatIsWrongIsLeftOutAlone(text: String, expected: String, rejected: Int) {
        #expect(clean(text) == (expected, rejected))
    }

    /// Whatever bytes come in, each line that goes out can be read, is not ours, and is there once.
    @Test func nothingBrokenComesThrough() throws {
        var random = TestRandom(seed: 17)
        let recorded = try Recorded.vllm
        for _ in 0..<400 {
            let text = Mutation.of(recorded, &random)
            let cleaned = ForeignMetrics(text, leavingOut: "vllm:num_")
            var seen: Set<[UInt8]> = []
            let bad = cleaned.text.split(separator: 10).filter { line in
                PrometheusText.line(line) == .malformed || line.starts(with: Array("vllm:num_".utf8))
                    || !seen.insert(Array(line)).inserted
            }
            #expect(bad.isEmpty)
            // What was cleaned once is clean.
            let again = ForeignMetrics(cleaned.text, leavingOut: "vllm:num_")
            #expect(again.rejectedLines == 0)
            #expect(again.text == cleaned.text)
        }
    }

    @Test(.enabled(if: Promtool.isThere, "\(Promtool.absence)"))
    func prometheusReadsWhatComesThrough() throws {
        var random = TestRandom(seed: 18)
        let recorded = try Recorded.vllm
        for _ in 0..<60 {
            let cleaned = ForeignMetrics(Mutation.of(recorded, &random), leavingOut: "vllm:num_")
            // What others call their metrics is theirs.
            let problems = try Promtool.check(metrics: String(decoding: cleaned.text, as: UTF8.self))
            #expect(problems.status != 1, "\(problems.text)")
        }
    }
}

/// Metrics as a broken engine, or a broken line, would give them.
enum Mutation {
    private static let pieces = [
        "\n", "{", "}", "\"", "\\", " ", ",", "=", "# TYPE ", "# HELP ", " histogram", " counter", "NaN", "1e999",
        "0x1",
        "le=\"1\"", "_bucket", "_count", "_sum", "\u{0}", "\r", "é", "# TYPE vllm:request_success histogram\n",
        "# TYPE vllm:request_decode_time_seconds histogram\n", "# TYPE vllm:request_decode_time_seconds summary\n",
    ]

    static func of(_ text: [UInt8], _ random: inout TestRandom) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 0..<20, using: &random) {
            let place = Int.random(in: 0...text.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: text.insert(contentsOf: (pieces.randomElement(using: &random) ?? "").utf8, at: place)
            case 1: text.removeSubrange(place..<min(text.count, place + Int.random(in: 0..<40, using: &random)))
            case 2 where place < text.count: text[place] = UInt8.random(in: 0...255, using: &random)
            default:
                let end = min(text.count, place + Int.random(in: 0..<400, using: &random))
                let copy = text[place..<end]
                text.insert(contentsOf: copy, at: Int.random(in: 0...text.count, using: &random))
            }
        }
        return Bool.random(using: &random) ? text : Array(text.prefix(Int.random(in: 0...text.count, using: &random)))
    }
}
