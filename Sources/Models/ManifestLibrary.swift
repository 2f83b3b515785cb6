import Glibc
import Readable

extension ModelManifest {
    /// Those of `etc/models`, so that a container works without any file; by name.
    package static let builtIn: [ModelManifest] = [
        PackageResources.PP_DocLayoutV2_toml, PackageResources.PP_DocLayoutV3_toml,
        PackageResources.PaddleOCR_VL_0_9B_toml, PackageResources.PaddleOCR_VL_1_5_0_9B_toml,
        PackageResources.PaddleOCR_VL_1_6_0_9B_toml,
    ].compactMap {
        // A test reads them all: one that is wrong does not get as far as here.
        try? ModelManifest(toml: String(decoding: $0, as: UTF8.self), file: "models/ (built in)")
    }

    /// The manifest of what somebody calls a model: one of the user's, else a built-in one.
    ///
    /// - Parameters:
    ///   - name: its name, folder or one of its aliases.
    ///   - folder: of the user's manifests, `*.toml`; nil, or one that is not there, where there are none.
    /// - Returns: nil where nothing is called that.
    package static func named(_ name: String, folder: String?) throws(ManifestProblem) -> ModelManifest? {
        let own = try folder.map { path throws(ManifestProblem) in try users(in: path) } ?? []
        return find(name, in: own) ?? find(name, in: builtIn)
    }

    /// All that can be named: the user's, and those of the built in whose name none of the user's has.
    package static func all(folder: String?) throws(ManifestProblem) -> [ModelManifest] {
        let own = try folder.map { path throws(ManifestProblem) in try users(in: path) } ?? []
        return (own + builtIn.filter { one in !own.contains { $0.isCalled(one.name) } }).sorted { $0.name < $1.name }
    }

    /// For a message about a name that nothing has: what was probably meant, or what there is.
    package static func hint(_ name: String, folder: String?) -> String {
        let known = (try? all(folder: folder)) ?? builtIn
        // Any name may have been meant; all of them would be too many to list.
        if let near = NearestWord.find(name, among: known.flatMap { [$0.name, $0.folder] + $0.aliases }) {
            return "did you mean `\(near)`?"
        }
        return NearestWord.hint(name, among: known.map(\.name))
    }

    /// An exact name beats an alias.
    private static func find(_ name: String, in manifests: [ModelManifest]) -> ModelManifest? {
        manifests.first { $0.name == name } ?? manifests.first { $0.folder == name }
            ?? manifests.first { $0.isCalled(name) }
    }

    /// In bytes: twenty thousand files with their hashes are four million.
    private static let longestFile = 8 << 20

    private static func users(in folder: String) throws(ManifestProblem) -> [ModelManifest] {
        let names: [String]
        do throws(FileFailure) {
            names = try FolderListing.names(in: folder).filter { $0.hasSuffix(".toml") && !$0.hasPrefix(".") }.sorted()
        } catch {
            if error.code == ENOENT { return [] }
            throw ManifestProblem(file: folder, message: "the folder of manifests cannot be read: \(error)")
        }
        var manifests: [ModelManifest] = []
        for name in names {
            let path = "\(folder)/\(name)"
            let bytes: [UInt8]
            do throws(FileFailure) {
                bytes = try SmallFile.read(path, atMost: longestFile)
            } catch {
                throw ManifestProblem(file: path, message: "the manifest cannot be read: \(error)")
            }
            // A replacement character would hide what is wrong, and where.
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw ManifestProblem(file: path, message: "the manifest is no UTF-8")
            }
            manifests.append(try ModelManifest(toml: text, file: path))
        }
        return manifests
    }
}
