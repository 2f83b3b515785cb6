import Foundation
import Models
import TestSupport

/// Files as hosters have them, in folders of tests.
enum Folders {
    static func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
        let url = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    static func write(_ text: String, to path: String) throws { try write(text.utf8, to: path) }

    /// With one tensor of this many bytes.
    static func safetensors(bytes: Int, header: String? = nil) -> [UInt8] {
        let header =
            header ?? """
                {"__metadata__":{"format":"pt","data_offsets":"x"},"w":{"dtype":"U8","shape":[\(bytes)],"data_offsets":[0,\(bytes)]}}
                """
        let length = UInt64(header.utf8.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8)
            + (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    }

    static let manifest = ModelManifest(
        name: "M-0.9B", folder: "M", required: ["config.json", "*.safetensors", "tokenizer*"], ignore: ["*.md"])

    /// What a hoster's repository would make of it.
    static func whole(in root: String) throws -> ModelFolder {
        let folder = ModelFolder(root: root, manifest: manifest)
        try write(#"{"a": [1, 2.5e3, NaN, "x\"y"], "b": {}}"#, to: "\(folder.path)/config.json")
        try write(safetensors(bytes: 1000), to: "\(folder.path)/model.safetensors")
        try write("[]", to: "\(folder.path)/tokenizer.json")
        try write("", to: "\(folder.path)/__init__.py")
        return folder
    }

    static func setModified(_ path: String, seconds: Int, nanoseconds: Int) {
        var times = [timespec(tv_sec: seconds, tv_nsec: nanoseconds), timespec(tv_sec: seconds, tv_nsec: nanoseconds)]
        utimensat(AT_FDCWD, path, &times, 0)
    }
}

extension ModelFolder.Check {
    var problems: [String] {
        switch self {
        case .complete: []
        case .absent: ["absent"]
        case .incomplete(let problems): problems.map(\.description)
        }
    }

    var evidence: ModelEvidence? { if case .complete(let evidence) = self { evidence } else { nil } }
}
