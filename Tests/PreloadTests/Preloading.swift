import Foundation
import TestSupport

/// The real program, with a hoster, a manifest and a folder for models.
final class Preloading {
    let hoster: Hoster
    let folder: TestFolder
    var model: ModelOnDisk

    static let name = "Test-VL-0.9B"
    static let repository = "Owner/Test-VL"

    struct Ended {
        var status: Int32
        var output: String
        /// Of the log.
        var messages: [String]
        var errors: String

        func says(_ text: String) -> Bool { errors.contains(text) }
    }

    /// - Parameter manifest: more lines of it.
    init(seed: UInt64 = 1, manifest: String = "", weightBytes: Int = 3 << 20) throws {
        hoster = try Hoster()
        folder = try TestFolder()
        model = ModelOnDisk(seed: seed, weightBytes: weightBytes)
        try model.write(to: "\(hoster.root)/models/\(Self.repository)")
        try FileManager.default.createDirectory(atPath: "\(folder.path)/manifests", withIntermediateDirectories: true)
        try folder.write(
            "manifests/test.toml",
            """
            name = "\(Self.name)"
            folder = "Test-VL"
            repository = "\(Self.repository)"
            revision = "main"
            archive = "\(hoster.url)/archives/Test-VL_infer.tar"
            required = ["config.json", "*.safetensors"]
            \(manifest)
            """)
    }

    var root: String { "\(folder.path)/models" }
    var path: String { "\(root)/Test-VL" }
    var isWhole: Bool { model.isWhole(in: path) }
    var isAbsent: Bool { !FileManager.default.fileExists(atPath: path) }

    /// What lies in the folder of models, hidden names too; without the lease, which stays.
    var names: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root).sorted()) ?? []
        return names.filter { $0 != ".Test-VL.lease" }
    }

    func environment(_ more: [String: String] = [:]) -> [String: String] {
        var variables = [
            "PATH": "/usr/bin:/bin", "HOME": folder.path, "COXSWAIN_MODELS": Self.name, "COXSWAIN_MODEL_ROOT": root,
            "COXSWAIN_MODEL_MANIFESTS": "\(folder.path)/manifests", "HF_ENDPOINT": hoster.url,
            "COXSWAIN_MODEL_SOURCES": "huggingface",
        ]
        variables.merge(more) { $1 }
        return variables
    }

    @discardableResult
    func run(
        _ arguments: [String] = ["fetch"], _ more: [String: String] = [:], wrapper: [String] = []
    ) throws -> Ended {
        let command = wrapper + [Programs.path("coxswain-preload")] + arguments
        let result = try Shell.run(command[0], Array(command.dropFirst()), environment: environment(more))
        return Ended(
            status: result.status, output: result.output, messages: Self.messages(result.errors), errors: result.errors)
    }

    /// Starts it and leaves it alone.
    func start(_ arguments: [String] = ["fetch"], _ more: [String: String] = [:], log: String = "log") throws -> Process
    {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Programs.path("coxswain-preload"))
        process.arguments = arguments
        process.environment = environment(more)
        let file = "\(folder.path)/\(log)"
        _ = FileManager.default.createFile(atPath: file, contents: nil)
        process.standardError = FileHandle(forWritingAtPath: file)
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return process
    }

    func log(_ name: String = "log") -> String {
        (try? String(contentsOfFile: "\(folder.path)/\(name)", encoding: .utf8)) ?? ""
    }

    static func messages(_ log: String) -> [String] {
        log.split(separator: "\n").compactMap { line in
            (try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["message"] as? String
        }
    }

    /// Packs the model as vendors do.
    func archive() throws {
        try FileManager.default.createDirectory(
            atPath: "\(hoster.root)/archives", withIntermediateDirectories: true)
        let packed = try TestFolder()
        try model.write(to: "\(packed.path)/Test-VL_infer")
        try Shell.run("tar", ["-C", packed.path, "-cf", "\(hoster.root)/archives/Test-VL_infer.tar", "Test-VL_infer"])
    }
}
