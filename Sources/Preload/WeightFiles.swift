import Glibc
package import Models

/// The files of a model in the order in which an engine reads them.
package enum WeightFiles {
    /// Paths: small files, which come first and decide what is done with the large ones, then those by name. Those that are
    /// there; none for a folder that is not complete, which nobody will read.
    package static func inOrder(_ folder: ModelFolder) -> [String] {
        guard case .complete(let evidence) = folder.check(hash: nil) else { return [] }
        let small: Int64 = 16 << 20
        return evidence.files.sorted { left, right in
            (left.size >= small ? 1 : 0, left.path) < (right.size >= small ? 1 : 0, right.path)
        }.map { "\(folder.path)/\($0.path)" }
    }
}
