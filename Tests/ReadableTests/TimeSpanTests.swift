import Readable
import Testing

@Suite struct TimeSpanTests {
    @Test(
        arguments: [
            (-5, "0 s"), (0, "0 s"), (0.4, "0 s"), (1, "1 s"), (119.4, "119 s"), (120, "2 min"), (3599, "59 min"),
            (3600, "1 h"), (7500, "2 h 5 min"), (86_400, "1 d"), (97_200, "1 d 3 h"), (Double.nan, "0 s"),
            (Double.infinity, "11574074 d 1 h"),
        ] as [(Double, String)])
    func spansAreReadable(seconds: Double, text: String) { #expect(TimeSpan.text(seconds) == text) }
}
