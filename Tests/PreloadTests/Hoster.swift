import Foundation
import Synchronization
import TestSupport

/// `hoster.py` and the folder that it serves.
final class Hoster {
    let folder: TestFolder
    let port: Int
    private let process = Process()
    private let input = Pipe()

    struct Request {
        var path: String
        var query: [String: String]
        var status: Int
        var headers: [String: String]
        /// First byte of a range.
        var first: Int
        /// Bytes of the body.
        var sent: Int
    }

    struct CannotStart: Error {}

    init() throws {
        folder = try TestFolder()
        try FileManager.default.createDirectory(atPath: "\(folder.path)/root", withIntermediateDirectories: true)
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("hoster.py")
            .path
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", script, "\(folder.path)/root", "--plan", "\(folder.path)/plan", "--record",
            "\(folder.path)/record",
        ]
        let output = Pipe()
        process.standardOutput = output
        // Its end ends the hoster, even if this process is killed.
        process.standardInput = input
        try process.run()
        let line = output.fileHandleForReading.availableData
        guard let port = Int(String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
        else {
            throw CannotStart()
        }
        self.port = port
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var root: String { "\(folder.path)/root" }

    /// Written whole: the hoster reads it at any time.
    func plan(_ plan: [String: Any]) throws {
        let data = try JSONSerialization.data(withJSONObject: plan)
        try data.write(to: URL(fileURLWithPath: "\(folder.path)/plan"), options: .atomic)
    }

    func rules(_ rules: [String: Any]...) throws { try plan(["rules": rules]) }

    /// All requests that have ended.
    func requests() -> [Request] {
        let text = (try? String(contentsOfFile: "\(folder.path)/record", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            guard let row = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
                return nil
            }
            return Request(
                path: row["path"] as? String ?? "", query: row["query"] as? [String: String] ?? [:],
                status: row["status"] as? Int ?? 0, headers: row["headers"] as? [String: String] ?? [:],
                first: row["from"] as? Int ?? 0, sent: row["sent"] as? Int ?? 0)
        }
    }

    func forgetRequests() { try? FileManager.default.removeItem(atPath: "\(folder.path)/record") }

    /// Bytes of weights and other files, without the answers of an API.
    var bytesSent: Int { requests().reduce(0) { $0 + $1.sent } }
}

/// A small model of the real form.
struct ModelOnDisk {
    var files: [String: Data]

    /// Two weights with an index, and what belongs to them: some megabytes, the same for the same seed.
    init(seed: UInt64 = 1, weightBytes: Int = 3 << 20) {
        let key = "\(seed) \(weightBytes)"
        if let made = Self.made.withLock({ $0[key] }) {
            files = made
            return
        }
        var random = TestRandom(seed: seed)
        files = [
            "config.json": Data(#"{"model_type":"paddleocr_vl","seed":\#(seed)}"#.utf8),
            "tokenizer.json": Data(#"{"model":{"vocab":"\#(String(repeating: "ab", count: 40_000))"}}"#.utf8),
            "model-00001-of-00002.safetensors": Self.tensors("a", weightBytes, &random),
            "model-00002-of-00002.safetensors": Self.tensors("b", weightBytes / 2, &random),
            "model.safetensors.index.json": Data(
                #"{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}"#.utf8),
            "processor/chat.jinja": Data("{{ text }}\n".utf8),
        ]
        let files = files
        Self.made.withLock { $0[key] = files }
    }

    /// Most tests have the same one.
    private static let made = Mutex<[String: [String: Data]]>([:])

    private static func tensors(_ name: String, _ count: Int, _ random: inout TestRandom) -> Data {
        var header = Data(#"{"\#(name)":{"dtype":"U8","shape":[\#(count)],"data_offsets":[0,\#(count)]}}"#.utf8)
        while header.count % 8 != 0 { header.append(0x20) }
        var data = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) }
        data += header
        var words = (0..<(count + 7) / 8).map { _ in random.next() }
        data += words.withUnsafeMutableBytes { Data($0.prefix(count)) }
        return data
    }

    var bytes: Int { files.values.reduce(0) { $0 + $1.count } }

    func write(to folder: String) throws {
        for (path, data) in files {
            let url = URL(fileURLWithPath: "\(folder)/\(path)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try data.write(to: url)
        }
    }

    /// Whether a folder holds exactly this, hidden files apart.
    func isWhole(in folder: String) -> Bool {
        guard let names = FileManager.default.subpaths(atPath: folder) else { return false }
        let present = names.filter { name in
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder)
            return !isFolder.boolValue && !name.hasPrefix(".")
        }
        return Set(present) == Set(files.keys)
            && files.allSatisfy { FileManager.default.contents(atPath: "\(folder)/\($0.key)") == $0.value }
    }
}
