import FoundationEssentials
import Glibc

/// What a file says of itself, where nobody else says what it should be.
enum FileStructure {
    struct Finding: Equatable {
        var problem: FileProblem.Kind?
        /// Other files that must be there for this one to be of use; by their paths in the folder.
        var names: [String] = []
        var proof: ModelEvidence.Proof = .presence
    }

    /// In bytes: a pointer of git-lfs has less (its specification: under 1024).
    private static let longestPointer: Int64 = 1024
    /// In bytes: tokenizers have some tens of millions.
    private static let longestJSON: Int64 = 256 << 20

    /// - Parameters:
    ///   - path: in the folder.
    ///   - mustHaveContent: whether it is of no use when it is empty.
    static func look(at path: String, in folder: String, size: Int64, mustHaveContent: Bool) -> Finding {
        do throws(FileFailure) {
            let full = "\(folder)/\(path)"
            let isTensors = path.hasSuffix(".safetensors")
            let isJSON = path.hasSuffix(".json")
            if size == 0 {
                return Finding(problem: isTensors || isJSON || isWeights(path) || mustHaveContent ? .empty : nil)
            }
            if size <= longestPointer {
                let bytes = try SmallFile.read(full, atMost: Int(longestPointer))
                if bytes.starts(with: "version https://git-lfs".utf8) { return Finding(problem: .pointer) }
            }
            if isTensors {
                if let problem = try SafetensorsHeader.problem(full, size: size) {
                    return Finding(problem: .damaged(problem))
                }
                return Finding(proof: .structure)
            }
            if isJSON, size <= longestJSON {
                let bytes = try SmallFile.read(full, atMost: Int(longestJSON))
                guard JSONSyntax.isWhole(bytes) else {
                    return Finding(problem: .damaged("is no whole JSON: it was cut off or overwritten"))
                }
                if path.hasSuffix(".safetensors.index.json") { return shards(bytes, of: path) }
                return Finding(proof: .structure)
            }
            return Finding()
        } catch {
            return Finding(problem: .unreadable(error.code))
        }
    }

    private struct Index: Decodable {
        var weights: [String: String]

        enum CodingKeys: String, CodingKey { case weights = "weight_map" }
    }

    /// The files that hold the tensors of an index.
    private static func shards(_ bytes: [UInt8], of path: String) -> Finding {
        guard let index = try? JSONDecoder().decode(Index.self, from: Data(bytes)) else {
            return Finding(problem: .damaged("names no weight_map"))
        }
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
        var names: Set<String> = []
        for name in Set(index.weights.values) {
            if let problem = ModelPath.problem(name) { return Finding(problem: .damaged("names a file: \(problem)")) }
            names.insert(folder + name)
        }
        return Finding(names: names.sorted(), proof: .structure)
    }

    /// Weights in forms that do not say how long they are.
    private static func isWeights(_ path: String) -> Bool {
        [".pdiparams", ".pdmodel", ".onnx", ".bin", ".pt", ".pth", ".gguf", ".model", ".yml", ".yaml"].contains {
            path.hasSuffix($0)
        }
    }
}
