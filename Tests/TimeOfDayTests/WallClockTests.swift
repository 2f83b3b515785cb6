import Testing
import TimeOfDay

@Suite struct WallClockTests {
    @Test(arguments: [
        (0.0, "1970-01-01T00:00:00.000Z"), (951_782_399.0079999, "2000-02-28T23:59:59.007Z"),
        (1_795_345_200.25, "2026-11-22T11:00:00.250Z"),
    ]) func rfc3339(seconds: Double, text: String) { #expect(WallClock.rfc3339(seconds) == text) }

    @Test func httpDate() {
        // The example of RFC 9110 §5.6.7.
        #expect(WallClock.httpDate(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    }
}
