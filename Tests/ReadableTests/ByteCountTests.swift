import Readable
import Testing

@Suite struct ByteCountTests {
    @Test(
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1_048_575, "1 MiB"), (1_073_741_823, "1 GiB"),
            (4_187_593_114, "3.9 GiB"), (85_520_809_984, "79.6 GiB"), (440_401_920, "420 MiB"),
            (UInt64.max, "16 EiB"),
        ] as [(UInt64, String)])
    func amountsAreReadable(bytes: UInt64, text: String) { #expect(ByteCount.text(bytes) == text) }

    @Test func lessThanNothingIsNothing() { #expect(ByteCount.text(-5) == "0 B") }
}
