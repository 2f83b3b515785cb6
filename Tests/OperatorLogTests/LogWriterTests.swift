import Glibc
import OperatorLog
import Testing

@Suite(.serialized, .timeLimit(.minutes(1))) struct LogWriterTests {
    private static let line = String(repeating: "x", count: 99) + "\n"

    private func pipe() -> (reading: CInt, writing: CInt) {
        var ends: [CInt] = [-1, -1]
        #expect(Glibc.pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    /// Lines as they come, until a number of them is there or the stream ends.
    private func lines(_ descriptor: CInt, until isEnough: ([Substring]) -> Bool) -> [Substring] {
        var text = ""
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            if isEnough(Array(lines)) { return Array(lines) }
            let length = read(descriptor, &chunk, chunk.count)
            guard length > 0 else { return Array(lines) }
            text += String(decoding: chunk[..<length], as: UTF8.self)
        }
    }

    private func writer(
        _ descriptor: CInt, capacity: Int = 100_000, firstRetry: Int = 1000
    ) -> LogWriter {
        LogWriter(descriptor: descriptor, capacity: capacity, owner: "coxswain", firstRetry: firstRetry) { losses in
            let parts = losses.services.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            return "lost \(losses.total) \(parts.joined(separator: " "))\n"
        }
    }

    private func lost(_ lines: [Substring]) -> Int {
        lines.compactMap { $0.hasPrefix("lost ") ? Int($0.split(separator: " ")[1]) : nil }.reduce(0, +)
    }

    @Test func aReaderThatStallsHoldsNobodyUpAndIsToldWhatItMissed() {
        let (reading, writing) = pipe()
        let writer = writer(writing)
        // Nobody reads: the pipe fills, then our memory, and then lines are dropped. None of it may block.
        for _ in 0..<10_000 { writer.write(batch([Self.line]), of: "engine") }
        #expect(writer.droppedLines > 0)
        let got = lines(reading) { $0.count(where: { $0.hasPrefix("x") }) + lost($0) >= 10_000 }
        #expect(lost(got) == writer.droppedLines)
        #expect(got.count(where: { $0.hasPrefix("x") }) + lost(got) == 10_000)
        #expect(got.allSatisfy { $0.hasPrefix("lost ") || $0.count == 99 })
        // What was lost is said where the gap is: after all that came before it.
        #expect(got.last?.hasPrefix("lost ") == true)
        close(reading)
    }

    @Test func whoFloodsLeavesRoomForOthersAndMostForOurselves() {
        let (reading, writing) = pipe()
        let writer = writer(writing)
        for _ in 0..<10_000 { writer.write(batch([Self.line]), of: "engine") }
        for number in 0..<100 { writer.write(batch(["api \(number)\n"]), of: "api") }
        for _ in 0..<10_000 { writer.write(batch([Self.line]), of: "layout") }
        for number in 0..<100 { writer.write(batch(["ours \(number)\n"]), of: "coxswain") }
        let got = lines(reading) { $0.count(where: { !$0.hasPrefix("lost ") }) + lost($0) >= 20_200 }
        #expect(got.count(where: { $0.hasPrefix("api ") }) == 100)
        #expect(got.count(where: { $0.hasPrefix("ours ") }) == 100)
        let said = got.filter { $0.hasPrefix("lost ") }.joined(separator: "; ")
        #expect(said.contains("engine=") && said.contains("layout=") && !said.contains("api="))
        close(reading)
    }

    @Test func noRecordIsTornWhereTheReaderStalls() throws {
        let (reading, writing) = pipe()
        let writer = writer(writing, capacity: 1 << 20)
        // Lengths at which pieces of any fixed size would end within a line.
        let lines = (0..<2000).map { String(repeating: "y", count: 500 + $0 % 700) + "\n" }
        writer.write(batch(lines), of: "engine")
        writer.flush(within: 200)
        // What the pipe holds, with the writer standing still: whole lines, and nothing after them.
        #expect(fcntl(reading, F_SETFL, O_NONBLOCK) == 0)
        var held = [UInt8](repeating: 0, count: 1 << 17)
        let length = read(reading, &held, held.count)
        try #require(length > 0)
        #expect(held[length - 1] == UInt8(ascii: "\n"))
        close(reading)
    }

    @Test func aFullDiskLosesNothingThatHasRoom() throws {
        // A file that may have no more than this many bytes, as a disk that is full: the write that crosses it is cut short,
        // and the next fails.
        var name = Array("/tmp/log-writer-XXXXXX".utf8CString)
        let file = mkstemp(&name)
        defer { unlink(name) }
        var unlimited = rlimit()
        #expect(getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &unlimited) == 0)
        signal(SIGXFSZ, SIG_IGN)
        var tight = rlimit(rlim_cur: 1050, rlim_max: unlimited.rlim_max)
        #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &tight) == 0)
        let writer = writer(file, firstRetry: 10)
        writer.write(batch((0..<50).map { _ in Self.line }), of: "engine")
        // It does not wait where writing fails.
        for _ in 0..<1000 where lseek(file, 0, SEEK_END) < 1050 { usleep(1000) }
        writer.flush(within: 60_000)
        #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &unlimited) == 0)
        for _ in 0..<5000 where lseek(file, 0, SEEK_END) < 5051 { usleep(1000) }
        var bytes = [UInt8](repeating: 0, count: 10_000)
        let length = pread(file, &bytes, bytes.count, 0)
        let got = String(decoding: bytes[..<max(length, 0)], as: UTF8.self).split(separator: "\n")
        // The torn one stands on a line of its own, and is there again, whole.
        #expect(got.count(where: { $0.count == 99 }) == 50)
        #expect(got.count <= 51)
        #expect(writer.droppedLines == 0)
    }

    @Test func aReaderThatIsGoneCostsNoProcessorTime() {
        let (reading, writing) = pipe()
        close(reading)
        let writer = writer(writing, capacity: 10_000, firstRetry: 50)
        var before = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before)
        for _ in 0..<1000 { writer.write(batch([Self.line]), of: "engine") }
        usleep(300_000)
        var after = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after)
        let used = Double(after.tv_sec - before.tv_sec) + Double(after.tv_nsec - before.tv_nsec) / 1e9
        // A bound, no measurement: one that spins uses all of 0.3 s.
        #expect(used < 0.15)
        #expect(writer.droppedLines > 800)
        close(writing)
    }

    @Test func flushWaitsUntilAllIsWritten() {
        let (reading, writing) = pipe()
        let writer = writer(writing)
        writer.write(batch(["last words\n"]), of: "coxswain")
        writer.flush(within: 5000)
        var chunk = [UInt8](repeating: 0, count: 100)
        #expect(fcntl(reading, F_SETFL, O_NONBLOCK) == 0)
        #expect(read(reading, &chunk, chunk.count) == 11)
        close(reading)
    }
}

func batch(_ lines: [String]) -> LineBatch {
    var batch = LineBatch()
    for line in lines { batch.append(line) }
    return batch
}
