import GPU
import Testing

private let gibibyte: UInt64 = 1 << 30
private let mebibyte: UInt64 = 1 << 20

@Suite struct MemoryReleaseTests {
    /// Verdicts of readings (in MiB used; nil is a failed one), one each half second from 0 s.
    private func verdicts(
        baseline: UInt64?, total: UInt64 = 80 * 1024, _ readings: [UInt64?]
    ) -> [MemoryRelease.Verdict] {
        var release = MemoryRelease(
            baseline: baseline.map { MemoryRelease.Memory(used: $0 * mebibyte, total: total * mebibyte) })
        return readings.enumerated().map { index, used in
            release.read(
                used.map { MemoryRelease.Memory(used: $0 * mebibyte, total: total * mebibyte) },
                at: .milliseconds(500 * index))
        }
    }

    @Test func isBackAtOnce() { #expect(verdicts(baseline: 600, [600]) == [.released]) }

    @Test func isBackBelowTheLevelBefore() { #expect(verdicts(baseline: 600, [100]) == [.released]) }

    @Test func comesBackInSteps() {
        #expect(
            verdicts(baseline: 600, [72_000, 72_000, 40_000, 1_200, 1_112])
                == [.wait, .wait, .wait, .wait, .released])
    }

    @Test func theToleranceIsTheSmallerOfTheTwo() {
        // 512 MiB of a big card.
        #expect(verdicts(baseline: 0, [513, 512]) == [.wait, .released])
        // 5 % of a small one.
        #expect(verdicts(baseline: 0, total: 4_000, [201, 200]) == [.wait, .released])
    }

    @Test func heldBySomebodyElse() {
        // Lowest at 0.5 s; settled when four more readings and three seconds have gone by.
        #expect(
            verdicts(baseline: 600, [9_000, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000])
                == Array(repeating: .wait, count: 7) + [.settled(above: 4_400 * mebibyte)])
    }

    @Test func rareReadingsSettleToo() {
        var release = MemoryRelease(baseline: .init(used: 0, total: 80 * gibibyte))
        let memory = MemoryRelease.Memory(used: 9 * gibibyte, total: 80 * gibibyte)
        let results = [0, 10, 20, 30, 40].map { release.read(memory, at: .seconds($0)) }
        #expect(results == [.wait, .wait, .wait, .wait, .settled(above: 9 * gibibyte)])
    }

    @Test func manyReadingsInAShortTimeAreNotSettled() {
        var release = MemoryRelease(baseline: .init(used: 0, total: 80 * gibibyte))
        let memory = MemoryRelease.Memory(used: 9 * gibibyte, total: 80 * gibibyte)
        for millisecond in 0..<2999 {
            #expect(release.read(memory, at: .milliseconds(millisecond)) == .wait)
        }
        #expect(release.read(memory, at: .seconds(3)) == .settled(above: 9 * gibibyte))
    }

    @Test func aLatePieceStartsTheWaitAnew() {
        let readings: [UInt64?] = [9_000] + Array(repeating: 9_000, count: 5) + [8_000]
        #expect(
            verdicts(baseline: 0, readings + Array(repeating: 8_000, count: 6))
                == Array(repeating: .wait, count: 12) + [.settled(above: 8_000 * mebibyte)])
    }

    @Test func slowReleaseIsNoStandstill() {
        // 5 MiB each half second, less than what counts as noise.
        let readings = (0..<100).map { UInt64?(9_000 - 5 * UInt64($0)) }
        #expect(verdicts(baseline: 0, readings).allSatisfy { $0 == .wait })
    }

    @Test func flickerIsNoRelease() {
        #expect(
            verdicts(baseline: 0, [9_000, 8_997, 8_999, 8_996, 8_998, 8_995, 8_997])
                == Array(repeating: .wait, count: 6) + [.settled(above: 8_997 * mebibyte)])
    }

    @Test func othersThatGrowDoNotDelay() {
        // Somebody else takes 1 GiB a reading: nothing of ours comes back.
        let readings = (0..<7).map { UInt64?(9_000 + 1_024 * UInt64($0)) }
        #expect(
            verdicts(baseline: 0, readings)
                == Array(repeating: .wait, count: 6) + [.settled(above: (9_000 + 6 * 1_024) * mebibyte)])
    }

    @Test func withoutABaselineItSettles() {
        #expect(
            verdicts(baseline: nil, Array(repeating: 0, count: 7))
                == Array(repeating: .wait, count: 6) + [.settled(above: nil)])
    }

    @Test func whereNothingCanBeReadNothingIsLost() { #expect(verdicts(baseline: nil, [nil]) == [.unknown]) }

    @Test func aFailedReadingIsForgiven() {
        #expect(
            verdicts(baseline: 0, [nil, nil, 9_000, nil, nil, 100]) == Array(repeating: .wait, count: 5) + [.released])
        #expect(verdicts(baseline: 0, [9_000, nil, nil, nil]) == [.wait, .wait, .wait, .unknown])
        #expect(verdicts(baseline: nil, [9_000, nil, 8_000]) == [.wait, .wait, .wait])
    }

    @Test func addsUpDevices() {
        let one = GPUReport.Device(index: 0, uuid: "", name: "", memoryTotal: 10, memoryUsed: 3, memoryFree: 7)
        let hidden = GPUReport.Device(index: 1, uuid: "", name: "")
        #expect(MemoryRelease.Memory(of: [one, one]) == .init(used: 6, total: 20))
        #expect(MemoryRelease.Memory(of: [one, hidden]) == nil)
        #expect(MemoryRelease.Memory(of: []) == nil)
    }
}
