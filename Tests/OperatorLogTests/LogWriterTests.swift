import Glibc
import OperatorLog
import Testing

@Suite(.serialized, .timeLimit(.minutes(1))) struct LogWriterTests {
    @Test func aReaderThatStallsHoldsNobodyUpAndIsToldWhatItMissed() {
        var ends: [CInt] = [-1, -1]
        #expect(pipe(&ends) == 0)
        let writer = LogWriter(descriptor: ends[1], capacity: 100_000) { "lost \($0)\n" }
        let line = String(repeating: "x", count: 99) + "\n"
        // Nobody reads: the pipe fills, then our memory, and then lines are dropped. None of it may block.
        for _ in 0..<10_000 { writer.write(line) }

        var text = ""
        var chunk = [UInt8](repeating: 0, count: 65536)
        var kept = 0
        var lost = 0
        // Drops are said each time there is room again.
        while kept + lost < 10_000 {
            let length = read(ends[0], &chunk, chunk.count)
            guard length > 0 else { break }
            text += String(decoding: chunk[..<length], as: UTF8.self)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            kept = lines.count(where: { $0.hasPrefix("x") })
            lost = lines.compactMap { $0.hasPrefix("lost ") ? Int($0.dropFirst(5)) : nil }.reduce(0, +)
        }
        #expect(kept + lost == 10_000)
        #expect(lost > 0)
        close(ends[0])
    }

    @Test func flushWaitsUntilAllIsWritten() {
        var ends: [CInt] = [-1, -1]
        #expect(pipe(&ends) == 0)
        let writer = LogWriter(descriptor: ends[1]) { "lost \($0)\n" }
        writer.write("last words\n")
        writer.flush(within: 5000)
        var chunk = [UInt8](repeating: 0, count: 100)
        #expect(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
        #expect(read(ends[0], &chunk, chunk.count) == 11)
        close(ends[0])
    }
}
