import Foundation
import OperatorLog
import TestSupport
import Testing

/// What comes out when the logs of a real vLLM are played through: `Records/NAME.jsonl` holds each record as it is written.
///
/// `COXSWAIN_WRITE_RECORDS=1 swift test …` writes these files anew; read the difference before it is committed.
@Suite struct RealLogTests {
    private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    private func play(_ name: String) throws -> (records: [Record], probes: Int) {
        var reader = RecordReader(service: "engine", format: "vllm")
        var filter = RepeatFilter()
        let redaction = Redaction(secrets: [])
        var records: [Record] = []
        func pass(_ read: [Record]) {
            for record in read { records += filter.pass(redaction.apply(record)) }
        }
        var last = 0.0
        for (index, line) in try RecordedLog(name, tests: Self.tests).lines.enumerated() {
            // Where the recorder wrote no times, one line after another.
            let time = line.time > 0 ? line.time : Double(index) * 0.005
            // As a timer would.
            while let due = reader.waitsUntil, due <= time { pass(reader.tick(at: due)) }
            while let due = filter.waitsUntil, due <= time { records += filter.tick(at: due) }
            pass(reader.read(line.text, at: time))
            last = time
        }
        pass(reader.finish(at: last))
        records += filter.finish(at: last)
        return (records, reader.droppedProbeLines)
    }

    @Test(arguments: RecordedLog.names) func eachRecordIsTheOneOneWants(name: String) throws {
        let file = Self.tests.appending(path: "OperatorLogTests/Records/\(name).jsonl")
        let lines = try play(name).records.map { RecordFormat.json.line(for: $0) }
        if ProcessInfo.processInfo.environment["COXSWAIN_WRITE_RECORDS"] != nil {
            try Data(lines.joined().utf8).write(to: file)
        }
        let wanted = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { $0 + "\n" }
        #expect(lines.count == wanted.count)
        for (line, wanted) in zip(lines, wanted) { #expect(line == String(wanted)) }
    }

    /// The errors that each log tells, in order.
    static let errors: [(name: String, errors: [String], warnings: Int)] = [
        ("startup", [], 18),
        ("bad-model-path", ["huggingface_hub.errors.HFValidationError: Repo id must be"], 1),
        ("port-in-use", ["OSError: [Errno 98] Address already in use"], 0),
        (
            "maxlen-too-big",
            [
                "pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig: Value error, User-specified "
                    + "max_model_len (999999) is greater"
            ], 1
        ),
        ("sigterm-mid", ["KeyboardInterrupt: terminated"], 6),
        ("sigterm-drain", ["Exception in ASGI application", "RuntimeError: cannot schedule new futures"], 23),
        (
            "kill9-worker",
            [
                "Worker proc VllmWorker-0 died unexpectedly", "EngineCore encountered a fatal error.",
                "AsyncLLM output_handler failed.", "RuntimeError: Executor failed.",
                "vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered", "RuntimeError: Executor failed.",
            ], 22
        ),
        (
            "not-enough-memory",
            [
                "WorkerProc failed to start.", "EngineCore failed to start.",
                "ValueError: Available memory on node 0 (6.0/8.34 GiB)", "Exception: WorkerProc initialization failed",
                "Exception: WorkerProc initialization failed", "RuntimeError: Engine core initialization failed.",
            ], 7
        ),
    ]

    @Test(arguments: errors) func errorsAreOneRecordEach(name: String, errors: [String], warnings: Int) throws {
        let records = try play(name).records
        let told = records.filter { $0.level == .error }
        #expect(told.count == errors.count)
        for (record, error) in zip(told, errors) { #expect(record.message.hasPrefix(error)) }
        #expect(records.filter { $0.level == .warning }.count == warnings)
    }

    @Test(arguments: RecordedLog.names) func noFrontIsLeft(name: String) throws {
        for record in try play(name).records {
            #expect(!record.message.contains(" pid=") || record.message.contains("sub process"))
            #expect(
                !record.message.hasPrefix("INFO") && !record.message.hasPrefix("(")
                    && !record.message.contains("Traceback (most"))
            #expect(!record.message.contains("HTTP/1.1"))
        }
    }

    @Test func probesAreDropped() throws {
        #expect(try play("startup").probes == 3)
        #expect(try play("bad-model-path").probes == 0)
    }
}
