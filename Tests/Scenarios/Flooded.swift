import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// Whatever services write, and whether or not somebody reads the container's log, PID 1 stays small and answers.
    @Suite(.serialized) struct Flooded {
        /// Four services that write 20,000 lines a second together, none like the one before.
        private static let talkers = (1...4).map { number in
            #"""
            [service.talker\#(number)]
            command = ["python3", "-c", """
            import sys, time
            count, due = 0, time.monotonic()
            while True:
                for _ in range(50):
                    count += 1
                    sys.stdout.write(f'INFO 11-22 10:00:00 [loggers.py:{count % 900}] line {count} of \#(number): throughput {count * 7919 % 100003 / 10} tokens/s, Running: {count % 97} reqs\\n')
                sys.stdout.flush()
                due += 0.01
                time.sleep(max(0, due - time.monotonic()))
            """]
            """#
        }.joined(separator: "\n")

        /// How long nobody reads: the figure that is promised is a minute, and CI has less time.
        private static let stall =
            ProcessInfo.processInfo.environment["COXSWAIN_STALL_SECONDS"].flatMap(Double.init) ?? 10

        @Test func nobodyReadsForLongUnderLoad() throws {
            let container = try PipedContainer(services: Self.talkers)
            try container.waitUntilReady()
            var times: [Double] = []
            var most = Memory()
            let end = Date().addingTimeInterval(Self.stall)
            while Date() < end {
                let asked = DispatchTime.now().uptimeNanoseconds
                let answer = try container.get("/livez", timeout: 5)
                times.append(Double(DispatchTime.now().uptimeNanoseconds - asked) / 1e6)
                #expect(answer.status == 200)
                if times.count % 10 == 1 { most = most.larger(Memory(of: container.supervisor)) }
                usleep(50_000)
            }
            times.sort()
            let median = times[times.count / 2]
            let worst = times[times.count * 99 / 100]
            print(
                "nobody read for \(Self.stall) s: most anonymous \(most.anonymous) MiB, PSS \(most.proportional) MiB; "
                    + "/livez: median \(median) ms, 99 % within \(worst) ms")
            // Both of what it alone uses, and of what it shares with nobody here but counts for the container.
            #expect(most.anonymous > 0 && most.anonymous < 20 && most.proportional < 20, "\(most)")
            // The worst is the machine's as much as ours: other tests, other processes. It is bounded, not measured.
            #expect(median < 10 && worst < 200, "\(median) \(worst)")

            // The reader is back.
            try container.read(within: 60) { $0.contains("dropped: nobody read them in time") }
            let records = try container.records()
            let said = records.filter { $0.message.hasSuffix("dropped: nobody read them in time") }
            let dropped = said.compactMap { $0.message.split(separator: " ").first.flatMap { Int($0) } }.reduce(0, +)
            // Most of what was said: what waits is less than a second's worth at this rate, many times over.
            #expect(dropped > Int(Self.stall * 20_000 / 3), "\(said.map(\.message))")
            // Each service is told of.
            #expect((1...4).allSatisfy { number in said.contains { $0.text.contains("\"talker\(number)\":") } })
            // Nothing is torn or stands in another's line, and PID 1's own story is all there.
            for number in 1...4 {
                let counts = records.filter { $0.service == "talker\(number)" }.compactMap(\.count)
                #expect(counts.count > 100 && zip(counts, counts.dropFirst()).allSatisfy { $0 < $1 })
                #expect(records.contains { $0.service == "coxswain" && $0.message == "talker\(number) started" })
            }
            container.signal(SIGTERM)
            try container.read(within: 30) { $0.contains("coxswain exits") }
            #expect(try container.exitCode() == 0)
        }

        @Test func aGigabyteWithoutALineEnd() throws {
            let container = try PipedContainer(
                services: #"""
                    [service.writer]
                    command = ["/bin/sh", "-c", "tr '\\0' x < /dev/zero | head -c 1073741824; echo; echo the end; exec sleep 1000"]
                    """#)
            var most = Memory()
            try container.read(within: 120) { text in
                most = most.larger(Memory(of: container.supervisor))
                return text.contains("\"message\":\"the end\"")
            }
            #expect(most.anonymous < 20 && most.proportional < 20, "\(most)")
            let long = try container.records().filter { $0.service == "writer" && $0.message.hasPrefix("xxx") }
            #expect(long.last?.message.contains("bytes cut)") == true, "\(long.last?.message.suffix(100) ?? "")")
            #expect(long.allSatisfy { $0.message.utf8.count < 10_000 })
        }

        @Test func bytesOfEveryValue() throws {
            let container = try PipedContainer(
                services: #"""
                    [service.writer]
                    command = ["python3", "-c", """
                    import random, sys, time
                    out = sys.stdout.buffer
                    out.write(bytes(range(256)) * 40)
                    out.write(random.Random(4711).randbytes(1000000))
                    # Again and again: what comes in one burst may be dropped, since nobody has to read that fast.
                    for number in range(10000):
                        out.write(b'\\nthe end %d\\n' % number)
                        out.flush()
                        time.sleep(0.1)
                    """]
                    """#)
            try container.read(within: 60) { $0.contains("\"message\":\"the end ") }
            // Valid UTF-8 (or it would not be read), no control characters, and every line a record.
            let records = try container.records()
            #expect(records.count > 1000)
            #expect(!container.text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x7F })
            #expect(container.isWhole)
            #expect(try container.get("/livez").status == 200)
        }
    }
}

/// A container whose standard output is a pipe that nobody reads until the test does.
final class PipedContainer {
    private let container: Container
    private let reading: Int32
    private var bytes: [UInt8] = []

    init(services: String, environment: [String: String] = [:]) throws {
        container = try Container(services: services, environment: environment) { folder in
            mkfifo("\(folder.path)/output.pipe", 0o600)
            // For both directions, so that opening it waits for nobody.
            return ["/bin/sh", "-c", "exec \"$0\" \"$@\" 1<>\"\(folder.path)/output.pipe\""]
        }
        reading = open("\(container.folder.path)/output.pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    }

    deinit { close(reading) }

    var supervisor: Int32 { container.supervisor }
    /// What was read of its log.
    var text: String { String(decoding: bytes, as: UTF8.self) }
    /// Whether all of it is UTF-8.
    var isWhole: Bool { String(validating: bytes, as: UTF8.self) != nil }

    func get(_ target: String, timeout: Double = 5) throws -> HTTPExchange {
        try container.get(target, timeout: timeout)
    }
    func waitUntilReady() throws { try container.waitUntilReady() }
    func signal(_ number: Int32) { container.signal(number) }
    func exitCode(within seconds: Double = 40) throws -> Int32 { try container.exitCode(within: seconds) }

    /// Reads until what was read since the last look, and a little of what was before, satisfies the condition.
    func read(within seconds: Double, until isEnough: (String) -> Bool) throws {
        let end = Date().addingTimeInterval(seconds)
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var seen = max(0, bytes.count - 200)
        while Date() < end {
            let length = Foundation.read(reading, &chunk, chunk.count)
            if length > 0 { bytes += chunk[..<length] } else { usleep(2000) }
            if length < chunk.count {
                if isEnough(String(decoding: bytes[seen...], as: UTF8.self)) { return }
                seen = max(seen, bytes.count - 20_000)
            }
        }
        throw Trouble(description: "not said within \(seconds) s; the end of its log:\n\(text.suffix(4000))")
    }

    struct Trouble: Error, CustomStringConvertible { var description: String }

    struct Record: Decodable {
        var service: String
        var level: String
        var message: String
        var text = ""
        /// The number of a line of the talkers.
        var count: Int? {
            message.hasPrefix("line ") ? message.split(separator: " ").dropFirst().first.flatMap { Int($0) } : nil
        }
        private enum CodingKeys: CodingKey { case service, level, message }
    }

    /// Every line that is there whole; the last may not be.
    ///
    /// - Throws: for a line that is no record.
    func records() throws -> [Record] {
        try text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { line in
            do {
                var record = try JSONDecoder().decode(Record.self, from: Data(line.utf8))
                record.text = String(line)
                return record
            } catch {
                throw Trouble(description: "no record: \(line.prefix(500))")
            }
        }
    }
}

/// What a process uses, in MiB.
struct Memory {
    /// Its own pages that are in no file (RssAnon of proc(5)).
    var anonymous = 0.0
    /// Its share of all pages (Pss), its program's included.
    var proportional = 0.0

    init() {}

    init(of pid: Int32) {
        func kibibytes(_ file: String, _ key: String) -> Double {
            let text = (try? String(contentsOfFile: "/proc/\(pid)/\(file)", encoding: .utf8)) ?? ""
            let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
            return line.flatMap { $0.split(whereSeparator: \.isWhitespace).dropFirst().first }.flatMap { Double($0) }
                ?? 0
        }
        anonymous = kibibytes("status", "RssAnon:") / 1024
        proportional = kibibytes("smaps_rollup", "Pss:") / 1024
    }

    func larger(_ other: Memory) -> Memory {
        var most = self
        most.anonymous = max(anonymous, other.anonymous)
        most.proportional = max(proportional, other.proportional)
        return most
    }
}
