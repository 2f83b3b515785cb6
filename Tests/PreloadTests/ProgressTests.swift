import Preload
import Testing

@Suite struct ProgressTests {
    @Test func aSteadyRateIsFound() throws {
        var meter = ProgressMeter()
        for tick in 0...100 { meter.note(bytes: Int64(tick) * 1000, at: Double(tick) * 0.5) }
        let rate = try #require(meter.rate)
        #expect(abs(rate - 2000) < 1)
        #expect(abs((meter.secondsLeft(10_000) ?? 0) - 5) < 0.1)
    }

    @Test func aChangeIsFollowedSlowly() throws {
        var meter = ProgressMeter()
        var bytes: Int64 = 0
        for tick in 0..<60 {
            meter.note(bytes: bytes, at: Double(tick))
            bytes += tick < 30 ? 100 : 1000
            // One second after the change it is neither the old nor the new.
            if tick == 31 { #expect((meter.rate ?? 0) > 150 && (meter.rate ?? 0) < 600) }
        }
        #expect((meter.rate ?? 0) > 950)
    }

    @Test func whatLayThereHasNoSpeed() {
        var meter = ProgressMeter()
        meter.note(bytes: 0, at: 1)
        meter.note(bytes: 0, at: 2)
        #expect(meter.rate == nil && meter.secondsLeft(5) == nil)
    }

    @Test func saidInOneLine() {
        var progress = FetchProgress(model: "M", phase: .downloading, bytesDone: 412 << 20, bytesTotal: 1900 << 20)
        progress.rate = Double(85 << 20)
        progress.secondsLeft = 17.6
        #expect(progress.text == "downloading M: 412 MiB of 1.9 GiB (21 %), 85 MiB/s, 18 s left")
        progress.pause = 30
        #expect(progress.text == "downloading M: 412 MiB of 1.9 GiB (21 %), going on in 30 s")
        #expect(FetchProgress(model: "M", phase: .asking).text == "asking M")
    }
}
