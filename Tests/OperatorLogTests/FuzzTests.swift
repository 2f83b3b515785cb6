import FoundationEssentials
import OperatorLog
import TestSupport
import Testing

/// Whatever bytes come in, records come out that are safe to show.
@Suite struct FuzzTests {
    private static let pieces: [String] = [
        "Traceback (most recent call last):\n", "  File \"a.py\", line 1, in f\n", "ValueError: no\n",
        "(EngineCore pid=9) ", "ERROR 11-22 10:00:00 [core.py:12] ",
        "{\"message\":\"", "\",\"n\":1}\n", "{", "}", "[", "\"", "\\u00e9", "\u{1B}[31m", "\u{1B}]0;", "\u{7}", "\r",
        "\n", "\n", "é", "\u{202E}", "😀",
        "INFO:     1.2.3.4:5 - \"GET /health HTTP/1.1\" 200 OK\n",
        "During handling of the above exception, another exception occurred:\n", " ", "  ", "%| 5/10 ",
        "50%|█████     | 5/10 [00:01<00:01]\r", "'content': '", "input_value=", "data:image/png;base64,iVBOR",
        "/out/x.pdf", "password=", "https://a:b@c/", "-----BEGIN PRIVATE KEY-----\n",
        "[W1122 10:00:00.1 a.cpp:1] ", "2026-11-22 10:00:00,123 - ", "thread 'x' panicked at a:\n",
        "terminate called after x\n", "frame #0: f\n", "  + Exception Group Traceback (most recent call last):\n",
        "  | ", "[rank0]: ", "Fatal Python error: x\n", "canary-1", "sk-", "eyJ", "=", ":", ".", "://",
        "Received request ",
    ]

    private static func input(_ random: inout TestRandom) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...120, using: &random) {
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                bytes += (0..<Int.random(in: 1...30, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            case 1:
                bytes += repeatElement(
                    UInt8.random(in: 32...126, using: &random), count: Int.random(in: 1...700, using: &random))
            default: bytes += Array((pieces.randomElement(using: &random) ?? "").utf8)
            }
        }
        return bytes
    }

    /// - Parameter chunks: sizes of the pieces in which the bytes come, over and over.
    private static func records(_ bytes: [UInt8], chunks: [Int]) -> [Record] {
        var splitter = LineSplitter(limit: 512)
        var reader = RecordReader(service: "x", format: "vllm")
        var lines: [String] = []
        var (start, turn) = (0, 0)
        while start < bytes.count {
            let end = min(bytes.count, start + chunks[turn % chunks.count])
            lines += splitter.feed(bytes[start..<end])
            (start, turn) = (end, turn + 1)
        }
        if let rest = splitter.finish() { lines.append(rest) }
        return lines.flatMap { reader.read($0, at: 0) } + reader.finish(at: 0)
    }

    @Test(arguments: 0..<300) func anyBytes(seed: UInt64) throws {
        var random = TestRandom(seed: seed)
        let bytes = Self.input(&random)
        let records = Self.records(bytes, chunks: [bytes.count])
        let redaction = Redaction(secrets: ["canary-1"])
        var filter = RepeatFilter()
        for chunks in [[1], [2, 7, 1], [64]] { #expect(Self.records(bytes, chunks: chunks) == records) }
        for record in records.map(redaction.apply).flatMap({ filter.pass($0) }) + filter.finish(at: 0) {
            #expect(!record.message.contains("canary-1"))
            let json = RecordFormat.json.line(for: record)
            #expect(json.utf8.count < 40_000)
            #expect(json.unicodeScalars.dropLast().allSatisfy(Self.isSafe), "\(json)")
            _ = try JSONDecoder().decode(Message.self, from: Data(json.utf8))
            let console = RecordFormat.console.line(for: record)
            #expect(console.unicodeScalars.allSatisfy { Self.isSafe($0) || $0 == "\n" || $0 == "\t" }, "\(console)")
        }
    }

    private struct Message: Decodable { var message: String }

    private static func isSafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF: false
        default: true
        }
    }
}
