import Progress
import Testing

@Suite struct ProgressBarTests {
    @Test(arguments: [
        ("Fetching 5 files:  40%|████      | 2/5 [00:01<00:02,  1.3it/s]", "Fetching 5 files", 0.4),
        (" 40%|████  | 2/5 [..]", "", 0.4),
        ("Loading pt checkpoint shards:  25% Completed | 1/4 [00:01<00:03]", "Loading pt checkpoint shards", 0.25),
        // Counts are finer than the percentage, where they are counts.
        ("x:   0%|          | 1/400 [00:00<?, ?it/s]", "x", 0.0025),
        ("model.safetensors:  33%|███▎      | 1.2G/3.4G [00:10<00:20, 99MB/s]", "model.safetensors", 0.33),
        // Impossible ones.
        ("x: 250%|██████████| 9/4 [00:00<?, ?it/s]", "x", 1), ("x: 250%|██████████| 2.0k/1k [00:00]", "x", 1),
        ("x: 50%| | 3/0 [00:00]", "x", 0.5), ("x: 50%| | 99999999999999999999999/3 [00:00]", "x", 0.5),
        ("x: \(String(repeating: "9", count: 500))%| | 1k/2k", "x", 1),
        // The process that speaks, and what changes from drawing to drawing, are no part of the label.
        ("(EngineCore_DP0 pid=7) Loading shards: 50% Completed | 1/2 [..]", "Loading shards", 0.5),
        (
            "Capturing batches (bs=1 avail_mem=9.86 GB): 100%|██████████| 4/4 [00:18]",
            "Capturing batches (bs= avail_mem= GB)", 1
        ),
        ("Capturing CUDA graphs (decode, FULL): 50%|█| 4/8 [0]", "Capturing CUDA graphs (decode, FULL)", 0.5),
        // Two drawings on one line: the later one.
        ("a: 10%|█| 1/10 [00:00<?, ?it/s]b: 20%|██| 2/10 [00:00]", "a: 10%|█| 1/10 [00:00<?, ?it/s]b", 0.2),
    ])
    func bar(_ line: String, _ label: String, _ fraction: Double) throws {
        let bar = try #require(ProgressBar(line))
        #expect(bar.label == label)
        #expect(abs(bar.fraction - fraction) < 1e-9)
        #expect(ProgressBar.isProgressBar(line))
    }

    @Test(arguments: [
        "", "%", "%|", "40%", "40%|", "40%|███|", "40%|███| ", "40%|███| x/y", "40%|███| 2", "100% Completed", "|||",
        "%%%",
        "nan%| | 1/2", "x%|█| 1/2", "1.2.3%|█| 1/2", "Prefetching checkpoint files: 40% (2/5)",
        "CPU KV cache usage: 0.1%, Prefix cache hit rate: 0.0%", "| a | 40% | 2/5 |",
    ])
    func noBar(_ line: String) { #expect(!ProgressBar.isProgressBar(line)) }

    private func written(_ lines: [String]) -> [String] {
        var filter = ProgressBarFilter()
        return lines.filter { filter.writes($0) }
    }

    private func drawings(_ label: String, _ range: some Sequence<Int>, of total: Int) -> [String] {
        range.map { "\(label): \($0 * 100 / total)%|█| \($0)/\(total) [00:00]" }
    }

    @Test func eachQuarter() {
        #expect(
            written(drawings("a", 0...67, of: 67))
                == drawings("a", [0, 17, 34, 51, 67], of: 67))
        // One that is first seen late.
        #expect(written(drawings("a", 40...67, of: 67)) == drawings("a", [40, 51, 67], of: 67))
        #expect(written(drawings("a", [0, 1, 1, 1], of: 1)) == drawings("a", [0, 1], of: 1))
    }

    /// Other lines are no concern of it.
    @Test func otherLines() {
        let lines = ["x", "x", "", "40%", "40%"]
        #expect(written(lines) == lines)
    }

    /// Bars of two processes, drawn in turn: each quarter once.
    @Test func interleaved() {
        let two = (0...8).flatMap { [$0, max(0, $0 - 1)] }
        #expect(written(drawings("a", two, of: 8)) == drawings("a", [0, 2, 4, 6, 8, 7], of: 8))
        let pairs = (0...8).flatMap { drawings("a", [$0], of: 8) + drawings("b", [$0], of: 8) }
        #expect(written(pairs).count == 10)
    }

    /// A bar that begins again is another bar.
    @Test func again() {
        let once = drawings("a", 0...4, of: 4)
        #expect(written(once + once) == once + once)
        let broken = drawings("a", [0, 1, 2, 3, 0, 1, 2, 3, 4], of: 4)
        #expect(written(broken) == broken)
    }

    /// Many names: memory is bounded, so that the first are forgotten, and nothing is lost but the thinning.
    @Test func manyNames() {
        let first = (0..<1000).flatMap { drawings("bar \($0)", [0], of: 4) }
        #expect(written(first + first) == first + first)
    }

    /// What a real start's log keeps of its bars: the complete one is drawn twice there.
    @Test func realLog() throws {
        let lines = try RecordedStart("kill9-enginecore").lines.map(\.text)
        let bars = lines.filter(ProgressBar.isProgressBar)
        #expect(bars.count == 3)
        let kept = written(lines)
        #expect(
            kept.filter(ProgressBar.isProgressBar) == [
                "Loading safetensors checkpoint shards:   0% Completed | 0/1 [00:00<?, ?it/s]",
                "Loading safetensors checkpoint shards: 100% Completed | 1/1 [00:00<00:00,  5.32it/s]",
            ])
        #expect(kept.count == lines.count - 1)
    }
}
