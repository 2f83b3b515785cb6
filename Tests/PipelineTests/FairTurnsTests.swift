import Pipeline
import TestSupport
import Testing

@Suite struct FairTurnsTests {
    /// Serves until nothing is left; returns whose page each turn was.
    private func serve(_ pages: [(key: String, count: Int)], patience: Int = 4) -> [String] {
        var turns = FairTurns<String>(patience: patience)
        var left = Dictionary(uniqueKeysWithValues: pages.map { ($0.key, $0.count) })
        for page in pages { turns.add(page.key) }
        var order: [String] = []
        while let key = turns.next() {
            order.append(key)
            left[key, default: 0] -= 1
            if left[key] == 0 { turns.remove(key) }
        }
        return order
    }

    @Test func everyPageIsServedOnce() {
        let order = serve([("a", 7), ("b", 1), ("c", 30)])
        #expect(order.count == 38)
        #expect(order.count { $0 == "c" } == 30)
    }

    @Test func equalsGetEqualShares() {
        let order = serve([("a", 40), ("b", 40)])
        var difference = 0
        for key in order {
            difference += key == "a" ? 1 : -1
            #expect(abs(difference) <= 5)
        }
    }

    @Test func itStaysWithADocumentForAWhile() {
        let order = serve([("a", 8), ("b", 8)])
        let changes = zip(order, order.dropFirst()).count { $0 != $1 }
        #expect(changes <= 5, "\(order)")
    }

    @Test func aNewcomerIsNext() {
        var turns = FairTurns<String>()
        turns.add("long")
        for _ in 0..<1000 { #expect(turns.next() == "long") }
        turns.add("short")
        #expect(turns.next() == "short")
    }

    @Test func aNewcomerDoesNotTakeEverythingUntilItHasCaughtUp() {
        var turns = FairTurns<String>()
        turns.add("old")
        for _ in 0..<1000 { _ = turns.next() }
        turns.add("new")
        let next = (0..<100).compactMap { _ in turns.next() }
        #expect((40...60).contains(next.count { $0 == "old" }), "\(next)")
    }

    @Test func oneInFrontGoesBeforeThoseThatWereNeverServed() {
        var turns = FairTurns<String>()
        for key in ["a", "b", "c"] { turns.add(key) }
        #expect(turns.next() == "a")
        turns.remove("a")
        turns.add("a", inFront: true)
        #expect(turns.next() == "a")
    }

    /// Nobody waits longer than everybody else's patience together.
    @Test(arguments: 0..<20) func nobodyStarves(seed: UInt64) {
        var random = TestRandom(seed: seed)
        var turns = FairTurns<Int>()
        var left: [Int: Int] = [:]
        var waited: [Int: Int] = [:]
        var newest = 0
        for _ in 0..<3000 {
            if left.count < 10, Int.random(in: 0..<3, using: &random) == 0 {
                newest += 1
                left[newest] = .random(in: 1...200, using: &random)
                waited[newest] = 0
                turns.add(newest)
            }
            guard let key = turns.next() else { continue }
            for other in waited.keys { waited[other, default: 0] += 1 }
            waited[key] = 0
            left[key, default: 0] -= 1
            if left[key] == 0 {
                turns.remove(key)
                left[key] = nil
                waited[key] = nil
            }
            #expect((waited.values.max() ?? 0) <= 10 * 6 * 2, "seed \(seed)")
        }
    }
}
