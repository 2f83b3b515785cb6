import OperatorLog
import TestSupport
import Testing

@Suite struct RepeatFilterTests {
    private func record(_ message: String, _ time: Double, _ level: Record.Level = .info, _ fields: [Record.Field] = [])
        -> Record
    {
        Record(time: time, level: level, service: "x", message: message, fields: fields)
    }

    private func told(_ records: [Record]) -> [String] {
        records.map { record in
            if case .integer(let count) = record.fields.first(where: { $0.name == "repeated" })?.value {
                "\(record.message)×\(count)"
            } else {
                record.message
            }
        }
    }

    @Test func aThousandTimesAreTwoRecords() {
        var filter = RepeatFilter()
        var records: [Record] = []
        for index in 0..<1000 { records += filter.pass(record("same", Double(index) / 2000)) }
        records += filter.pass(record("other", 0.6))
        #expect(told(records) == ["same", "same×999", "other"])
        #expect(
            records[1].time == 999.0 / 2000
                && records[1].fields.last == Record.Field("repeated_seconds", .number(0.499)))
        #expect(filter.waitsUntil == nil && filter.finish(at: 1) == [])
    }

    @Test func linesThatTakeTurnsToo() {
        var filter = RepeatFilter()
        var records: [Record] = []
        for index in 0..<300 { records += filter.pass(record(["a", "b", "c"][index % 3], Double(index) / 1000)) }
        records += filter.finish(at: 1)
        #expect(told(records) == ["a", "b", "c", "a×99", "b×99", "c×99"])
    }

    @Test func whileItGoesOnItIsToldEveryTenSeconds() {
        var filter = RepeatFilter()
        var times: [Double] = []
        var count = 0
        for index in 0...6000 {
            for record in filter.pass(record("same", Double(index) / 100)) {
                times.append(record.time)
                if case .integer(let repeated) = record.fields.first?.value { count += repeated } else { count += 1 }
            }
        }
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 <= 10.02 } && times.count < 12)
        for case .integer(let repeated)? in filter.finish(at: 61).map({ $0.fields.first?.value }) { count += repeated }
        #expect(count == 6001)
    }

    @Test func whatIsHeldBackIsToldInTime() throws {
        var filter = RepeatFilter()
        #expect(filter.pass(record("same", 5)).count == 1 && filter.waitsUntil == nil)
        #expect(filter.pass(record("same", 5.5)) == [] && filter.pass(record("same", 5.75)) == [])
        let due = try #require(filter.waitsUntil)
        #expect(due > 5.5 && due <= 15.5 && filter.tick(at: due - 0.1) == [])
        #expect(told(filter.tick(at: due)) == ["same×2"] && filter.waitsUntil == nil)
    }

    @Test func oneRepetitionIsToldAsItIs() {
        var filter = RepeatFilter()
        let records = filter.pass(record("a", 0)) + filter.pass(record("a", 1)) + filter.pass(record("b", 1.5))
        #expect(records == [record("a", 0), record("a", 1), record("b", 1.5)])
    }

    @Test func theFirstIsNeverHeldBack() {
        var filter = RepeatFilter()
        for index in 0..<100 {
            #expect(told(filter.pass(record("error \(index)", 0, .error))) == ["error \(index)"])
        }
    }

    @Test func anythingThatDiffersIsAnotherLine() {
        var filter = RepeatFilter()
        var other = record("a 1", 0)
        other.pid = 3
        let records = [
            record("a 1", 0), record("a 2", 0), record("a 1", 0, .warning), other,
            record("a 1", 0, .info, [Record.Field("n", .integer(1))]),
            record("a 1", 0, .info, [Record.Field("n", .number(1))]), record("e\u{301}", 0), record("é", 0),
        ]
        #expect(records.flatMap { filter.pass($0) } == records)
    }

    @Test func whatCameLongAgoIsNew() {
        var filter = RepeatFilter()
        #expect(
            told(filter.pass(record("a", 0)) + filter.pass(record("a", 30)) + filter.pass(record("a", 60))) == [
                "a", "a", "a",
            ])
    }

    @Test func aClockThatGoesBackDelaysNothing() {
        var filter = RepeatFilter()
        _ = filter.pass(record("a", 1000)) + filter.pass(record("a", 1000.5))
        #expect(told(filter.tick(at: 10)) == ["a"])
        #expect(told(filter.pass(record("a", 11))) == ["a"])
    }

    /// Whatever comes, every line is told or counted, and the order of the first ones is kept.
    @Test(arguments: 0..<20) func nothingIsLost(seed: UInt64) {
        var random = TestRandom(seed: seed)
        var filter = RepeatFilter()
        var time = 0.0
        var sent: [String: Int] = [:]
        var counted: [String: Int] = [:]
        func count(_ records: [Record]) {
            for record in records {
                if case .integer(let repeated) = record.fields.first?.value {
                    counted[record.message, default: 0] += repeated
                } else {
                    counted[record.message, default: 0] += 1
                }
            }
        }
        for _ in 0..<3000 {
            time += Double.random(in: -0.5...2, using: &random) * (Bool.random(using: &random) ? 0.01 : 1)
            let message = "line \(Int.random(in: 0..<Int.random(in: 1...14, using: &random), using: &random))"
            sent[message, default: 0] += 1
            count(filter.pass(record(message, time)))
            if Int.random(in: 0..<5, using: &random) == 0 { count(filter.tick(at: time)) }
        }
        count(filter.finish(at: time))
        #expect(sent == counted)
    }
}
