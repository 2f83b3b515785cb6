import FoundationEssentials
import Glibc

/// What stands in a folder's stamp: what its files were when all of them had been checked.
struct FolderStamp: Codable, Equatable {
    struct File: Codable, Equatable {
        var path: String
        /// In bytes.
        var size: Int64
        /// Of its last change, in nanoseconds since 1970.
        var modified: Int64
        var sha256: String?
    }

    var version = 1
    /// ``ModelManifest/fingerprint`` of the manifest that the files were checked against.
    var manifest: String
    var revision: String
    var source: String
    var files: [File]

    /// In bytes: twenty thousand files are about four million.
    static let longest = 16 << 20

    /// - Returns: nil where there is none, or none that can be believed.
    static func read(in folder: String) -> FolderStamp? {
        guard let bytes = try? SmallFile.read("\(folder)/\(ModelFolder.stampName)", atMost: longest),
            let stamp = try? JSONDecoder().decode(FolderStamp.self, from: Data(bytes)), stamp.version == 1
        else { return nil }
        // Whoever can write here can write anything; but nothing outside of the folder is looked at for it.
        var seen: Set<String> = []
        let isSafe = stamp.files.allSatisfy { file in
            ModelPath.problem(file.path) == nil && file.size >= 0 && seen.insert(file.path).inserted
                && file.sha256.map(Hexadecimal.isDigest) != false
        }
        return isSafe && !stamp.files.isEmpty ? stamp : nil
    }

    func write(in folder: String) throws(FileFailure) {
        let path = "\(folder)/\(ModelFolder.stampName)"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { throw FileFailure("write", path, code: EINVAL) }
        try SmallFile.write(Array(data) + [UInt8(ascii: "\n")], to: path)
    }
}
