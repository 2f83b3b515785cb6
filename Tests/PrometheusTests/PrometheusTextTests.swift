import Prometheus
import Testing

@Suite struct PrometheusTextTests {
    private func line(_ text: String) -> PrometheusText.Line { PrometheusText.line(Array(text.utf8)[...]) }

    private func sample(_ text: String) -> PrometheusText.Sample? {
        if case .sample(let sample) = line(text) { sample } else { nil }
    }

    @Test func samplesAreRead() {
        #expect(sample("a 1")?.name == "a")
        #expect(sample("a 1")?.timestamp == nil)
        #expect(sample("  a\t 1.5e3 \t-17  \r")?.value == 1500)
        #expect(sample("  a\t 1.5e3 \t-17  \r")?.timestamp == -17)
        #expect(sample("vllm:a_1{} +Inf")?.value == .infinity)
        #expect(sample("a -inf")?.value == -.infinity)
        #expect(sample("a NaN")?.value.isNaN == true)
        #expect(
            sample(#"a { b = "x\"\\\n}," , a="" , } .5"#)?.labels == [.init("a", ""), .init("b", "x\"\\\n},")])
    }

    @Test func commentsAreRead() {
        #expect(line("") == .nothing)
        #expect(line(" \t") == .nothing)
        #expect(line("# anything \u{1}") == .nothing)
        #expect(line("# HELP a b \\\\ \\n c \"") == .help(name: "a"))
        #expect(line("# HELP a") == .help(name: "a"))
        #expect(line("#  TYPE\ta  histogram ") == .type(name: "a", .histogram))
    }

    @Test(arguments: [
        "a", "a ", "1a 1", "a-b 1", "a{ 1", "a{b} 1", "a{b=1} 1", "a{b=\"c} 1", "a{b=\"c\"", "a{b=\"c\" d=\"e\"} 1",
        "a{b=\"\\t\"} 1", "a{b=\"c\",b=\"d\"} 1", "a{__name__=\"b\"} 1", "a{b:c=\"d\"} 1", "a{1b=\"c\"} 1", "a{,} 1",
        "a 1 2 3", "a 1 2.5", "a 1 99999999999999999999", "a 1e999", "a -1e999", "a 0x10", "a 1_000", "a +NaN",
        "a nan(1)", "a 1f", "a --1", "a e5", "a .", "a {b=\"c\"}", "{a=\"b\"} 1", "a+1", "a\u{A0}1", "ä 1",
        "# HELP", "# HELP 1a b", "# HELP a \\t", "# HELP a \\", "# TYPE a", "# TYPE a b", "# TYPE a counter x",
        "# TYPE a{} counter",
    ]) func whatPrometheusCannotReadIsMalformed(text: String) {
        #expect(line(text) == .malformed)
    }

    @Test func whatIsNoUTF8IsMalformed() {
        #expect(PrometheusText.line([0x61, 0x7B, 0x62, 0x3D, 0x22, 0xFF, 0x22, 0x7D, 0x20, 0x31]) == .malformed)
        #expect(PrometheusText.line(Array("# HELP a ".utf8) + [0xC3]) == .malformed)
    }

    @Test func whatAnEngineReallySaysIsReadToTheLastLine() throws {
        let lines = try Recorded.vllm.split(separator: UInt8(ascii: "\n"))
        #expect(lines.count > 100)
        let unread = lines.filter { line in
            if case .sample = PrometheusText.line(line) { false } else { true }
        }
        // A long one was cut when it was written down.
        #expect(unread.map { String(decoding: $0.prefix(22), as: UTF8.self) } == ["vllm:cache_config_info"])
    }

    @Test func sumsGoOverLabels() {
        let text = "a{x=\"1\"} 1\na{x=\"2\"} 2\nab 4\nb 8\na NaN\na -1\na{ 5\n"
        #expect(PrometheusText.sums(of: ["a", "c"], in: Array(text.utf8)) == ["a": 3])
    }
}
