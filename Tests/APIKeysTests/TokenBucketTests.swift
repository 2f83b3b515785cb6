import APIKeys
import Testing

/// Requests a minute, as traces.
@Suite struct TokenBucketTests {
    @Test func letsAMinutesWorthThroughAndThenAsItFills() {
        var bucket = TokenBucket(perMinute: 3, at: 100)
        for _ in 0..<3 { #expect(bucket.take(at: 100) == nil) }
        // A request every twenty seconds from here on.
        #expect(bucket.take(at: 100) == 20)
        #expect(bucket.take(at: 110) == 10)
        #expect(bucket.take(at: 120) == nil)
        #expect(bucket.take(at: 120) == 20)
        #expect(bucket.take(at: 135) == 5)
        #expect(bucket.take(at: 140) == nil)
    }

    @Test func waitingAsLongAsWasSaidIsEnough() {
        for perMinute in [1, 7, 13, 59, 61, 999] {
            var bucket = TokenBucket(perMinute: perMinute, at: 0.1)
            var now = 0.1
            for _ in 0..<1000 {
                guard let wait = bucket.take(at: now) else { continue }
                now += wait
                #expect(bucket.take(at: now) == nil, "\(perMinute) a minute, after \(wait) s")
            }
        }
    }

    @Test func aLongPauseGivesNoMoreThanAMinutesWorth() {
        var bucket = TokenBucket(perMinute: 5, at: 0)
        for _ in 0..<5 { #expect(bucket.take(at: 1_000_000) == nil) }
        #expect(bucket.take(at: 1_000_000) != nil)
    }

    @Test func whoAsksWithoutATurnLosesNothing() {
        var bucket = TokenBucket(perMinute: 60, at: 0)
        for _ in 0..<60 { _ = bucket.take(at: 0) }
        for step in 1...99 { #expect(bucket.take(at: Double(step) / 100) != nil) }
        #expect(bucket.take(at: 1) == nil)
    }

    @Test func aClockThatGoesBackGivesNothing() {
        var bucket = TokenBucket(perMinute: 1, at: 100)
        #expect(bucket.take(at: 100) == nil)
        #expect(bucket.take(at: 0) == 60)
        #expect(bucket.take(at: 100) == 60)
        #expect(bucket.take(at: 160) == nil)
    }

    @Test func neverMoreThanItsRateInTheLongRun() {
        var bucket = TokenBucket(perMinute: 30, at: 0)
        var taken = 0
        for step in 0..<60_000 where bucket.take(at: Double(step) / 100) == nil { taken += 1 }
        // Ten minutes, and the first minute's worth.
        #expect((329...330).contains(taken))
    }
}
